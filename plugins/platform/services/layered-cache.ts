/**
 * Memory in front of Redis. What this process holds it may use for a lease, never longer than Redis would; what another process forgets
 * is announced and mostly gone within milliseconds. Nothing is held while announcements cannot be heard.
 */
import type { Cache, Logger } from '../../../core/index.ts'
import { memoryCache } from './memory-cache.ts'
import type { MemoryCacheLimits } from './memory-cache.ts'
import { redisCache } from './redis-cache.ts'
import type { ServedCache } from './redis-cache.ts'
import { EVERYTHING, keyName, nameOf } from './redis-names.ts'
import type { RedisServer } from './redis.ts'
import { probe } from './redis.ts'

interface Settings extends MemoryCacheLimits {
  readonly log: Logger
  readonly prefix: string
  /** Milliseconds. */
  readonly lease: number
}

export const layeredCache = async (server: RedisServer, { log, prefix, lease, ...limits }: Settings): Promise<ServedCache> => {
  const channel = `${prefix}:${server.database}:cache`
  const remote = await redisCache(server, { log, prefix, channel })
  const subscriber = server.connect({ autoResubscribe: false })
  // By the names that Redis has for keys and tags.
  let memory: Cache = memoryCache(limits)
  let listening = false

  const forget = (name: string): void => {
    if (name === EVERYTHING) memory = memoryCache(limits)
    else for (const what of [{ key: name }, { tag: name }]) void memory.drop(what)
  }
  const listen = async (): Promise<void> => {
    try {
      await subscriber.subscribe(channel)
      listening = true
    } catch (error) { server.renew(subscriber, (error as Error).message) }
  }
  subscriber.on('message', (_channel, name) => { forget(name) })
  subscriber.on('ready', () => { void listen() })
  subscriber.on('close', () => {
    listening = false
    forget(EVERYTHING)
  })
  if (await probe(subscriber) === 'ready') await listen()

  /** Afterwards, however it ends: whatever memory was filled with meanwhile may have been read before. */
  const forgetting = async <T>(name: string, work: Promise<T>): Promise<T> => {
    try { return await work } finally { forget(name) }
  }
  return {
    get: async (key) => {
      const [name, here, start] = [keyName(key), memory, performance.now()]
      const held = listening ? await here.get(name) : undefined
      if (held !== undefined) return held
      const before = await here.generation(name)
      const found = await remote.find(key)
      if (!found) return undefined
      const ttl = Math.min(found.ttl, lease) - (performance.now() - start)
      if (listening && here === memory && ttl > 0) await here.set(name, found.value, { ttl, tags: found.names, generation: before })
      return found.value
    },
    set: (key, value, options) => forgetting(keyName(key), remote.set(key, value, options)),
    seal: (key, value, ttl) => forgetting(keyName(key), remote.seal(key, value, ttl)),
    drop: (what) => forgetting(nameOf(what), remote.drop(what)),
    generation: remote.generation,
    health: async () => {
      await remote.health()
      await server.health(subscriber)
      if (!listening) throw new Error(`${server.place} does not yet tell what other processes forget`)
    },
    close: remote.close,
  }
}
