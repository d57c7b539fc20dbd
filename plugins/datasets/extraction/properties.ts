/** Java's .properties (the format is that of `java.util.Properties.load`): one `key = value` a line, comments left out. */
import { lines } from './lines.ts'
import { unreadable } from './unreadable.ts'

/** Characters of one entry, which is worked on at once, and nobody else has a turn meanwhile. */
const LONGEST = 500_000

const ESCAPED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }
const unescape = (text: string): string =>
  text.replace(/\\(?:u([0-9a-f]{4})|([^]))/gi, (_, code: string | undefined, sign: string) => code === undefined ? ESCAPED[sign] ?? sign : String.fromCharCode(parseInt(code, 16)))

/** A line that ends in an odd number of backslashes goes on in the next. Counted from the end: an expression would try every backslash before it too. */
const goesOn = (line: string): boolean => {
  let at = line.length
  while (at > 0 && line[at - 1] === '\\') at -= 1
  return (line.length - at) % 2 === 1
}

export const propertyLines = async function* (text: AsyncIterable<string>): AsyncGenerator<string> {
  let parts: string[] = []
  let length = 0
  for await (const line of lines(text)) {
    const rest = line.replace(/^[ \t\f]+/, '')
    if (parts.length === 0 && /^[#!]/.test(rest)) continue
    length += rest.length
    if (length > LONGEST) throw unreadable(`The file has an entry of more than ${LONGEST} characters. Make it shorter, or send the file as .txt.`)
    if (goesOn(rest)) { parts.push(rest.slice(0, -1)); continue }
    const shown = entry([...parts, rest].join(''))
    parts = []
    length = 0
    yield `${shown}\n`
  }
  if (parts.length > 0) yield `${entry(parts.join(''))}\n`
}

/** The key ends at the first `=`, `:` or blank that no backslash stands before. */
const entry = (line: string): string => {
  let end = 0
  while (end < line.length && !'=: \t\f'.includes(line.charAt(end))) end += line[end] === '\\' ? 2 : 1
  const key = unescape(line.slice(0, end))
  const value = unescape(line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, ''))
  return key === '' && value === '' ? '' : `${key} = ${value}`
}
