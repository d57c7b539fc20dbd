/** JSON from outside, on its way into the database. */

/** Levels of lists and objects in one another. */
const DEEPEST = 50

/** Whether it goes no deeper than is sensible; told apart without recursion, since nothing else bounds it. */
export const isShallow = (value: unknown): boolean => {
  let level: unknown[] = [value]
  for (let depth = 0; depth <= DEEPEST; depth += 1) {
    level = level.flatMap((one) => typeof one === 'object' && one !== null ? Object.values(one) as unknown[] : [])
    if (level.length === 0) return true
  }
  return false
}

/** Without what PostgreSQL keeps in no text: NUL goes, half a surrogate pair becomes the sign for an unreadable character. */
export const plainText = (text: string): string => text.replaceAll('\0', '').replace(/\p{Cs}/gu, '\ufffd')

/** A copy of it, every text plain. Ask `isShallow` first. */
export const plainJson = <T>(value: T): T => {
  if (typeof value === 'string') return plainText(value) as T
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plainJson) as T
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [plainText(name), plainJson(one as unknown)])) as T
}
