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

/** Takes `total` off the rows. Past the last page there is none that could tell it, so it is asked for. */
export const totalOf = async <Row extends { total: number }>(
  db: Database, { from, values }: Selection, rows: readonly Row[], offset: number,
): Promise<{ rows: Omit<Row, 'total'>[]; total: number }> => {
  const [counted] = rows.length > 0 || offset === 0 ? rows : await db.query<{ total: number }>(`SELECT count(*)::int AS total ${from}`, values)
  return { rows: rows.map(({ total: _, ...row }) => row), total: counted?.total ?? 0 }
}
