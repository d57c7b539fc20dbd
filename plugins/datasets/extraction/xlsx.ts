/** Excel: the rows of all sheets, values as they are meant. */
import readXlsxFile from 'read-excel-file/universal'
import { openPackage, repacked } from './office.ts'
import type { Source } from './source.ts'
import { unreadable } from './unreadable.ts'

export interface SheetRows {
  /** Which sheet, from 0. */
  readonly index: number
  /** The name of the sheet, where there are several. */
  readonly sheet: string | undefined
  readonly rows: readonly (readonly string[])[]
}
const BATCH = 500
/** Characters after which a batch is full, and those that one row may have. */
const [ENOUGH, LONGEST_ROW] = [1_000_000, 10_000_000]
/** Its own types say `typeof Date` for a date. */
type Cell = string | number | boolean | Date | null

export const readXlsx = async function* (source: Source): AsyncGenerator<SheetRows> {
  const archive = openPackage(source, 'xlsx', /^xl\/workbook\d*\.xml$/)
  const sheets = await readXlsxFile(repacked(archive).buffer)
  for (const [index, { sheet, data }] of sheets.entries()) {
    let rows: string[][] = []
    let length = 0
    const batch = (): SheetRows => ({ index, sheet: sheets.length > 1 ? sheet : undefined, rows })
    for (const cells of data as unknown as Cell[][]) {
      const row = cells.map(shown)
      // Many cells may share one text, which is in memory once here, but once for each of them in what is handed on.
      const size = row.reduce((sum, cell) => sum + cell.length, 0)
      if (size > LONGEST_ROW) throw unreadable(`"${source.name}" has a row of more than ${LONGEST_ROW} characters. Split it into several files, or save it in another format.`)
      rows.push(row)
      length += size
      if (rows.length < BATCH && length < ENOUGH) continue
      yield batch()
      rows = []
      length = 0
    }
    if (rows.length > 0) yield batch()
  }
}

/** Days without their time, where there is none. */
const shown = (value: Cell): string => {
  if (value === null) return ''
  if (!(value instanceof Date)) return String(value)
  return Number.isNaN(value.getTime()) ? '' : value.toISOString().replace('T00:00:00.000Z', '').replace('T', ' ').replace(/(:00)?\.000Z$/, '')
}
