/** Remembers nothing: a cache of which every entry is forgotten as soon as it is written. */
import { cache, defineAdapter } from '../../../core/index.ts'

export const noCache = defineAdapter(cache, 'none', {
  create: () => ({
    get: async () => undefined,
    set: async () => true,
    seal: async () => undefined,
    drop: async () => undefined,
    generation: async () => '',
  }),
})
