/** Uses counted in Redis, by all processes together. While it is away each process counts by itself, so the limit neither opens nor closes. */
import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { Logger, RateLimiter } from '../../../core/index.ts'
import { exact } from './redis-names.ts'
import { isLate, NO_ANSWER, reasonOf } from './redis.ts'
import type { RedisServer } from './redis.ts'
import { countersBy, inMemory, waitOf } from './windows.ts'

export interface RedisWindows extends RateLimiter {
  health(): Promise<void>
  close(): void
}

export const redisWindows = (server: RedisServer, { log, prefix }: { readonly log: Logger; readonly prefix: string }): RedisWindows => {
  const { client, place } = server
  const shared = countersBy((window) => new RateLimiterRedis({
    ...window, keyPrefix: `${prefix}:${window.keyPrefix}`, storeClient: client, rejectIfRedisNotReady: true,
  }))
  const own = inMemory()
  let doubted = false
  let alone = false

  /** A late answer may be our own fault, when this process was busy. A ping that is late too is not. */
  const doubt = async (): Promise<void> => {
    if (doubted) return
    doubted = true
    await client.ping().catch((error: unknown) => { if (isLate(error)) server.renew(client, NO_ANSWER) })
    doubted = false
  }
  const miss = (error: Error): void => {
    if (!alone) log.warn(`${place} does not count: ${reasonOf(error)}; each process counts by itself until it does`)
    alone = true
    if (isLate(error)) void doubt()
  }

  return {
    // Not the insurance of the library: it would not tell why it was needed, and a Redis that stands still must be noticed.
    take: async (key, limit, ms) => {
      const name = exact(key)
      try {
        const used = await shared(ms).consume(name)
        alone = false
        return waitOf(used, limit)
      } catch (error) {
        miss(error as Error)
        return waitOf(await own(ms).consume(name), limit)
      }
    },
    health: () => server.health(),
    close: server.close,
  }
}
