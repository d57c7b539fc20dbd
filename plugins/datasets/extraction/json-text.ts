/**
 * JSON (RFC 8259) as lines of `path: value`, read as it comes: nothing is kept but the path, and numbers stay as they are written. Several
 * values may follow each other, as in JSON Lines; a blank line stands between them, and between the elements of the outermost list.
 */
import { unreadable } from './unreadable.ts'

/** Deeper than anything that somebody wrote. */
const DEEPEST = 200
/** Pieces that a name may come in: each is a block of a file, or what stands between two escapes. */
const LONGEST_KEY = 10_000
/** Characters that come of one piece. Names are repeated for each value, so that few long ones make much of little. */
const MOST_AT_ONCE = 50_000_000
/** A name in an object, or a number in a list. */
interface Level { readonly isList: boolean; key: string; index: number }
type Expecting = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | 'next'

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const STRING_END = /["\\\n\r]/g
const SIMPLE = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/

export const jsonLines = async function* (text: AsyncIterable<string>, name: string): AsyncGenerator<string> {
  const reader = jsonReader(name)
  for await (const piece of text) {
    reader.write(piece)
    yield reader.take()
  }
  reader.end()
  yield reader.take()
}

const jsonReader = (name: string) => {
  const levels: Level[] = []
  let expecting: Expecting = 'value'
  let out: string[] = []
  let repeated = 0
  let begun = false
  /** Of a word that is not over: its text so far. */
  let word: string | undefined
  /** Of a string that is not over: where its text goes. That of a value is handed on as it comes. */
  let quoted: string[] | undefined
  let key: string[] | undefined
  let escape: string | undefined
  let line = 1

  const wrong = (what: string): Error =>
    unreadable(`"${name}" is not JSON: ${what} in line ${line}. Mend that and upload it again, or send it as .txt.`)
  const path = (): string => levels.map(({ isList, key, index }) => isList ? `[${index}]` : key).reduce((all, part) =>
    all === '' || part.startsWith('[') ? all + part : `${all}.${part}`, '')
  const say = (value: string): void => {
    const where = path()
    repeated += where.length
    if (repeated > MOST_AT_ONCE) throw unreadable(`"${name}" has long names that are to stand before each of many values. Shorten them, or send it as .txt.`)
    out.push(where === '' ? value : `${where}: ${value}`)
  }
  const beginValue = (sign: string): void => {
    if (expecting !== 'value' && expecting !== 'value or ]') throw wrong(`"${sign}" stands where ${expecting === 'next' ? 'a comma or an end' : expecting} belongs`)
    const [outer, inner] = levels
    if (outer === undefined ? begun : inner === undefined && outer.isList && outer.index > 0) out.push('\n')
    begun = true
  }
  const endValue = (): void => { expecting = levels.length === 0 ? 'value' : 'next' }
  const open = (isList: boolean): void => {
    beginValue(isList ? '[' : '{')
    if (levels.length === DEEPEST) throw unreadable(`"${name}" is nested more than ${DEEPEST} levels deep. Save it as plain text and send that.`)
    levels.push({ isList, key: '', index: 0 })
    expecting = isList ? 'value or ]' : 'key or }'
  }
  const close = (isList: boolean): void => {
    const level = levels.at(-1)
    const isEmpty = expecting === (isList ? 'value or ]' : 'key or }')
    if (level?.isList !== isList || expecting !== 'next' && !isEmpty) throw wrong(`"${isList ? ']' : '}'}" stands where something else belongs`)
    levels.pop()
    if (isEmpty && levels.length > 0) say(isList ? '[]\n' : '{}\n')
    endValue()
  }
  const comma = (): void => {
    const level = levels.at(-1)
    if (!level || expecting !== 'next') throw wrong('"," stands where something else belongs')
    level.index += 1
    expecting = level.isList ? 'value' : 'key'
  }
  const beginString = (): void => {
    if (expecting === 'key' || expecting === 'key or }') {
      quoted = key = []
      return
    }
    beginValue('"')
    say('')
    quoted = out
  }
  const endString = (): void => {
    quoted = undefined
    if (key) {
      const level = levels.at(-1)
      if (level) level.key = key.join('')
      key = undefined
      expecting = ':'
      return
    }
    out.push('\n')
    endValue()
  }
  const endWord = (): void => {
    if (word === undefined) return
    if (!SIMPLE.test(word)) throw wrong(`"${word.slice(0, 40)}" is no value`)
    beginValue(word)
    say(`${word}\n`)
    word = undefined
    endValue()
  }
  /** Inside of a string; returns how far it came. */
  const readString = (piece: string, from: number): number => {
    const parts = quoted as string[]
    if (key && key.length > LONGEST_KEY) throw wrong('a name is too long')
    let at = from
    while (at < piece.length) {
      if (escape !== undefined) {
        escape += piece.charAt(at)
        at += 1
        if (escape.startsWith('u')) {
          if (escape.length < 5) continue
          if (!/^u[0-9a-f]{4}$/i.test(escape)) throw wrong(`"\\${escape}" means nothing`)
          parts.push(String.fromCharCode(parseInt(escape.slice(1), 16)))
        } else {
          const sign = ESCAPES[escape]
          if (sign === undefined) throw wrong(`"\\${escape}" means nothing`)
          parts.push(sign)
        }
        escape = undefined
        continue
      }
      STRING_END.lastIndex = at
      const end = STRING_END.exec(piece)?.index ?? piece.length
      if (end > at) parts.push(piece.slice(at, end))
      at = end + 1
      if (end === piece.length) return end
      const sign = piece.charAt(end)
      if (sign === '\\') { escape = ''; continue }
      if (sign !== '"') throw wrong('a string goes on over the end of the line')
      endString()
      return at
    }
    return at
  }
  const readSign = (sign: string): void => {
    if (sign === '{' || sign === '[') open(sign === '[')
    else if (sign === '}' || sign === ']') close(sign === ']')
    else if (sign === ',') comma()
    else if (sign === '"') beginString()
    else if (sign === ':') {
      if (expecting !== ':') throw wrong('":" stands where something else belongs')
      expecting = 'value'
    } else word = sign
  }
  return {
    write: (piece: string): void => {
      for (let at = 0; at < piece.length;) {
        if (quoted) { at = readString(piece, at); continue }
        const sign = piece.charAt(at)
        at += 1
        if (/[^\s{}[\],:"]/.test(sign)) {
          if (word === undefined) word = sign
          else word += sign
          // Longer than any number that somebody wrote.
          if (word.length > 10_000) throw wrong(`"${word.slice(0, 40)}…" is no value`)
          continue
        }
        endWord()
        if (sign === '\n') line += 1
        if (!/\s/.test(sign)) readSign(sign)
      }
    },
    end: (): void => {
      endWord()
      if (quoted || levels.length > 0) throw wrong('it ends too early,')
    },
    take: (): string => {
      const text = out.join('')
      const isOpen = quoted === out
      out = []
      repeated = 0
      if (isOpen) quoted = out
      return text
    },
  }
}
