/** Tables as text: each row says what its cells mean, so that it can be read alone. */
import type { Pair } from '../ports.ts'
import { unreadable } from './unreadable.ts'
import type { SheetRows } from './xlsx.ts'

export type Rows = AsyncIterable<readonly string[]> | Iterable<readonly string[]>

const squeezed = (cell: string): string => cell.replace(/\s+/g, ' ').trim()

/** Says of one row after the other what it is as text: a heading, which is the first with something in it, or a line of `heading: cell; heading: cell`. */
const rowReader = () => {
  let headings: readonly string[] | undefined
  let hasRows = false
  return {
    /** Undefined for rows that say nothing. Empty cells are left out. */
    read: (row: readonly string[]): string | undefined => {
      const cells = row.map(squeezed)
      if (cells.every((cell) => cell === '')) return undefined
      if (!headings) { headings = cells; return undefined }
      hasRows = true
      return cells.flatMap((cell, index) => cell === '' ? [] : [headings?.[index] ? `${headings[index]}: ${cell}` : cell]).join('; ')
    },
    /** The heading itself, where nothing came after it. */
    end: (): string | undefined => headings && !hasRows ? headings.filter((cell) => cell !== '').join('; ') : undefined,
  }
}

/** A blank line after each row. */
export const rowBlocks = async function* (rows: Rows): AsyncGenerator<string> {
  const reader = rowReader()
  for await (const row of rows) {
    const line = reader.read(row)
    if (line !== undefined) yield `${line}\n\n`
  }
  const alone = reader.end()
  if (alone !== undefined) yield `${alone}\n\n`
}

export const rowText = (rows: readonly (readonly string[])[]): string => {
  const reader = rowReader()
  return [...rows.map(reader.read), reader.end()].filter((line) => line !== undefined).join('\n\n')
}

const QUESTION = /^(q|questions?|问题|問題|质问|質問|질문|frage|pregunta|pergunta|domanda|вопрос)$/i
const ANSWER = /^(a|answers?|答案|回答|答|답변|antwort|respuesta|réponse|resposta|risposta|ответ)$/i

/** Of the first two columns. A first row that names them is none. Throws where one of the two is missing. */
export const pairsOf = async function* (rows: Rows, name: string): AsyncGenerator<Pair> {
  let number = 0
  for await (const row of rows) {
    number += 1
    const [question = '', answer = ''] = row.map((cell) => cell.trim())
    if (question === '' && answer === '' || number === 1 && QUESTION.test(question) && ANSWER.test(answer)) continue
    if (question === '' || answer === '') {
      throw unreadable(`Row ${number} of "${name}" has ${question === '' ? 'an answer without a question' : 'a question without an answer'}. The first column holds the question, the second the answer: fill both, or take the row out.`)
    }
    yield { question, answer }
  }
}

/** Each sheet has a heading of its own. */
export const sheetBlocks = async function* (pieces: AsyncIterable<SheetRows>): AsyncGenerator<string> {
  let reader = rowReader()
  let current: number | undefined
  const ended = (): string => {
    const alone = reader.end()
    return alone === undefined ? '' : `${alone}\n\n`
  }
  for await (const { index, sheet, rows } of pieces) {
    if (index !== current) {
      yield ended()
      reader = rowReader()
      current = index
      if (sheet !== undefined) yield `# ${sheet}\n\n`
    }
    for (const row of rows) {
      const line = reader.read(row)
      if (line !== undefined) yield `${line}\n\n`
    }
  }
  yield ended()
}

export const sheetRows = async function* (pieces: AsyncIterable<SheetRows>): AsyncGenerator<readonly string[]> {
  for await (const { rows } of pieces) yield* rows
}
