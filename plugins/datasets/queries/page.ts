/** One page of rows and how many there are in all, by one statement. */
import type { Database } from '../../../core/index.ts'

export interface Selection {
  /** `SELECT` and what comes with each row. */
  readonly select: string
  /** `FROM … WHERE …`, which is counted. */
  readonly from: string
  readonly order: string
  /** Of `from`, as `$1` and so on. */
  readonly values: readonly unknown[]
}

/** Each row with the number of all as `total`; limit and offset are the two values after those of `from`. */
export const pageWithTotal = ({ select, from, order, values }: Selection): string =>
  `${select}, (SELECT count(*)::int ${from}) AS total ${from} ORDER BY ${order} LIMIT $${values.length + 1} OFFSET $${values.length + 2}`

/** Past the last page there is no row that could tell it, so it is asked for. */
export const totalOf = async (db: Database, { from, values }: Selection, rows: readonly { readonly total: number }[], offset: number): Promise<number> => {
  const [counted] = rows.length > 0 || offset === 0 ? rows : await db.query<{ total: number }>(`SELECT count(*)::int AS total ${from}`, values)
  return counted?.total ?? 0
}
