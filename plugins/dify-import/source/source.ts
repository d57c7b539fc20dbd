/** The database of a Dify server: read in one snapshot, a page at a time, and never written. */
import pg from 'pg'
import { StartupError } from '../../../core/index.ts'

/** How the rows of one kind are read. A column that this release of Dify lacks reads as null, a table that it lacks has no rows. */
export interface Reading {
  readonly table: string
  readonly columns: readonly string[]
  /** With `$1` and so on for `values`. */
  readonly where?: string
  readonly values?: readonly unknown[]
  /** Columns whose values together are unique and never null: pages follow their order. `id` unless given. */
  readonly order?: readonly string[]
  readonly size?: number
}
export interface Source {
  /** Where it is, without secrets. */
  readonly place: string
  pages<Row extends object>(reading: Reading): AsyncIterable<readonly Row[]>
  /** One answer: for sums over a few rows. `columns` are expressions. */
  sums<Row extends object>(table: string, columns: readonly string[], where: string, values: readonly unknown[], by: string): Promise<readonly Row[]>
  close(): Promise<void>
}

const NEEDED = ['tenants', 'accounts', 'tenant_account_joins', 'datasets', 'documents', 'document_segments']
const PAGE = 200
/** `timestamp` without a zone, which is UTC there; the driver would read it as local time. */
const TIMESTAMP = pg.types.builtins.TIMESTAMP

const problem = (message: string, fix: string, exitCode = 1): StartupError => new StartupError([{ path: '--from', message, fix }], { exitCode })
/** Not with the error as its cause: what the driver says of an address may have all of it. */
const targetOf = (url: string): pg.Client => {
  const wrong = (): StartupError => problem('is no url of a PostgreSQL database', 'Give one such as postgres://user@host:5432/dify.', 2)
  if (!/^postgres(ql)?:\/\//.test(url)) throw wrong()
  try {
    return new pg.Client({ connectionString: url, application_name: 'mortise import', connectionTimeoutMillis: 10_000, keepAlive: true })
  } catch { throw wrong() }
}
const quoted = (name: string): string => pg.escapeIdentifier(name)

export const openSource = async (url: string): Promise<Source> => {
  const client = targetOf(url)
  const place = `Dify at ${client.host}:${client.port}, database "${client.database ?? ''}"`
  let lost: Error | undefined
  client.on('error', (error) => { lost ??= error })
  client.setTypeParser(TIMESTAMP, (text: string) => new Date(`${text.replace(' ', 'T')}Z`))
  const query = async <Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> => {
    try { return (await client.query<Row>(sql, [...values])).rows } catch (error) {
      throw problem(`${place} cannot be read: ${(lost ?? error as Error).message}`, 'Put that right and run the import again: it goes on where it stopped.')
    }
  }
  try { await client.connect() } catch (error) {
    const causes = error instanceof AggregateError ? error.errors as Error[] : [error as Error]
    throw problem(`${place} cannot be reached: ${causes.map(({ message }) => message).join('; ')}`, 'Correct the url, or start that server.')
  }
  const close = async (): Promise<void> => {
    await client.query('ROLLBACK').catch(() => undefined)
    await client.end().catch(() => undefined)
  }
  try {
    // What one reads is of one moment, however long it takes. Nothing is set for the session, which a pooler may give to others.
    await query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await query('SET LOCAL statement_timeout = 0')
    await query('SET LOCAL idle_in_transaction_session_timeout = 0')
    const known = new Map<string, Set<string>>()
    for (const { table, column } of await query<{ table: string; column: string }>(
      `SELECT table_name AS table, column_name AS column FROM information_schema.columns WHERE table_schema = ANY (current_schemas(false))`)) {
      known.set(table, (known.get(table) ?? new Set()).add(column))
    }
    const missing = NEEDED.filter((table) => !known.has(table))
    if (missing.length > 0) throw problem(`${place} is no database of Dify: it lacks ${missing.join(', ')}`, 'Name the database that Dify itself uses; it is called dify unless its configuration says otherwise.')
    return {
      place, close,
      sums: async <Row extends object>(table: string, columns: readonly string[], where: string, values: readonly unknown[], by: string) =>
        known.has(table) ? query<Row>(`SELECT ${quoted(by)}, ${columns.join(', ')} FROM ${quoted(table)} WHERE ${where} GROUP BY ${quoted(by)}`, values) : [],
      pages: async function* <Row extends object>({ table, columns, where = 'true', values = [], order = ['id'], size = PAGE }: Reading) {
        const present = known.get(table)
        if (!present) return
        const read = [...new Set([...order, ...columns])].map((name) => present.has(name) ? quoted(name) : `NULL AS ${quoted(name)}`).join(', ')
        const by = order.map(quoted).join(', ')
        for (let last: Row | undefined; ;) {
          const after = last && order.map((name) => (last as Record<string, unknown>)[name])
          const condition = after ? `AND (${by}) > (${after.map((_, index) => `$${values.length + index + 1}`).join(', ')})` : ''
          const rows: Row[] = await query<Row>(`SELECT ${read} FROM ${quoted(table)} WHERE ${where} ${condition} ORDER BY ${by} LIMIT ${size}`, [...values, ...after ?? []])
          if (rows.length > 0) yield rows
          if (rows.length < size) return
          last = rows.at(-1)
        }
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}
