/** Counts over all processes that name the same Redis, database and prefix; while it is away, each by itself. */
import Joi from 'joi'
import { defineAdapter, logger, rateLimiter } from '../../../core/index.ts'
import { openRedis, QUICK, redisPrefix, redisUrl } from '../services/redis.ts'
import { redisWindows } from '../services/redis-windows.ts'
import type { RedisWindows } from '../services/redis-windows.ts'

interface Settings { readonly url: string; readonly prefix: string }

export const redisRateLimiter = defineAdapter(rateLimiter, 'redis', {
  options: Joi.object<Settings, true>({ url: redisUrl().required(), prefix: redisPrefix() }),
  uses: { log: logger },
  create: async ({ log }, { url, prefix }): Promise<RedisWindows> =>
    redisWindows(await openRedis(url, { log, path: 'adapters.rateLimiter.redis.url', ...QUICK }), { log, prefix }),
  health: (it) => (it as RedisWindows).health(),
  dispose: (it) => { (it as RedisWindows).close() },
})
