/** A cache as somebody else would write it: one map, and a counter that makes every drop felt by every fill. */
import { cache, defineAdapter, definePlugin } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'

interface Entry { readonly text: string; readonly ends: number; readonly tags: readonly string[]; readonly sealed: boolean }

const map = defineAdapter(cache, 'map', {
  create: () => {
    const entries = new Map<string, Entry>()
    let drops = 0
    const alive = (key: string): Entry | undefined => {
      const entry = entries.get(key)
      if (entry && entry.ends > Date.now()) return entry
      entries.delete(key)
      return undefined
    }
    const lifetime = (ttl: number): number => {
      if (ttl > 0) return ttl
      throw new RangeError(`an entry needs a ttl of more than 0 ms, not ${ttl}`)
    }
    const own = new Map<string, number>()
    const forget = (name: string): void => { own.set(name, drops += 1) }
    return {
      get: async (key) => { const entry = alive(key); return entry && JSON.parse(entry.text) as Json },
      set: async (key, value, { ttl, tags = [], ifAbsent, generation }) => {
        const ends = Date.now() + lifetime(ttl)
        const there = alive(key)
        const late = generation !== undefined && [`key ${key}`, ...tags.map((tag) => `tag ${tag}`)].some((name) => (own.get(name) ?? 0) > Number(generation))
        if (there?.sealed || (ifAbsent && there) || late) return false
        entries.set(key, { text: JSON.stringify(value), ends, tags, sealed: false })
        return true
      },
      seal: async (key, value, ttl) => {
        const ends = Date.now() + lifetime(ttl)
        forget(`key ${key}`)
        entries.set(key, { text: JSON.stringify(value), ends, tags: [], sealed: true })
      },
      drop: async (what) => {
        forget('key' in what ? `key ${what.key}` : `tag ${what.tag}`)
        for (const [key, { tags, sealed }] of entries) if (!sealed && ('key' in what ? key === what.key : tags.includes(what.tag))) entries.delete(key)
        if ('key' in what) entries.delete(what.key)
      },
      generation: async () => String(drops),
    }
  },
})
export default definePlugin({ name: 'cache-in-a-map', kernel: '^1', adapters: [map] })
