/** A PostgreSQL cluster and a Redis server of one's own, to stop, kill and turn back as one likes. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import pg from 'pg'
import { freePort } from './processes.ts'
import { scratch as newScratch } from './scratch.ts'
import type { Scratch } from './scratch.ts'

export interface Service {
  readonly url: string
  start(): Promise<void>
  /** As an administrator stops it: nothing is lost. */
  stop(): Promise<void>
  /** As a power failure stops it: what it had not written is lost. */
  kill(): Promise<void>
  /** Stands still: connections stay, nothing is answered. */
  pause(): void
  resume(): void
}
export interface RedisService extends Service {
  readonly port: number
  /** Runs one command on a connection of its own. */
  call(command: string, ...words: (string | number)[]): Promise<unknown>
  flush(): Promise<void>
  snapshot(): Promise<void>
  /** Goes back to the last snapshot, and forgets what came after it. */
  restore(): Promise<void>
}

const PATIENCE = 30_000
const run = promisify(execFile)

const onPath = (program: string): string | undefined =>
  (process.env['PATH'] ?? '').split(delimiter).find((folder) => existsSync(join(folder, program)))
/** The folder of PostgreSQL's programs, the newest where there are several; undefined where there is none. */
export const postgresPrograms = (): string | undefined => {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => join(debian, version, 'bin')).find((folder) => existsSync(join(folder, 'initdb'))) ?? onPath('initdb')
}
export const redisProgram = (): string | undefined => onPath('redis-server')

interface Daemon {
  readonly what: string
  readonly url: string
  readonly scratch: Scratch
  readonly signals: { readonly stop: NodeJS.Signals; readonly kill: NodeJS.Signals }
  launch(): ChildProcess
  /** Throws as long as it does not serve. */
  ping(): Promise<unknown>
}
const service = ({ what, url, scratch, signals, launch, ping }: Daemon): Service => {
  let child: ChildProcess | undefined
  let output = ''
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child
    child = undefined
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return
    const gone = once(ending, 'exit')
    ending.kill(signal)
    // It may stand still. What ends it comes first, or it would do what it was asked meanwhile.
    ending.kill('SIGCONT')
    await gone
  }
  return {
    url,
    start: async () => {
      if (child) return
      const starting = child = launch()
      scratch.adopt(starting)
      for (const stream of [starting.stdout, starting.stderr]) stream?.on('data', (chunk: Buffer) => { output = (output + chunk.toString()).slice(-20_000) })
      for (const last = performance.now() + PATIENCE; ;) {
        if (starting.exitCode !== null) throw new Error(`${what} ended at once: ${output}`)
        const why = await ping().then(() => undefined, (error: unknown) => error)
        if (why === undefined) return
        if (performance.now() > last) throw new Error(`${what} does not serve: ${output}`, { cause: why })
        await sleep(25)
      }
    },
    stop: () => end(signals.stop),
    kill: () => end(signals.kill),
    pause: () => { child?.kill('SIGSTOP') },
    resume: () => { child?.kill('SIGCONT') },
  }
}

/** PostgreSQL refuses to run as root, so there it runs as the user that its package made. */
const databaseUser = (): { uid?: number; gid?: number } => {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

export const postgres = async (scratch: Scratch): Promise<Service> => {
  const programs = postgresPrograms()
  if (programs === undefined) throw new Error('PostgreSQL is not installed here.')
  const folder = join(scratch.folder, 'postgres')
  const user = databaseUser()
  const options: SpawnOptions = { ...user, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] }
  mkdirSync(folder, { mode: 0o700 })
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid)
  await run(join(programs, 'initdb'), ['-D', folder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale'], { ...user, cwd: '/' })
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  return service({
    // `kill` ends all of it at once, without a checkpoint: the next start recovers from its log.
    what: 'PostgreSQL', url, scratch, signals: { stop: 'SIGINT', kill: 'SIGQUIT' },
    launch: () => spawn(join(programs, 'postgres'), [
      '-D', folder, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=on',
      // As safe, and its start after a crash takes 0.2 s instead of 2.
      ...process.platform === 'linux' ? ['-c', 'recovery_init_sync_method=syncfs'] : [],
    ], options),
    ping: async () => {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
      client.on('error', () => undefined)
      await client.connect()
      await client.end()
    },
  })
}

interface RedisSettings { readonly password?: string; readonly settings?: readonly string[] }
export const redis = async (scratch: Scratch, { password, settings = [] }: RedisSettings = {}): Promise<RedisService> => {
  const folder = join(scratch.folder, 'redis')
  mkdirSync(folder)
  const port = await freePort()
  const url = `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`
  const call: RedisService['call'] = async (command, ...words) => {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, commandTimeout: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return await client.call(command, ...words)
    } finally { client.disconnect() }
  }
  const server = service({
    what: 'Redis', url, scratch, signals: { stop: 'SIGTERM', kill: 'SIGKILL' },
    launch: () => spawn('redis-server', [
      '--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'no', ...password === undefined ? [] : ['--requirepass', password], ...settings,
    ], { stdio: ['ignore', 'pipe', 'pipe'] }),
    ping: () => call('PING'),
  })
  const [dump, kept] = [join(folder, 'dump.rdb'), join(folder, 'kept.rdb')]
  return {
    ...server, port, call,
    stop: async () => {
      server.resume()
      await call('SAVE')
      await server.stop()
    },
    flush: async () => { await call('FLUSHALL') },
    snapshot: async () => {
      await call('SAVE')
      copyFileSync(dump, kept)
    },
    restore: async () => {
      await server.kill()
      if (existsSync(kept)) copyFileSync(kept, dump)
      await server.start()
    },
  }
}

export interface OwnRedis extends RedisService {
  /** Kills it and removes its data. */
  remove(): Promise<void>
}
/** A Redis in a folder of its own. @param started false for one that is only a port so far */
export const ownRedis = async ({ started = true, ...settings }: RedisSettings & { started?: boolean } = {}): Promise<OwnRedis> => {
  const place = await newScratch()
  const server = await redis(place, settings)
  if (started) await server.start()
  return {
    ...server,
    remove: async () => {
      await server.kill()
      await place.dispose()
    },
  }
}
