/** PostgreSQL inside this process: PGlite in a worker thread. One process at a time may use its folder. */
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import Joi from 'joi'
import { database, defineAdapter, logger, serverConfig, StartupError } from '../../../core/index.ts'
import type { Logger } from '../../../core/index.ts'
import { FolderInUse, lockFolder } from '../services/folder-lock.ts'
import type { FolderLock } from '../services/folder-lock.ts'
import type { PgliteThread } from '../services/pglite-worker.ts'
import { openDatabase } from '../services/sequelize-database.ts'
import type { OpenDatabase } from '../services/sequelize-database.ts'

interface Settings {
  /** Relative to the server's data folder; `database` in it unless given. */
  readonly dataDir?: string
  /** The `dataDir` of another embedded database, from which a new one starts. */
  readonly template?: string
}
const PORT = 5432

export const embeddedDatabase = defineAdapter(database, 'embedded', {
  options: Joi.object<Settings, true>({ dataDir: Joi.string(), template: Joi.string() }),
  uses: { server: serverConfig, log: logger },
  create: async ({ server, log }, { dataDir = 'database', template }): Promise<OpenDatabase> => {
    const folder = resolve(server.dataDir, dataDir)
    const lock = await lockFolder(join(folder, 'run')).catch((error: unknown) => { throw refused(folder, error) })
    try {
      const stop = await startThread({
        files: join(folder, 'files'), socket: join(lock.sockets, `.s.PGSQL.${PORT}`), template: template && join(template, 'files'),
      }, log)
      // PGlite runs one statement at a time and keeps one session for all connections, whose messages must not mix: hence one connection.
      const db = openDatabase(
        { host: lock.sockets, port: PORT, database: 'postgres', username: 'postgres', password: '', pool: { max: 1, idle: 2 ** 31 - 1 } },
        { exclusive: true, prepares: false, strict: server.checkReplies, log })
      await db.query('SELECT 1')
      return { ...db, close: () => closeAll(db, stop, lock) }
    } catch (error) {
      await lock.release()
      throw problem(
        `the embedded database in ${folder} cannot be opened: ${(error as Error).message}`, 'Restore the folder from a copy, or move it away to begin anew.', error)
    }
  },
  health: async (db) => { await db.query('SELECT 1') },
  dispose: (db) => (db as OpenDatabase).close(),
})

const closeAll = async (db: OpenDatabase, stop: () => Promise<void>, lock: FolderLock): Promise<void> => {
  try {
    await db.close()
    await stop()
  } finally { await lock.release() }
}

/** Resolves once it takes connections, to a function that closes it. */
const startThread = async (settings: PgliteThread, log: Logger): Promise<() => Promise<void>> => {
  const worker = new Worker(new URL(`../services/pglite-worker${import.meta.url.slice(-3)}`, import.meta.url), { workerData: settings })
  // Not by once(), which would reject when the thread fails: that is told by `failure`, and `ended` is awaited late.
  const ended = new Promise<void>((done) => { worker.once('exit', () => { done() }) })
  let failure: Error | undefined
  let stopping = false
  worker.on('error', (error: Error) => { failure = error })
  await Promise.race([once(worker, 'message'), ended.then(() => { throw failure ?? new Error('its thread ended') })])
  void ended.then(() => { if (!stopping) log.error({ err: failure }, 'the embedded database has stopped; restart the server') })
  return async () => {
    stopping = true
    worker.postMessage('close')
    await ended
  }
}

const problem = (message: string, fix: string, cause: unknown): StartupError =>
  new StartupError([{ path: 'adapters.database.embedded', message, fix }], { exitCode: 1, cause })

const refused = (folder: string, error: unknown): StartupError => error instanceof FolderInUse
  ? problem(`the data folder ${folder} is in use by process ${error.pid}`,
    'Stop that process, give this one another DATA_DIR, or set DATABASE_URL so that both use one PostgreSQL server.', error)
  : problem(`the data folder ${folder} cannot be used: ${(error as Error).message}`, 'Give DATA_DIR a folder that this user may write to.', error)
