/** Events over all processes that name the same Redis, database and prefix. While it is away, those of a process are read in that process. */
import Joi from 'joi'
import { defineAdapter, logger } from '../../../core/index.ts'
import { openRedis, QUICK, redisPrefix, redisUrl } from '../../platform/ports.ts'
import { runsConfig } from '../config.ts'
import { runEvents } from '../ports.ts'
import { redisStreams } from '../services/redis-streams.ts'
import type { RedisEvents } from '../services/redis-streams.ts'

interface Settings {
  readonly url: string
  readonly prefix: string
  /** As in `memory`. */
  readonly keepBytes: number
}
/** Milliseconds beyond what a run may take. */
const MARGIN = 60_000

export const redisEvents = defineAdapter(runEvents, 'redis', {
  options: Joi.object<Settings, true>({ url: redisUrl().required(), prefix: redisPrefix(), keepBytes: Joi.number().integer().min(0).default(64 * 1024 * 1024) }),
  uses: { config: runsConfig, log: logger },
  create: async ({ config: { keepMs, seconds, leaseMs }, log }, { url, prefix, keepBytes }): Promise<RedisEvents> =>
    redisStreams(await openRedis(url, { log, path: 'adapters.runEvents.redis.url', ...QUICK }), {
      log, prefix, keepMs, keepBytes, lifeMs: seconds * 1_000 + leaseMs + keepMs + MARGIN,
    }),
  health: (it) => (it as RedisEvents).health(),
  dispose: (it) => (it as RedisEvents).close(),
})
