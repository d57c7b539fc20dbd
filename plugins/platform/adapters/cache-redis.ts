/** One Redis, shared by all processes: each sees at once what another drops. Every read is a round trip. */
import Joi from 'joi'
import { cache, defineAdapter, logger } from '../../../core/index.ts'
import { redisCache as createRedisCache } from '../services/redis-cache.ts'
import type { ServedCache } from '../services/redis-cache.ts'
import { openRedis, QUICK, redisPrefix, redisUrl } from '../services/redis.ts'

interface Settings { readonly url: string; readonly prefix: string }

export const redisCache = defineAdapter(cache, 'redis', {
  options: Joi.object<Settings, true>({ url: redisUrl().required(), prefix: redisPrefix() }),
  uses: { log: logger },
  create: async ({ log }, { url, prefix }): Promise<ServedCache> =>
    createRedisCache(await openRedis(url, { log, path: 'adapters.cache.redis.url', ...QUICK }), { log, prefix }),
  health: (it) => (it as ServedCache).health(),
  dispose: (it) => (it as ServedCache).close(),
})
