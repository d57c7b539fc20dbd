/**
 * Connections to Redis: one way to open them, to say where they lead without a secret, and to notice that Redis goes away and comes
 * back. They try again for ever.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis, RedisOptions } from 'ioredis'
import Joi from 'joi'
import { StartupError } from '../../../core/index.ts'
import type { Logger } from '../../../core/index.ts'

export interface RedisServer {
  /** "Redis at host:port": for whoever reads a log. */
  readonly place: string
  /** Of the url; messages of publish and subscribe know no such borders. */
  readonly database: number
  readonly client: Redis
  /** One more connection to the same place; it says nothing in the log, since the first one does. */
  connect(options?: RedisOptions): Redis
  /** Throws "<place> does not answer: <reason>". */
  health(client?: Redis): Promise<void>
  /** Gives up a connection that does not answer in time, and makes another. */
  renew(client: Redis, reason: string): void
  /** Closes all connections. What waits for an answer is rejected. */
  close(): void
}
interface Setting {
  readonly log: Logger
  /** Where the configuration names it, such as `adapters.cache.redis.url`. */
  readonly path: string
}

/** Milliseconds: of a probe at the start, of a ping, between two tries at most. */
const PROBE = 2_000
const PING = 2_000
const SLOWEST = 1_000

const wholeDatabase = (url: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport =>
  /^\/?\d*$/.test(new URL(url).pathname) ? url : helpers.message({ custom: 'must end in the number of a database, as in redis://host:6379/0' })
/** `redis://user:password@host:port/database`, or `rediss://` for TLS. */
export const redisUrl = (): Joi.StringSchema => Joi.string().uri({ scheme: ['redis', 'rediss'] }).custom(wholeDatabase)
/** What the names of a deployment begin with. */
export const redisPrefix = (): Joi.StringSchema => Joi.string().pattern(/^[\w.-]+$/).max(100).default('mortise')

/** For whoever would rather go without an answer than wait: nothing is kept for later, nothing is sent twice, an answer has half a second. */
export const QUICK: RedisOptions = { enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false, commandTimeout: 500 }

/**
 * Opens a connection. What no waiting can cure (a wrong password, a wrong database, not a Redis) is a StartupError. A Redis that does not
 * answer is a warning: the connection is made when it does.
 */
export const openRedis = async (url: string, { log, path, ...options }: Setting & RedisOptions): Promise<RedisServer> => {
  const { hostname, port, pathname } = new URL(url)
  const place = `Redis at ${hostname}:${port || '6379'}`
  // Only where there is a Redis: it takes time and memory.
  const { Redis: Client } = await import('ioredis')
  const clients: Redis[] = []
  const reasons = new WeakMap<Redis, string>()

  const connect = (more: RedisOptions = {}): Redis => {
    const client = new Client(url, {
      connectionName: 'mortise', connectTimeout: 5_000, keepAlive: 10_000, disconnectTimeout: 500, maxLoadingRetryTime: SLOWEST,
      retryStrategy: (tries) => Math.min(50 * 2 ** Math.min(tries, 5), SLOWEST) * (0.75 + Math.random() / 4),
      ...options, ...more,
    })
    client.on('error', (error: Error) => {
      reasons.set(client, reasonOf(error))
      // Else it would go on in database 0.
      if (/DB index/.test(error.message)) client.disconnect(true)
    })
    client.on('ready', () => reasons.delete(client))
    clients.push(client)
    return client
  }
  const why = (client: Redis): string => reasons.get(client) ?? 'the connection was closed'

  const client = connect()
  let state: 'new' | 'up' | 'away' | 'closed' = 'new'
  client.on('ready', () => {
    if (state === 'away') log.info(`${place} is back`)
    state = 'up'
  })
  client.on('close', () => {
    if (state === 'up') log.warn(`${place} went away: ${why(client)}; it is tried again until it is back`)
    if (state !== 'closed') state = 'away'
  })

  const server: RedisServer = {
    place, client, connect,
    database: Number(pathname.slice(1)),
    health: async (it = client) => {
      try {
        if (it.status !== 'ready') throw new Error(why(it))
        await Promise.race([it.ping(), sleep(PING, undefined, { ref: false }).then(() => { throw new Error(`no answer within ${PING / 1000} s`) })])
      } catch (error) { throw new Error(`${place} does not answer: ${reasonOf(error as Error)}`) }
    },
    renew: (it, reason) => {
      if (it.status !== 'ready') return
      reasons.set(it, reason)
      it.disconnect(true)
    },
    close: () => {
      state = 'closed'
      for (const one of clients) one.disconnect()
    },
  }
  const answer = await probe(client)
  if (answer === 'ready') return server
  const fix = FATAL.find(([symptom]) => symptom.test(answer))?.[1]
  if (fix !== undefined) {
    server.close()
    throw new StartupError([{ path, message: `${place} refuses: ${answer}`, fix }], { exitCode: 1 })
  }
  log.warn(`${place} does not answer: ${answer}; the server goes on without it until it does`)
  return server
}

export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>
/** A script of Redis as a call: sent by its hash, and in full where this Redis does not know it yet. @param name one of its own on this client */
export const script = (client: Redis, name: string, lua: string): Script => {
  client.defineCommand(name, { lua })
  const call = (client as unknown as Record<string, (keys: number, ...words: unknown[]) => Promise<unknown>>)[name]
  return (keys, args) => call?.call(client, keys.length, keys, args) ?? Promise.reject(new Error(`no script ${name}`))
}

const FATAL: readonly [RegExp, string][] = [
  [/WRONGPASS|NOAUTH|invalid password|AUTH failed|Client sent AUTH/i, 'Put the right password into the url: redis://:password@host:port, or redis://user:password@host:port.'],
  [/NOPERM/, 'Allow this user of Redis the commands that it needs (ACL SETUSER … +@all ~* &*).'],
  [/DB index/, 'End the url in the number of a database that this Redis has (CONFIG GET databases), or in none.'],
  [/Protocol error/, 'Something else listens there: correct host and port.'],
  [/certificate|altnames/i, 'Use the name that its certificate is made out for, and give Node the authority that signed it in NODE_EXTRA_CA_CERTS.'],
]

/** `ready`, or why it is not, after two seconds at most. */
export const probe = async (client: Redis): Promise<string> => {
  if (client.status === 'ready') return 'ready'
  const answer = new Promise<string>((tell) => {
    client.once('ready', () => { tell('ready') })
    client.once('error', (error: Error) => { tell(reasonOf(error)) })
    client.once('close', () => { tell('the connection was closed') })
  })
  return Promise.race([answer, sleep(PROBE, `no answer within ${PROBE / 1000} s`, { ref: false })])
}

export const NO_ANSWER = 'no answer in time'
/** By `commandTimeout`. */
export const isLate = (error: unknown): boolean => (error as Error).message === 'Command timed out'

/** Never the error itself: the library hangs the command on it, and its first was AUTH. */
export const reasonOf = (error: Error): string =>
  error instanceof AggregateError ? (error.errors as Error[]).map(({ message }) => message).join('; ') : error.message.replace(/^Ready check failed: /, '')
