/** Which web pages may call us. Listed origins, and the console's, may send cookies; everybody else's pages read nothing. */
import cors from '@koa/cors'
import Joi from 'joi'
import { defineAdapter, middleware, serverConfig } from '../../../core/index.ts'

export const crossOrigin = defineAdapter(middleware, 'cors', {
  options: Joi.object<{ readonly origins: string[] }, true>({
    origins: Joi.array().items(Joi.string().uri({ scheme: ['http', 'https'] }).custom((value: string) => new URL(value).origin)).default([]),
  }),
  uses: { server: serverConfig },
  create: ({ server: { consoleWebUrl } }, { origins }) => {
    const allowed = new Set(consoleWebUrl === undefined ? origins : [...origins, new URL(consoleWebUrl).origin])
    return {
      before: ['compression'],
      handle: cors({
        origin: (ctx) => allowed.has(ctx.get('Origin')) ? ctx.get('Origin') : '',
        credentials: true,
        allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        exposeHeaders: ['X-Request-Id', 'Content-Disposition', 'Retry-After'],
        maxAge: 600,
        keepHeadersOnError: false,
      }),
    }
  },
})
