/** Memory in front of one Redis: most reads cost nothing, and a drop or a seal has an answer once all processes have forgotten. */
import Joi from 'joi'
import { cache, defineAdapter, logger } from '../../../core/index.ts'
import { layeredCache as createLayeredCache } from '../services/layered-cache.ts'
import { memoryLimits } from '../services/memory-cache.ts'
import type { MemoryCacheLimits } from '../services/memory-cache.ts'
import type { ServedCache } from '../services/redis-cache.ts'
import { LONGEST_LEASE } from '../services/redis-holders.ts'
import { openRedis, QUICK, redisPrefix, redisUrl } from '../services/redis.ts'

interface Settings extends MemoryCacheLimits {
  /** Url. */
  readonly redis: string
  readonly prefix: string
  /** Milliseconds for which a process may use what it read without asking again. */
  readonly lease: number
}

export const layeredCache = defineAdapter(cache, 'layered', {
  options: Joi.object<Settings, true>({
    redis: redisUrl().required(), prefix: redisPrefix(), lease: Joi.number().integer().min(1).max(LONGEST_LEASE).default(LONGEST_LEASE), ...memoryLimits,
  }),
  uses: { log: logger },
  create: async ({ log }, { redis, ...settings }): Promise<ServedCache> =>
    createLayeredCache(await openRedis(redis, { log, path: 'adapters.cache.layered.redis', ...QUICK }), { log, ...settings }),
  health: (it) => (it as ServedCache).health(),
  dispose: (it) => (it as ServedCache).close(),
})
