/**
 * From routes to a Koa application. Every request takes the same way: who asks → is the address well formed → may they → is the
 * input right → handler → answer. The order matters: nothing is read, parsed or looked up for somebody who may not ask.
 */
import Router from '@koa/router'
import type { RouterContext } from '@koa/router'
import type Joi from 'joi'
import Koa from 'koa'
import proxyAddr from 'proxy-addr'
import { readBody } from './body.ts'
import { isPerRequest } from './container.ts'
import type { Container } from './container.ts'
import { errors } from './errors.ts'
import type { ErrorMaker } from './errors.ts'
import { sortByNeeds } from './graph.ts'
import type { Deps, Uses } from './plugin.ts'
import { authenticator, logger, middleware, request, storage } from './ports.ts'
import type { Authenticator, Logger, Middleware } from './ports.ts'
import { fullPath } from './route.ts'
import type { Actor, Call, Route } from './route.ts'
import { asHttpError, send, sendError } from './send.ts'
import { serverConfig } from './server-config.ts'

const edge = { authenticators: authenticator, chain: middleware, log: logger, storage, server: serverConfig }
const nobody: Actor = { kind: 'anonymous', id: 'anonymous', workspaceId: '', can: () => false, reach: () => [] }

/** `running` has the signal of every request that still runs; once `draining()` is true, connections are not kept. */
export const createApp = (container: Container, routes: readonly Route[], running: Set<AbortController>, draining: () => boolean): Koa => {
  const { authenticators, chain, log, storage: files, server } = container.deps(edge)
  const trusted = proxyAddr.compile(server.trustedProxies)

  const mount = (route: Route) => {
    const uses = route.uses as Uses
    const perRequest = Object.values(uses).some(isPerRequest)
    const fromBody = typeof route.resource === 'object' && String(Object.values(route.resource)[0]).startsWith('body.')
    let shared: Deps<Uses> | undefined
    let shapes: ReturnType<typeof shapesOf> | undefined
    return async (ctx: RouterContext): Promise<void> => {
      ctx.state['route'] = route
      shapes ??= shapesOf(route)
      const actor: Actor = ctx.state['actor'] = route.credential === 'none' ? nobody : await authenticate(ctx, route, authenticators)
      const params = check(shapes.params, ctx.params, errors.notFound) as Record<string, unknown>
      if (!fromBody) authorize(route, actor, { params })
      const query = check(shapes.query, ctx.query, errors.invalidParam)
      const received = await readBody(ctx, route, server, files)
      try {
        const body = checkBody(shapes.body, received.body)
        if (fromBody) authorize(route, actor, { params, body })
        let signal: AbortSignal | undefined
        // What few handlers ask for is made when they do.
        const lazy = { get signal() { return signal ??= abortSignal(ctx, running) }, get log() { return requestLog(ctx, log) } }
        const call: Call = Object.assign(lazy, { params, query, body, files: received.files, actor, ctx })
        offerScope(ctx, container, call)
        const deps = perRequest ? container.deps(uses, ctx.state['container'] as Container['awilix']) : shared ??= container.deps(uses)
        const result: unknown = await route.handle(call, deps)
        await send(ctx, route, result, server.checkReplies, call)
      } finally {
        // The work is done, or has its own error; a file too many is nobody's but ours.
        await received.discard().catch((error: unknown) => { requestLog(ctx, log).error({ err: error }, 'a file that nobody kept could not be removed') })
      }
    }
  }

  const routers = new Map<string, Router>()
  for (const route of [...routes].sort((a, b) => Number(order(a) > order(b)) - Number(order(a) < order(b)))) {
    const [path, section] = [fullPath(route), sectionOf(fullPath(route)).replace(/.*\{.*/, '')]
    if (!routers.has(section)) routers.set(section, new Router({ sensitive: true }))
    routers.get(section)?.register(path.replace(/\{(\w+)\}/g, ':$1'), [route.method], mount(route))
  }
  const sections = new Map([...routers].map(([section, router]) => [section, router.routes() as (ctx: Koa.Context, next: Koa.Next) => Promise<unknown>]))
  const app = new Koa()
  app.on('error', (error: unknown) => { log.debug({ err: error }, 'a connection ended early') })
  app.use(async (ctx, next) => {
    const started = performance.now()
    ctx.state['clientAddress'] = proxyAddr(ctx.req, trusted)
    try { await next() } catch (error) { sendError(ctx, asHttpError(error, requestLog(ctx, log))) }
    if (draining()) ctx.set('Connection', 'close')
    const { route, actor } = ctx.state as { route?: Route; actor?: Actor }
    const asked = { request: ctx.state['requestId'] as string | undefined, method: ctx.method, path: route ? fullPath(route) : ctx.path, client: ctx.state['clientAddress'] as string }
    log.info({ ...asked, status: ctx.status, ms: Math.round(performance.now() - started), actor: actor?.id }, 'request')
  })
  for (const handle of sortMiddleware(chain)) app.use(handle)
  app.use((ctx, next) => {
    const others = (): Promise<unknown> => sections.get('')?.(ctx, next) ?? next()
    return sections.get(sectionOf(ctx.path))?.(ctx, others) ?? others()
  })
  app.use((ctx) => {
    const methods = (ctx as unknown as RouterContext).matched?.flatMap((layer) => layer.methods) ?? []
    if (methods.length === 0) throw errors.notFound()
    ctx.set('Allow', [...new Set([...methods, 'OPTIONS'])].join(', '))
    if (ctx.method !== 'OPTIONS') throw errors.methodNotAllowed()
    ctx.status = 204
  })
  return app
}

/** Words before parameters, so that `/datasets/tags` is not taken for a dataset. */
const order = (route: Route): string => fullPath(route).replaceAll('{', '~')

/** The words with which a path begins, such as `/v1/datasets`. A router tries all of its routes in turn, so each section has one of its own. */
const sectionOf = (path: string): string => path.split('/', path.startsWith('/console/') ? 4 : path.startsWith('/v1/') ? 3 : 2).join('/')

const authenticate = async (ctx: Koa.Context, route: Route, all: ReadonlyMap<string, Authenticator>): Promise<Actor> => {
  const carriers = new Set([...all.values()].flatMap((one) => [...one.carriers(ctx)]))
  if (carriers.size > 1) throw errors.unauthorized(`The request carries more than one credential (${[...carriers].join(', ')}). Send exactly one.`, { headers: { 'WWW-Authenticate': 'Bearer realm="api"' } })
  const chosen = [...all.values()].find((one) => one.serves.includes(route.credential))
  if (!chosen) throw new Error(`no authenticator serves the credential "${route.credential}" of ${route.method} ${route.path}; name one under adapters.authenticator`)
  return chosen.authenticate(ctx, route.credential)
}

/** Throws 403 unless the actor may do what the route does to what the request names. */
const authorize = (route: Route, actor: Actor, input: { params: unknown; body?: unknown }): void => {
  if (route.access === 'public') return
  if (!resourcesOf(route, actor, input).every((resource) => actor.can(route.access, resource))) throw errors.forbidden()
}
const resourcesOf = (route: Route, actor: Actor, input: object): ({ type: string; id?: string } | undefined)[] => {
  if (route.resource === 'none') return [undefined]
  if (route.resource === 'workspace') return [{ type: 'workspace', id: actor.workspaceId }]
  const [type, source] = Object.entries(route.resource)[0] as [string, string]
  if (source === 'filtered') return [{ type }]
  if (source === 'key') return [{ type, id: actor.appId ?? '' }]
  const found: unknown = source.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], input)
  return (Array.isArray(found) ? found : [found]).map((id) => ({ type, id: String(id) }))
}

