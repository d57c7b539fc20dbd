/** A text as sentences, in any language. */

/** UTF-16 units of a sentence: of a table or a text without stops, a part has to do. */
const LONGEST = 400
let segmenter: Intl.Segmenter | undefined
/** Made once, when something is quoted: its rules take a while to load. */
const segmentsOf = (line: string): Intl.Segments => (segmenter ??= new Intl.Segmenter(undefined, { granularity: 'sentence' })).segment(line)

// A line that was broken to fit a page goes on in the next; a list, a heading, a table and a finished sentence do not.
const starts = /^\s*(?:[-*+•>|#]|\d+[.)、]\s)/u
const stops = /[.!?…:;。！？；：|]["'”’」』)）]*\s*$/u
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]$/u

const linesOf = (text: string): string[] => {
  const lines: string[] = []
  let open = false
  for (const line of text.split(/\r\n?|\n/)) {
    const before = lines.at(-1) ?? ''
    if (open && line.trim() !== '' && !starts.test(line) && !stops.test(before) && !before.startsWith('#')) {
      lines[lines.length - 1] = `${before}${unspaced.test(before) ? '' : ' '}${line.trim()}`
    } else if (line.trim() !== '') lines.push(line.trim())
    open = line.trim() !== ''
  }
  return lines
}

const shortened = (sentence: string): string[] => {
  const parts: string[] = []
  let rest = sentence
  while (rest.length > LONGEST) {
    const space = rest.lastIndexOf(' ', LONGEST)
    // Not between the two halves of a character.
    const at = space > LONGEST / 2 ? space : /[\ud800-\udbff]/.test(rest[LONGEST - 1] ?? '') ? LONGEST - 1 : LONGEST
    parts.push(rest.slice(0, at).trim())
    rest = rest.slice(at).trim()
  }
  return [...parts, rest]
}

// Marks of a list, a quotation or a heading say nothing of what the sentence says.
const bare = (sentence: string): string => sentence.replace(/^(?:[-*+•>|#]+\s+)+/u, '').trim()

// After these a sentence goes on, whatever follows.
const abbreviation = /(?:^|[\s(])(?:Mrs?|Ms|Dr|Prof|St|No|Nr|vs|approx|ca|bzw|e\.g|i\.e|z\.B)\.$/u
const cut = (line: string): string[] => {
  const parts: string[] = []
  for (const { segment } of segmentsOf(line)) {
    const before = parts.at(-1)
    if (before !== undefined && abbreviation.test(before)) parts[parts.length - 1] = `${before} ${segment.trim()}`
    else parts.push(segment.trim())
  }
  return parts
}

export const sentencesOf = (text: string): string[] => linesOf(text)
  .flatMap((line) => cut(line).map(bare)).filter((sentence) => /[\p{L}\p{N}]/u.test(sentence)).flatMap(shortened)
