/**
 * What the English model cannot read. To it every letter of another script is the same unknown piece, so that all Chinese texts would be
 * one and the same vector. Such letters are therefore hashed in pairs (K. Weinberger et al., "Feature hashing for large scale multitask
 * learning", ICML 2009): texts that share words come near each other, others stay far apart.
 */
const DIMENSIONS = 512
const letter = /[\p{L}\p{N}]/gu
const foreignRun = /(?:(?![\p{sc=Latin}\p{sc=Inherited}\p{sc=Common}])[\p{L}\p{M}])+/gu

export interface Foreign {
  /** Not of unit length; zero where there is nothing foreign. */
  readonly vector: Float32Array
  /** Of all letters and digits, 0..1. */
  readonly share: number
  readonly tokens: number
  /** The text without them. */
  readonly rest: string
}

export const foreignVector = (text: string): Foreign => {
  const vector = new Float32Array(DIMENSIONS)
  const normal = text.normalize('NFKC')
  const counts = new Map<string, number>()
  let letters = 0
  for (const [run] of normal.toLowerCase().matchAll(foreignRun)) {
    const characters = [...run]
    letters += characters.length
    characters.forEach((character, index) => {
      const pair = `${characters[index - 1] ?? ' '}${character}`
      counts.set(pair, (counts.get(pair) ?? 0) + 1)
    })
  }
  for (const [pair, count] of counts) {
    const hash = fnv1a(pair)
    const at = hash % DIMENSIONS
    vector[at] = (vector[at] as number) + (hash & 0x8000_0000 ? -1 : 1) * Math.sqrt(count)
  }
  const rest = letters === 0 ? normal : normal.replace(foreignRun, ' ')
  const others = rest.match(letter)?.length ?? 0
  return { vector, rest, share: letters === 0 ? 0 : letters / (letters + others), tokens: letters }
}

/** FNV-1a, 32 bit, with one more round of mixing so that high and low bits are both good. */
const fnv1a = (text: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
