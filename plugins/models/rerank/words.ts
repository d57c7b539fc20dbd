/** What the lexical reranker sees of a text: its words in order, and what words of one kind have in common. */

export interface Word {
  /** Folded: NFKC, lower case. */
  readonly form: string
  /**
   * The first five letters, without a plural's s: a stem that needs no dictionary and fits most languages that write in letters
   * (P. McNamee and J. Mayfield, "Character n-gram tokenization for European language text retrieval", Information Retrieval 7, 2004).
   */
  readonly stem: string
}

/** Scripts that write no space between words: their runs are cut into overlapping pairs of characters instead. */
const unspaced = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\u30FC`
const word = new RegExp(String.raw`(?<run>[${unspaced}]+)|(?:(?![${unspaced}])[\p{L}\p{M}\p{N}])+`, 'gu')
const STEM = 5

export const words = (text: string): Word[] => {
  const all: Word[] = []
  for (const { 0: form, groups } of text.normalize('NFKC').toLowerCase().matchAll(word)) {
    if (groups?.['run'] === undefined) all.push({ form, stem: stemOf(form) })
    else all.push(...pairs(form).map((pair) => ({ form: pair, stem: pair })))
  }
  return all
}

const stemOf = (form: string): string => {
  const letters = [...form.slice(0, 2 * STEM)]
  return letters.length > STEM ? letters.slice(0, STEM).join('') : letters.length > 3 && /[^su]s$/.test(form) ? form.slice(0, -1) : form
}

const pairs = (run: string): string[] => {
  const characters = [...run]
  return characters.length === 1 ? characters : characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`)
}
