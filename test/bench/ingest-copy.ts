/** The least that rows can cost: those that an ingest left, copied into tables with the same indexes and constraints. */
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

const number = '(SELECT id FROM text_index_datasets WHERE dataset_id = $1)'
const TABLES = {
  document_segments: 'dataset_id = $1', text_index_segments: `dataset = ${number}`, text_index_terms: `dataset = ${number}`,
} as const
const run = promisify(execFile)

/** By `COPY … FROM STDIN` of psql from files; where there is no psql, by `INSERT … SELECT`, which is the nearest. Seconds without the dump. */
export const copyAgain = async (database: string, dataset: string): Promise<{ rows: number; seconds: number; how: string }> => {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  const file = join(tmpdir(), `mortise-copy-${process.pid}`)
  const psql = (sql: string): Promise<unknown> => run('psql', [database, '-qAtX', '-v', 'ON_ERROR_STOP=1', '-c', sql])
  const hasPsql = await run('psql', ['--version']).then(() => true, () => false)
  let [rows, seconds] = [0, 0]
  try {
    for (const [table, which] of Object.entries(TABLES)) {
      const of = which.replace('$1', client.escapeLiteral(dataset))
      rows += Number((await client.query<{ count: string }>(`SELECT count(*) FROM ${table} WHERE ${of}`)).rows[0]?.count)
      await client.query(`CREATE TABLE copy_of_${table} (LIKE ${table} INCLUDING ALL)`)
      if (hasPsql) await psql(`\\copy (SELECT * FROM ${table} WHERE ${of}) TO '${file}'`)
      const begin = performance.now()
      if (hasPsql) await psql(`\\copy copy_of_${table} FROM '${file}'`)
      else await client.query(`INSERT INTO copy_of_${table} OVERRIDING SYSTEM VALUE SELECT * FROM ${table} WHERE ${of}`)
      seconds += (performance.now() - begin) / 1_000
    }
    return { rows, seconds, how: hasPsql ? 'COPY' : 'INSERT … SELECT' }
  } finally {
    await client.end()
    await rm(file, { force: true })
  }
}
