/** Headers that keep a browser from doing more with an answer than reading it. A route that serves a page sets its own policy. */
import helmet from 'koa-helmet'
import { defineAdapter, middleware, serverConfig } from '../../../core/index.ts'

export const securityHeaders = defineAdapter(middleware, 'security-headers', {
  uses: { server: serverConfig },
  create: ({ server: { publicUrl } }) => ({
    // Ahead of what may answer by itself.
    before: ['cors', 'compression'],
    handle: helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
      frameguard: { action: 'deny' },
      referrerPolicy: { policy: 'no-referrer' },
      hsts: publicUrl?.startsWith('https:') ? { maxAge: 180 * 24 * 3600 } : false,
    }),
  }),
})