/** What a request must look like, with all options: Joi works them out anew where they come with a value. */
const shapesOf = ({ params, query, body }: Route) => ({ params: strict(params), query: strict(query)?.prefs({ stripUnknown: true }), body: strict(body) })
const strict = (shape: unknown) => (shape as Joi.ObjectSchema | undefined)?.prefs({ abortEarly: false, errors: { wrap: { label: false } } })
const check = (schema: Joi.ObjectSchema | undefined, value: unknown, make: ErrorMaker): unknown => {
  if (!schema) return undefined
  const result = schema.validate(value)
  if (!result.error) return result.value
  if (make === errors.notFound) throw errors.notFound()
  const { details } = result.error
  throw make(details.slice(0, 5).map(({ message }) => message).join('; '), { params: details[0]?.path.join('.') ?? '' })
}
const checkBody = (schema: Joi.ObjectSchema | undefined, body: unknown): unknown => {
  if (schema && body === undefined && schema.validate({}).error) throw errors.invalidJson()
  return check(schema, body ?? {}, errors.invalidParam)
}

const requestLog = (ctx: Koa.Context, log: Logger): Logger =>
  (ctx.state['log'] ??= log.child({ request: ctx.state['requestId'] as string | undefined })) as Logger

const abortSignal = ({ res }: Koa.Context, running: Set<AbortController>): AbortSignal => {
  const controller = new AbortController()
  running.add(controller)
  const close = (): void => {
    running.delete(controller)
    if (!res.writableFinished) controller.abort(new Error('the client went away'))
  }
  // Who left while we asked who it was is gone already.
  if (res.closed) close()
  else res.once('close', close)
  return controller.signal
}

/** Puts the request's own container at `ctx.state.container`. It is made when something first asks for it: most requests never do. */
const offerScope = (ctx: Koa.Context, container: Container, call: Call): void => {
  let scope: Container['awilix'] | undefined
  Object.defineProperty(ctx.state, 'container', {
    configurable: true,
    get: () => {
      if (scope) return scope
      const made = container.scope({ [request.actor.id]: call.actor, [request.log.id]: call.log, [request.signal.id]: call.signal })
      ctx.res.once('close', () => { made.dispose().catch((error: unknown) => { call.log.error({ err: error }, 'a service of a request did not end cleanly') }) })
      return scope = made
    },
  })
}

const sortMiddleware = (all: ReadonlyMap<string, Middleware>): Koa.Middleware[] => {
  const needs = new Map([...all].map(([name, { after = [] }]) => [name, [...after]]))
  for (const [name, { before = [] }] of all) for (const later of before) needs.get(later)?.push(name)
  return sortByNeeds(needs).map((name) => (all.get(name) as Middleware).handle)
}
