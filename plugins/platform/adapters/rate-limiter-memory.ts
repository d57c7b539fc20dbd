/** Counts in this process: several without a Redis allow several times as many. */
import { defineAdapter, rateLimiter } from '../../../core/index.ts'
import type { RateLimiter } from '../../../core/index.ts'
import { inMemory, waitOf } from '../services/windows.ts'

export const memoryRateLimiter = defineAdapter(rateLimiter, 'memory', {
  create: (): RateLimiter => {
    const counter = inMemory()
    return { take: async (key, limit, ms) => waitOf(await counter(ms).consume(key), limit) }
  },
})
