/** Lets the log know in which request something is done, and notes by itself what keys do. */
import { defineAdapter, middleware } from '../../../core/index.ts'
import { keyUses } from '../services/key-uses.ts'
import { requests } from '../services/requests.ts'

const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

export const auditMiddleware = defineAdapter(middleware, 'audit', {
  uses: { requests, keyUses },
  create: ({ requests, keyUses }) => ({
    after: ['request-id'],
    // What only reads leaves nothing to be written down.
    handle: (ctx, next) => SAFE.includes(ctx.method) ? next() : requests.run(ctx, async () => {
      try { await next() } catch (error) {
        keyUses.note(ctx, (error as { status?: number } | undefined)?.status ?? 500)
        throw error
      }
      keyUses.note(ctx, ctx.status)
    }),
  }),
})
