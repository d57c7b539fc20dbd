/**
 * Migrations: one forward-only timeline of one database, over all plugins, in the order of their file names. Each runs in a transaction
 * of its own together with the record that it ran, so that a failure, or a process that dies, leaves nothing half-done.
 */
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { HttpError, StartupError } from './errors.ts'
import type { Database, Logger } from './ports.ts'

export interface MigrationSource {
  /** The plugin that owns the folder; or the names of the built-in plugins that share it, where each file names its own. */
  readonly plugin: string | readonly string[]
  readonly folder: URL
}
interface Migration { readonly id: string; readonly file: URL }

/** Runs what has not run yet and returns its ids: `<plugin>/<file name without ending>`. Processes that start at once take turns. */
export const migrate = async (db: Database, sources: readonly MigrationSource[], log: Logger): Promise<readonly string[]> => {
  const migrations = await findMigrations(sources)
  const applied: string[] = []
  await locked(db, () => db.query('CREATE TABLE IF NOT EXISTS schema_migrations (id text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())'))
  if ((await pendingOf(db, migrations)).length === 0) return []
  // Only where something is to be done: it brings a whole command line along, which takes time and memory.
  const { MigrationError, Umzug } = await import('umzug')
  const umzug = new Umzug({
    logger: undefined,
    // The record is written inside the migration's transaction, not by umzug after it.
    storage: { executed: () => recorded(db), logMigration: async () => undefined, unlogMigration: async () => undefined },
    migrations: migrations.map(({ id, file }) => ({
      name: id,
      up: () => locked(db, async () => {
        const done = await db.query('SELECT 1 FROM schema_migrations WHERE id = $1', [id])
        if (done.length > 0) return
        const { up } = await import(file.href) as { up?: (db: Database) => Promise<void> }
        if (typeof up !== 'function') throw new Error('it exports no function "up"')
        await up(db)
        await db.query('INSERT INTO schema_migrations (id) VALUES ($1)', [id])
        db.afterCommit(() => {
          applied.push(id)
          log.info({ migration: id }, 'migration applied')
        })
      }),
    })),
  })
  try {
    await umzug.up()
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error
    throw new StartupError([{
      path: error.migration.name, message: `the migration failed, and nothing of it was kept: ${(error.cause as Error).message}`,
      fix: 'Correct what it names and start again; migrations that ran before it stay applied.',
    }], { exitCode: 1, temporary: error.cause instanceof HttpError, cause: error.cause })
  }
  return applied
}

/** What `migrate` would run now. Changes nothing. */
export const pendingMigrations = async (db: Database, sources: readonly MigrationSource[]): Promise<readonly string[]> => pendingOf(db, await findMigrations(sources))
const pendingOf = async (db: Database, migrations: readonly Migration[]): Promise<string[]> => {
  const done = new Set(await recorded(db))
  return migrations.map(({ id }) => id).filter((id) => !done.has(id))
}

const locked = <T>(db: Database, work: () => Promise<T>): Promise<T> => db.transaction(async () => {
  // A turn may be long: neither the wait for it nor the migration ends by the time limit of ordinary statements.
  await db.query('SET LOCAL statement_timeout = 0')
  await db.query('SET LOCAL lock_timeout = 0')
  await db.query("SELECT pg_advisory_xact_lock(hashtext('schema_migrations'))")
  return work()
})

const recorded = async (db: Database): Promise<string[]> => {
  const [table] = await db.query<{ found: boolean }>("SELECT to_regclass('schema_migrations') IS NOT NULL AS found")
  return table?.found ? (await db.query<{ id: string }>('SELECT id FROM schema_migrations ORDER BY id')).map(({ id }) => id) : []
}

const findMigrations = async (sources: readonly MigrationSource[]): Promise<Migration[]> => {
  const found = new Map<string, Migration & { readonly name: string }>()
  for (const { plugin, folder } of sources) {
    const base = folder.href.endsWith('/') ? folder : new URL(`${folder.href}/`)
    const files = await readdir(base).catch((error: unknown) => { throw refusal(fileURLToPath(base), `the migrations folder cannot be read: ${(error as Error).message}`) })
    for (const file of files.sort()) {
      if (/\.d\.ts$|\.map$/.test(file)) continue
      const [, name, rest] = /^(\d{8}T\d{4}-([a-z0-9-]+))\.[jt]s$/.exec(file) ?? []
      const owner = typeof plugin === 'string' ? plugin : ownerOf(rest ?? '', plugin)
      if (name === undefined || owner === undefined) {
        throw refusal(fileURLToPath(new URL(file, base)), 'is not named as a migration: <yyyymmddThhmm>-<plugin>-<what>.ts, where the plugin is one that exists')
      }
      // Sorted, .js comes before .ts: where both lie side by side, the built one is meant.
      const id = `${owner}/${name}`
      if (!found.has(id)) found.set(id, { id, name, file: new URL(file, base) })
    }
  }
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
}

/** Names may begin alike (`api`, `api-keys`): the longest is meant. */
const ownerOf = (rest: string, plugins: readonly string[]): string | undefined =>
  plugins.filter((name) => rest.startsWith(`${name}-`)).sort((a, b) => b.length - a.length)[0]

const refusal = (path: string, message: string): StartupError => new StartupError([{ path, message, fix: 'Rename or remove it.' }], { exitCode: 1 })
