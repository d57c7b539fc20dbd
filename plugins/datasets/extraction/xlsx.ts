/** Excel: the rows of all sheets, values as they are meant. */
import readXlsxFile from 'read-excel-file/universal'
import { openPackage, repacked } from './office.ts'
import type { Source } from './source.ts'

export interface SheetRows {
  /** Which sheet, from 0. */
  readonly index: number
  /** The name of the sheet, where there are several. */
  readonly sheet: string | undefined
  readonly rows: readonly (readonly string[])[]
}
const BATCH = 500
/** Its own types say `typeof Date` for a date. */
type Cell = string | number | boolean | Date | null

export const readXlsx = async function* (source: Source): AsyncGenerator<SheetRows> {
  const archive = openPackage(source, 'xlsx', /^xl\/workbook\d*\.xml$/)
  const sheets = await readXlsxFile(repacked(archive).buffer)
  for (const [index, { sheet, data }] of sheets.entries()) {
    for (let at = 0; at < data.length; at += BATCH) {
      yield { index, sheet: sheets.length > 1 ? sheet : undefined, rows: (data as unknown as Cell[][]).slice(at, at + BATCH).map((row) => row.map(shown)) }
    }
  }
}

/** Days without their time, where there is none. */
const shown = (value: Cell): string => {
  if (value === null) return ''
  if (!(value instanceof Date)) return String(value)
  return Number.isNaN(value.getTime()) ? '' : value.toISOString().replace('T00:00:00.000Z', '').replace('T', ' ').replace(/(:00)?\.000Z$/, '')
}
