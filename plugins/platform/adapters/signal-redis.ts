/** Publish and subscribe between all processes that name the same Redis, database and prefix. */
import Joi from 'joi'
import { defineAdapter, logger, signal } from '../../../core/index.ts'
import { openRedis, QUICK, redisPrefix, redisUrl } from '../services/redis.ts'
import { redisSignal as createRedisSignal } from '../services/redis-signal.ts'
import type { RedisSignal } from '../services/redis-signal.ts'

interface Settings { readonly url: string; readonly prefix: string }

export const redisSignal = defineAdapter(signal, 'redis', {
  options: Joi.object<Settings, true>({ url: redisUrl().required(), prefix: redisPrefix() }),
  uses: { log: logger },
  create: async ({ log }, { url, prefix }): Promise<RedisSignal> =>
    createRedisSignal(await openRedis(url, { log, path: 'adapters.signal.redis.url', ...QUICK }), { log, prefix }),
  health: (it) => (it as RedisSignal).health(),
  dispose: (it) => { (it as RedisSignal).close() },
})
