/** A cache in memory. Values are kept as JSON text, so that nobody holds a reference into it. */
import Joi from 'joi'
import { LRUCache } from 'lru-cache'
import type { Cache, Json } from '../../../core/index.ts'

export interface MemoryCacheLimits {
  readonly maxEntries: number
  /** Of keys and values, as UTF-16 in memory. */
  readonly maxBytes: number
}
export const memoryLimits = {
  maxEntries: Joi.number().integer().min(1).default(50_000),
  maxBytes: Joi.number().integer().min(1024).default(64 * 1024 * 1024),
}
/** Milliseconds, some thousands of years: as long as every store can count. */
const LONGEST = 2 ** 47
interface Entry { readonly json: string; readonly tags: readonly string[] }

export const memoryCache = ({ maxEntries, maxBytes }: MemoryCacheLimits): Cache => {
  const tagged = new Map<string, Set<string>>()
  const untag = ({ tags }: Entry, key: string): void => {
    for (const tag of tags) {
      const keys = tagged.get(tag)
      keys?.delete(key)
      if (keys?.size === 0) tagged.delete(tag)
    }
  }
  const sizeCalculation = ({ json }: Entry, key: string): number => 2 * (json.length + key.length) + 1
  // Else it asks the clock but once in a while, and a process that was busy or stood still believes what is over.
  const exact = { ttlResolution: 0 }
  const entries = new LRUCache<string, Entry>({ max: maxEntries, maxSize: maxBytes, sizeCalculation, dispose: untag, ...exact })
  // On their own, so that ordinary traffic cannot push a terminal state out.
  const seals = new LRUCache<string, Entry>({ max: maxEntries, maxSize: maxBytes, sizeCalculation, ...exact })
  const drops = dropLog(maxEntries)

  return {
    get: async (key) => {
      const entry = seals.get(key) ?? entries.get(key)
      return entry && JSON.parse(entry.json) as Json
    },
    set: async (key, value, { ttl, tags = [], ifAbsent = false, generation }) => {
      const lifetime = wholeMs(ttl)
      if (seals.has(key) || ifAbsent && entries.has(key)) return false
      if (generation !== undefined && drops.since(generation, [keyName(key), ...tags.map(tagName)])) return false
      entries.set(key, { json: JSON.stringify(value), tags: [...new Set(tags)] }, { ttl: lifetime })
      if (entries.has(key)) for (const tag of tags) tagged.set(tag, (tagged.get(tag) ?? new Set()).add(key))
      return true
    },
    seal: async (key, value, ttl) => {
      const lifetime = wholeMs(ttl)
      drops.add(keyName(key))
      entries.delete(key)
      seals.set(key, { json: JSON.stringify(value), tags: [] }, { ttl: lifetime })
    },
    drop: async (what) => {
      if ('key' in what) {
        drops.add(keyName(what.key))
        seals.delete(what.key)
        entries.delete(what.key)
      } else {
        drops.add(tagName(what.tag))
        for (const key of [...tagged.get(what.tag) ?? []]) entries.delete(key)
      }
    },
    generation: async () => drops.now(),
  }
}

const keyName = (key: string): string => `key ${key}`
const tagName = (tag: string): string => `tag ${tag}`

/** For `lru-cache` a lifetime of 0 is eternal. */
export const wholeMs = (ttl: number): number => {
  if (!(ttl > 0)) throw new RangeError(`a cache entry needs a ttl of more than 0 ms, not ${ttl}`)
  return Math.min(Math.ceil(ttl), LONGEST)
}

/** Numbers all drops in their order. Of the oldest it only remembers that there were some, and then answers with caution. */
const dropLog = (max: number) => {
  const last = new Map<string, number>()
  let count = 0
  let forgotten = 0
  return {
    now: (): string => String(count),
    add: (name: string): void => {
      last.delete(name)
      last.set(name, count += 1)
      const [oldest] = last
      if (last.size > max && oldest) {
        forgotten = oldest[1]
        last.delete(oldest[0])
      }
    },
    /** Whether one of the names may have been dropped since `mark`. */
    since: (mark: string, names: readonly string[]): boolean => {
      const then = Number(mark)
      return !(then >= forgotten) || names.some((name) => (last.get(name) ?? 0) > then)
    },
  }
}
