/** Slows guessing down without giving anybody a way to lock an account: what counts is the pair of account and address. */
import { LRUCache } from 'lru-cache'
import { service } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'

const FREE = 5
const LONGEST = 15 * 60_000
const MEMORY = 60 * 60_000

interface Tries { readonly count: number; readonly next: number }
export interface Attempts {
  /** Counts a try before its outcome is known, so that many at once gain nothing. Throws 429 with Retry-After while the pair must wait. */
  take(email: string, address: string): void
  clear(email: string, address: string): void
}

/** Kept by each process for itself: a fleet of n allows n times as many tries. */
export const attempts = service('auth.attempts', {
  create: (): Attempts => {
    const tries = new LRUCache<string, Tries>({ max: 50_000, ttl: MEMORY })
    const keyOf = (email: string, address: string): string => JSON.stringify([email.toLowerCase(), address])
    return {
      take: (email, address) => {
        const key = keyOf(email, address)
        const { count, next } = tries.get(key) ?? { count: 0, next: 0 }
        const now = Date.now()
        if (now < next) throw authErrors.tooManyAttempts(undefined, { headers: { 'Retry-After': String(Math.ceil((next - now) / 1000)) } })
        const pause = count + 1 < FREE ? 0 : Math.min(1000 * 2 ** (count + 1 - FREE), LONGEST)
        tries.set(key, { count: count + 1, next: now + pause })
      },
      clear: (email, address) => { tries.delete(keyOf(email, address)) },
    }
  },
})
