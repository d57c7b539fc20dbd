import { definePort } from '../../core/index.ts'

/** The requests that this process is answering. Work that nobody waits for goes behind them. */
export interface Traffic {
  /** Resolves once none is being answered or was until a moment ago, and after `limit` milliseconds at the latest. */
  gap(limit: number): Promise<void>
}
export const traffic = definePort<Traffic>('traffic')

/** For adapters of other plugins that keep something in Redis: one way to open a connection, and to say where it leads. */
export { openRedis, QUICK, reasonOf, redisPrefix, redisUrl, script } from './services/redis.ts'
export type { RedisServer } from './services/redis.ts'
