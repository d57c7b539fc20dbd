/**
 * A key without a checksum cannot be told from garbage offline, so each one costs a look-up. Whoever sends many that are unknown waits;
 * nobody else does, however often a key is used that is known.
 */
import { LRUCache } from 'lru-cache'
import { rateLimiter, service } from '../../../core/index.ts'
import type { HttpError } from '../../../core/index.ts'
import { apiKeysConfig } from '../config.ts'
import { keyErrors } from '../errors.ts'

const MINUTE = 60_000
/** Addresses that wait. Where there are more, the oldest is asked about again. */
const MANY = 10_000

export interface LegacyMisses {
  /** Throws 429 with Retry-After where this address has to wait. Asks nobody. */
  check(address: string): void
  /** Counts one more; throws 429 where it was one too many. */
  count(address: string): Promise<void>
}

const refuse = (ms: number): HttpError => keyErrors.legacyMisses(undefined, { headers: { 'Retry-After': String(Math.ceil(ms / 1000)) } })

export const legacyMisses = service('apiKeys.legacyMisses', {
  uses: { rateLimiter, config: apiKeysConfig },
  create: ({ rateLimiter, config }): LegacyMisses => {
    /** When the wait of an address is over, by `performance.now()`. */
    const waiting = new LRUCache<string, number>({ max: MANY })
    return {
      check: (address) => {
        const left = (waiting.get(address) ?? 0) - performance.now()
        if (left > 0) throw refuse(left)
      },
      count: async (address) => {
        const wait = await rateLimiter.take(`legacy-key:${address}`, config.legacyMisses, MINUTE)
        if (wait === 0) return
        waiting.set(address, performance.now() + wait)
        throw refuse(wait)
      },
    }
  },
})
