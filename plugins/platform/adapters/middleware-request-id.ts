/** Names each request, by the client's own name for it where that is harmless. Log lines carry it, and so does the answer. */
import { randomUUID } from 'node:crypto'
import { defineAdapter, middleware } from '../../../core/index.ts'

const SANE = /^[A-Za-z0-9_-]{8,64}$/

export const requestId = defineAdapter(middleware, 'request-id', {
  create: () => ({
    before: ['security-headers', 'cors', 'compression'],
    handle: (ctx, next) => {
      const given = ctx.get('X-Request-Id')
      const id = SANE.test(given) ? given : randomUUID()
      ctx.state['requestId'] = id
      ctx.set('X-Request-Id', id)
      return next()
    },
  }),
})
