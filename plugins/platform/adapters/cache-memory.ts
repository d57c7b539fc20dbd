/** Remembers in this process, so it fits a deployment of one. */
import Joi from 'joi'
import { cache, defineAdapter } from '../../../core/index.ts'
import { memoryCache as createMemoryCache } from '../services/memory-cache.ts'
import type { MemoryCacheLimits } from '../services/memory-cache.ts'

export const memoryCache = defineAdapter(cache, 'memory', {
  options: Joi.object<MemoryCacheLimits, true>({
    maxEntries: Joi.number().integer().min(1).default(50_000),
    maxBytes: Joi.number().integer().min(1024).default(64 * 1024 * 1024),
  }),
  create: (_deps, limits) => createMemoryCache(limits),
})
