/** Characters that the model reads at once: its time and memory grow with their square. */
const LONGEST = 2_000

/** Cuts a text into pieces that the model can read, at white space where there is some. Never empty: nothing is read as a full stop. */
export const windows = (text: string): string[] => {
  const words = text.replace(/\s+/g, ' ').trim()
  const pieces = words.match(new RegExp(`\\S.{0,${LONGEST - 2}}\\S(?= |$)|\\S.{0,${LONGEST - 1}}`, 'gu')) ?? []
  return pieces.length === 0 ? ['.'] : pieces
}
