/** What the adapters of `rateLimiter` share: windows of time, in which uses are counted. */
import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'

/** The library counts; what is too many is decided here, so that a limit can change while its window lasts. */
export interface Window { readonly keyPrefix: string; readonly points: number; readonly duration: number }

/** One counter a length of window, which is whole seconds. */
export const countersBy = <T extends RateLimiterAbstract>(make: (window: Window) => T): ((ms: number) => T) => {
  const counters = new Map<number, T>()
  return (ms) => {
    const duration = Math.max(1, Math.ceil(ms / 1000))
    const counter = counters.get(duration) ?? make({ keyPrefix: `rate:${duration}`, points: Number.MAX_SAFE_INTEGER, duration })
    counters.set(duration, counter)
    return counter
  }
}
export const inMemory = (): ((ms: number) => RateLimiterMemory) => countersBy((window) => new RateLimiterMemory(window))

/** Milliseconds to wait; a use that was refused counts too, until its window ends. */
export const waitOf = ({ consumedPoints, msBeforeNext }: RateLimiterRes, limit: number): number => consumedPoints <= limit ? 0 : Math.max(1, msBeforeNext)
