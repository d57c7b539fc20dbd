/**
 * Memory in front of Redis. What this process holds it may use for a lease, never longer than Redis would; what another process forgets
 * is announced and mostly gone within milliseconds. Nothing is held while announcements cannot be heard.
 */
import type { Cache, Logger } from '../../../core/index.ts'
import { memoryCache } from './memory-cache.ts'
import type { MemoryCacheLimits } from './memory-cache.ts'
import { redisCache } from './redis-cache.ts'
import type { ServedCache } from './redis-cache.ts'
import { redisListener } from './redis-listener.ts'
import { EVERYTHING, keyName, nameOf } from './redis-names.ts'
import type { RedisServer } from './redis.ts'

interface Settings extends MemoryCacheLimits {
  readonly log: Logger
  readonly prefix: string
  /** Milliseconds. */
  readonly lease: number
}

export const layeredCache = async (server: RedisServer, { log, prefix, lease, ...limits }: Settings): Promise<ServedCache> => {
  const channel = `${prefix}:${server.database}:cache`
  const remote = await redisCache(server, { log, prefix, channel })
  // By the names that Redis has for keys and tags.
  let memory: Cache = memoryCache(limits)
  let listening = false

  const forget = (name: string): void => {
    if (name === EVERYTHING) memory = memoryCache(limits)
    else for (const what of [{ key: name }, { tag: name }]) void memory.drop(what)
  }
  const listener = await redisListener(server, {
    log,
    hear: (_channel, name) => { forget(name) },
    listening: (all) => {
      listening = all
      if (!all) forget(EVERYTHING)
    },
  })
  await listener.join(channel)

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
      await listener.health()
    },
    close: remote.close,
  }
}
