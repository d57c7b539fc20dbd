/**
 * Memory in front of Redis. What this process read it may use for a lease, by its own clock, counted from before it asked; never longer
 * than Redis would; and not while it cannot hear what others forget. Whoever drops or seals something has an answer once every process
 * has forgotten it, or can hold it no longer.
 */
import type { Cache, Json, Logger } from '../../../core/index.ts'
import { memoryCache } from './memory-cache.ts'
import type { MemoryCacheLimits } from './memory-cache.ts'
import { redisCache } from './redis-cache.ts'
import type { ServedCache } from './redis-cache.ts'
import { redisHolders } from './redis-holders.ts'
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
  const answersTo = (process: string): string => `${channel}:${process}`
  const holders = redisHolders(lease)
  const remote = await redisCache(server, { log, prefix, copies: { channel, holders } })
  // By the names that Redis has for keys and tags: the value, and until when it may be used.
  let memory: Cache = memoryCache(limits)
  let listening = false

  const forget = (name: string): void => {
    if (name === EVERYTHING) memory = memoryCache(limits)
    else for (const what of [{ key: name }, { tag: name }]) void memory.drop(what)
  }
  const hear = (words: string): void => {
    const [, from = '', ticket = '', name = ''] = /^(\S+) (\S*) (.*)$/s.exec(words) ?? []
    forget(name)
    if (ticket !== '' && from !== holders.id) server.client.publish(answersTo(from), `${ticket} ${holders.id}`).catch(() => undefined)
  }
  const hearAnswer = (words: string): void => {
    const [ticket = '', from = ''] = words.split(' ')
    holders.answer(ticket, from)
  }
  const listener = await redisListener(server, {
    log,
    hear: (from, words) => { if (from === channel) hear(words); else hearAnswer(words) },
    listening: (all) => {
      listening = all
      // Neither what was held before it was deaf, nor what was read while it was.
      forget(EVERYTHING)
    },
  })
  await listener.join(channel, answersTo(holders.id))

  /** Afterwards, however it ends: whatever memory was filled with meanwhile may have been read before. */
  const forgetting = async <T>(name: string, work: Promise<T>): Promise<T> => {
    try { return await work } finally { forget(name) }
  }
  return {
    get: async (key) => {
      const [name, here, began] = [keyName(key), memory, performance.now()]
      const held = listening ? await here.get(name) as readonly [value: Json, until: number] | undefined : undefined
      if (held && began < held[1]) return held[0]
      const before = await here.generation(name)
      const found = await remote.find(key, listening)
      if (!found) return undefined
      const until = began + Math.min(found.ttl, lease)
      const ttl = until - performance.now()
      if (found.mayHold && listening && here === memory && ttl > 0) await here.set(name, [found.value, until], { ttl, tags: found.names, generation: before })
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
    close: async () => {
      listening = false
      forget(EVERYTHING)
      await remote.close()
    },
  }
}
