/** A server as a process of its own with two workspaces, for programs that measure: what they do themselves then costs it nothing. */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { client } from '../support/client.ts'
import type { Client } from '../support/client.ts'
import { freePort, mortise, serving, sources } from '../support/processes.ts'
import { scratch } from '../support/scratch.ts'

export interface Served {
  /** Of each workspace. */
  readonly clients: readonly [Client, Client]
  readonly url: string
  readonly pid: number
  readonly tokens: readonly [string, string]
  /** Empty where the database is embedded. */
  readonly database: string
  /** For files of whoever measures; gone at the end. */
  readonly folder: string
  /** Bytes of memory that are resident. */
  memory(): number
  close(): Promise<void>
}
/** @param server PostgreSQL, on which it makes a database of its own; undefined for the embedded one @param flags of node */
export const served = async (server: string | undefined, config: object, flags: readonly string[] = []): Promise<Served> => {
  const place = await scratch()
  const name = `mortise_bench_${randomUUID().replaceAll('-', '')}`
  const asAdmin = async (sql: string): Promise<void> => {
    const admin = new pg.Client({ connectionString: server })
    await admin.connect()
    try { await admin.query(sql) } finally { await admin.end() }
  }
  if (server !== undefined) await asAdmin(`CREATE DATABASE ${name}`)
  const database = server === undefined ? '' : Object.assign(new URL(server), { pathname: `/${name}` }).href
  const [data, file, port] = [join(place.folder, 'data'), join(place.folder, 'bench.yaml'), await freePort()]
  const workspaces = ['first', 'second'].map((of) => ({ name: of, keys: [{ name: `key of ${of}` }] }))
  writeFileSync(file, JSON.stringify({ provision: { owner: { email: 'ada@example.org', name: 'Ada', password: { env: 'OWNER_PASSWORD' } }, workspaces }, ...config }))
  const running = mortise(['start'], {
    SECRET_KEY: 'a secret key that only tests would use', OWNER_PASSWORD: 'correct horse 42', DATA_DIR: data, MORTISE_CONFIG: file, PORT: String(port), LOG_LEVEL: 'warn',
    ...database === '' ? {} : { DATABASE_URL: database },
  }, [...flags, ...sources])
  place.adopt(running.child)
  const url = `http://127.0.0.1:${port}`
  const close = async (): Promise<void> => {
    running.child.kill('SIGTERM')
    await Promise.race([running.exit, sleep(20_000)])
    await place.dispose()
    if (server !== undefined) await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }
  try {
    await serving(url, running, 300)
    const told = readdirSync(data).filter((one) => one.startsWith('provision-')).map((one) => readFileSync(join(data, one), 'utf8')).join('\n')
    const tokens = workspaces.map(({ name: of }) => new RegExp(`key of ${of}[^]*?(dataset-[A-Za-z0-9]+)`).exec(told)?.[1] ?? 'none') as [string, string]
    return {
      url, pid: running.child.pid ?? 0, tokens, database, folder: place.folder, close, clients: [client(url, tokens[0]), client(url, tokens[1])],
      memory: () => 1024 * Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${running.child.pid ?? 0}/status`, 'utf8'))?.[1] ?? NaN),
    }
  } catch (error) {
    await close()
    throw error
  }
}
