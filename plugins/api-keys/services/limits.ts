/** How often a key may ask: counted by its id, so that neither another secret nor another process begins anew. */
import { rateLimiter, service } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'

const MINUTE = 60_000

export interface Limits {
  /** Throws 429 with Retry-After where the key has had its requests of this minute. */
  take(key: { readonly id: string; readonly rateLimit: number | null }): Promise<void>
}

export const limits = service('apiKeys.limits', {
  uses: { rateLimiter },
  create: ({ rateLimiter }): Limits => ({
    take: async ({ id, rateLimit }) => {
      if (rateLimit === null) return
      const wait = await rateLimiter.take(`api-key:${id}`, rateLimit, MINUTE)
      if (wait > 0) throw keyErrors.rateExceeded(undefined, { headers: { 'Retry-After': String(Math.ceil(wait / 1000)) } })
    },
  }),
})
