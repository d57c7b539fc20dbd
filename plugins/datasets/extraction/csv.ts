/** The rows of a table that is text. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { unreadable } from './unreadable.ts'

/** Characters of one row: a quote that is never closed would make one of all the rest. */
const LONGEST_ROW = 1_000_000
const DELIMITERS = [',', ';', '\t', '|'] as const

export const csvRows = async function* (text: AsyncIterable<string>, name: string): AsyncGenerator<string[]> {
  const pieces = text[Symbol.asyncIterator]()
  let head = ''
  while (head.length < 10_000) {
    const next = await pieces.next()
    if (next.done) break
    head += next.value
  }
  // A line by which Excel says it.
  const said = /^sep=(.)(\r\n|\r|\n)/i.exec(head)
  const { parse } = await import('csv-parse')
  const parser = parse({
    delimiter: said?.[1] ?? delimiterOf(head), relax_column_count: true, relax_quotes: true, skip_empty_lines: true, max_record_size: LONGEST_ROW,
  })
  const source = (async function* () {
    yield head.slice(said?.[0].length ?? 0)
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value
  })()
  const fed = pipeline(Readable.from(source), parser)
  // Whatever fails there, reading the rows fails with it.
  fed.catch(() => undefined)
  try {
    for await (const row of parser) yield row as string[]
  } catch (error) {
    throw explained(error as Error & { code?: string; lines?: number }, name)
  }
}

/** The one that divides most of the first lines into the same number of cells; of several, the one that makes most cells. */
const delimiterOf = (head: string): string => {
  const lines = head.replace(/"(?:[^"]|"")*"/g, '').split(/\r\n|\r|\n/).filter((line) => line !== '').slice(0, 20)
  // The last may be cut off.
  const whole = lines.length > 1 ? lines.slice(0, -1) : lines
  const scores = DELIMITERS.map((delimiter) => {
    const counts = whole.map((line) => line.split(delimiter).length - 1)
    const most = Math.max(...counts.map((count) => count === 0 ? 0 : counts.filter((other) => other === count).length), 0)
    return { delimiter, alike: most, cells: counts.reduce((sum, count) => sum + count, 0) }
  })
  return scores.sort((a, b) => b.alike - a.alike || b.cells - a.cells)[0]?.delimiter ?? ','
}

const explained = (error: Error & { code?: string; lines?: number }, name: string): Error => {
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    return unreadable(`"${name}" has a row of more than ${LONGEST_ROW} characters, in or before line ${error.lines ?? 0}. Perhaps a quotation mark is never closed: mend that and upload it again.`, error)
  }
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') return unreadable(`"${name}" has a quotation mark that is never closed. Mend that and upload it again.`, error)
  return error.code?.startsWith('CSV_') ? unreadable(`"${name}" is not a table that can be read: ${error.message}. Mend that and upload it again.`, error) : error
}
