/** What the kernel itself offers, as a plugin like any other: its ports and its health. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import Joi from 'joi'
import { catalogue } from './catalogue.ts'
import type { Catalogue } from './catalogue.ts'
import { errors } from './errors.ts'
import { KERNEL_VERSION } from './load.ts'
import { defineAdapter, definePlugin } from './plugin.ts'
import type { Plugin } from './plugin.ts'
import { authenticator, cache, command, database, httpClient, logger, middleware, queue, rateLimiter, signal, storage, vault } from './ports.ts'
import { route } from './route.ts'

export interface Health {
  readonly state: 'starting' | 'ready' | 'degraded' | 'stopping'
  /** Adapter or plugin → `ok`, or what is wrong. */
  readonly checks: Readonly<Record<string, string>>
}

const open = { method: 'GET', surface: 'root', credential: 'none', access: 'public', resource: 'none' } as const

export const systemPlugin = (kernel: { catalogue(): Catalogue; health(): Promise<Health> }): Plugin => definePlugin({
  name: 'kernel',
  kernel: `^${KERNEL_VERSION}`,
  ports: [database, cache, queue, signal, rateLimiter, storage, httpClient, vault, logger, middleware, authenticator, command, catalogue],
  adapters: [defineAdapter(catalogue, 'kernel', { create: () => kernel.catalogue() })],
  routes: [
    route({
      ...open, path: '/healthz', summary: 'Whether the process lives',
      reply: Joi.object<{ status: 'ok' }, true>({ status: Joi.string<'ok'>().valid('ok').required() }),
      handle: () => ({ status: 'ok' as const }),
    }),
    route({
      ...open, path: '/readyz', summary: 'Whether the server can do its work, and what keeps it from it',
      description: '503 while it starts, stops, or something that it needs does not answer.',
      reply: Joi.object<Health>({ state: Joi.string().required(), checks: Joi.object().pattern(Joi.string(), Joi.string()).required() }),
      handle: async ({ ctx }) => {
        const health = await kernel.health()
        ctx.status = health.state === 'ready' ? 200 : 503
        return health
      },
    }),
  ],
})

/** What a server that is not open yet answers: how far it is, and to everything else that one should come back. */
export const answerEarly = (health: () => Promise<Health>) => async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
  const { status, code, message } = errors.unavailable()
  const path = req.url?.split('?')[0]
  const body = path === '/healthz' ? { status: 'ok' } : path === '/readyz' ? await health() : { code, message, status }
  res.writeHead(path === '/healthz' ? 200 : status, { 'content-type': 'application/json; charset=utf-8', 'retry-after': '1', 'x-content-type-options': 'nosniff' })
  res.end(JSON.stringify(body))
}
