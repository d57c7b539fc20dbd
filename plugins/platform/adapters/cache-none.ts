/** Remembers nothing: a cache of which every entry is forgotten as soon as it is written. */
import { cache, defineAdapter } from '../../../core/index.ts'
import { wholeMs } from '../services/memory-cache.ts'

export const noCache = defineAdapter(cache, 'none', {
  create: () => ({
    get: async () => undefined,
    set: async (_key, _value, { ttl }) => wholeMs(ttl) > 0,
    seal: async (_key, _value, ttl) => { wholeMs(ttl) },
    drop: async () => undefined,
    generation: async () => '',
  }),
})
