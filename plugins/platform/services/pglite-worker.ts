/** The thread in which the embedded database runs: PGlite behind a Unix socket that speaks PostgreSQL's protocol. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

export interface PgliteThread {
  readonly files: string
  readonly socket: string
  /** Database files to begin with where there are none. */
  readonly template: string | undefined
}

/**
 * In one go, since nobody else waits for this thread; and by way of memory: what the system copies from file to file lies on the disk at once, and
 * a thousand such files take a second or two to delete, which tests do all the time.
 */
const copyFolder = (from: string, to: string): void => {
  mkdirSync(to, { mode: 0o700 })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) copyFolder(source, target)
    else writeFileSync(target, readFileSync(source), { mode: 0o600 })
  }
}

/** The files appear complete or not at all: a first start that was cut short begins anew. */
const prepare = async ({ files, template }: PgliteThread): Promise<void> => {
  if (existsSync(files)) return
  const unfinished = `${files}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(dirname(files), { recursive: true, mode: 0o700 })
  if (template) copyFolder(template, unfinished)
  else await (await PGlite.create(unfinished)).close()
  await rename(unfinished, files)
}

const thread = workerData as PgliteThread
await prepare(thread)
const db = await PGlite.create(thread.files, { extensions: { vector, pg_trgm } })
await rm(thread.socket, { force: true })
// The pool has one connection; a second is let in while a broken one is replaced.
const server = new PGLiteSocketServer({ db, path: thread.socket, maxConnections: 2 })
await server.start()
parentPort?.once('message', () => {
  void server.stop().then(() => db.close()).then(() => { parentPort?.close() })
})
parentPort?.postMessage('ready')
