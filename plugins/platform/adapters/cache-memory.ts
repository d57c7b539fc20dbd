/** Remembers in this process, so it fits a deployment of one. */
import Joi from 'joi'
import { cache, defineAdapter } from '../../../core/index.ts'
import { memoryCache as createMemoryCache, memoryLimits } from '../services/memory-cache.ts'
import type { MemoryCacheLimits } from '../services/memory-cache.ts'

export const memoryCache = defineAdapter(cache, 'memory', {
  options: Joi.object<MemoryCacheLimits, true>(memoryLimits),
  onlyOne: 'Set REDIS_URL, or choose cache: none',
  create: (_deps, limits) => createMemoryCache(limits),
})
