/** Texts from elsewhere, made such as a database keeps them: without NUL and without halves of surrogate pairs. */
export const sound = (text: string): string => text.replaceAll('\0', '').replace(/\p{Cs}/gu, '\uFFFD')

/** The same of a text that comes in pieces, which may be cut within a character. */
export const soundPieces = () => {
  let half = ''
  return {
    take: (piece: string): string => {
      const text = half + piece
      half = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? ''
      return sound(text.slice(0, text.length - half.length))
    },
    rest: (): string => sound(half),
  }
}
/** Code points. */
export const lengthOf = (text: string): number => [...text].length
export const firstPoints = (text: string, count: number): string => [...text.slice(0, count * 2)].slice(0, count).join('')
