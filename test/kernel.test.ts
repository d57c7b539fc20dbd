import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import Joi from 'joi'
import type Koa from 'koa'
import { CycleError, sortByNeeds } from '../core/graph.ts'
import {
  authenticator, database, defineAdapter, defineConfig, defineErrors, definePlugin, definePort, job, middleware, notYet, queue, reply, request, route, service,
  StartupError, storage,
} from '../core/index.ts'
import type { Actor, Authenticator, Plugin, ServerEvent } from '../core/index.ts'
import { createApp } from '../core/http.ts'
import { createKernel } from '../core/kernel.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'

// The kernel alone: only `platform` is on, everything else is what a test brings.
const alone = { plugins: { auth: null, models: null, datasets: null, 'api-keys': null, apps: null, runs: null, annotations: null, chat: null, mcp: null, 'dify-import': null, provision: null, bootstrap: null }, adapters: { authenticator: null, modelProvider: null, extractor: null, datasetLifecycle: null, appLifecycle: null, appParameter: null, fileReferences: null, runKind: null, memberLifecycle: null, command: { jobs: {} } } }
const open = { surface: 'root', credential: 'none', access: 'public', resource: 'none', summary: 'A test' } as const
const plugin = (parts: Partial<Plugin>): Plugin => definePlugin({ name: 'acme', kernel: '^1', ...parts })

const bob: Actor = {
  kind: 'key', id: 'bob', workspaceId: 'w1',
  can: (permission, resource) => permission === 'thing:read' && (resource?.type !== 'dataset' || resource.id === '11111111-1111-4111-8111-111111111111'),
  reach: () => [],
}
const password = definePlugin({
  name: 'password', kernel: '^1', permissions: { 'thing:read': 'Read a thing' },
  adapters: [defineAdapter<Authenticator>(authenticator as never, 'password', {
    create: () => ({
      serves: ['dataset'],
      carriers: (ctx) => [...ctx.get('authorization') ? ['header authorization'] : [], ...ctx.get('x-password') ? ['header x-password'] : []],
      authenticate: async (ctx) => {
        if (ctx.get('authorization') === 'Bearer late') await new Promise((done) => { ctx.res.once('close', done) })
        if (['Bearer bob', 'Bearer late'].includes(ctx.get('authorization'))) return bob
        throw defineErrors({ no: [401, 'unauthorized', 'who are you'] }).no(undefined, { headers: { 'WWW-Authenticate': 'Bearer realm="api"' } })
      },
    }),
  })],
})
const withPassword = { ...alone, adapters: { ...alone.adapters, authenticator: { password: {} } } }

let events: string[] = []
let disposed = 0
let streamsEnded = 0
const greeter = definePort<{ greet(name: string): string }>('acme.greeter')
const settings = defineConfig('acme', Joi.object<{ word: string }, true>({ word: Joi.string().default('hello') }))
const english = defineAdapter(greeter, 'english', { uses: { settings }, create: ({ settings: { word } }) => ({ greet: (name) => `${word} ${name}` }) })
const whoAsks = service('acme.who-asks', { lifetime: 'request', uses: { actor: request.actor }, create: ({ actor }) => ({ name: () => actor.id }), dispose: () => { disposed += 1; throw new Error('no end') } })
const errors = defineErrors({ teapot: [418, 'teapot', 'I am a teapot; ask a coffee machine.'] })
const secret = { authorization: 'Bearer bob' }
const thing = { surface: 'service', credential: 'dataset', access: 'thing:read', summary: 'A test' } as const
const byId = { params: Joi.object<{ dataset_id: string }, true>({ dataset_id: Joi.string().guid().lowercase().required() }) }

let flooded = 0
const slow: { aborted?: boolean; late?: boolean } = {}
const routes = [
  route({ ...open, method: 'GET', path: '/greet/{name}', params: Joi.object<{ name: string }, true>({ name: Joi.string().max(5).required() }), uses: { greeter }, reply: Joi.object<{ text: string }, true>({ text: Joi.string().required() }), handle: ({ params }, deps) => ({ text: deps.greeter.greet(params.name) }) }),
  route({ ...open, method: 'GET', path: '/greet/nobody', handle: () => ({ text: 'silence' }) }),
  route({ ...open, method: 'POST', path: '/echo', body: Joi.object({ n: Joi.number().integer().required(), tags: Joi.array().items(Joi.string()), free: Joi.object().unknown() }), handle: ({ body }) => body as object }),
  route({ ...open, method: 'GET', path: '/tea', handle: () => { throw errors.teapot() } }),
  route({ ...open, method: 'GET', path: '/boom', handle: () => { throw new Error('the secret is 42') } }),
  route({ ...open, method: 'GET', path: '/liar', reply: Joi.object<{ n: number }>({ n: Joi.number().required() }), handle: () => ({ n: 'one' as unknown as number }) }),
  route({ ...open, method: 'DELETE', path: '/nothing', reply: reply.empty, handle: () => undefined }),
  route({ ...open, method: 'GET', path: '/file', reply: reply.file, handle: () => ({ body: Buffer.from('<b>bytes</b>'), mediaType: 'text/html', name: '报告.html', size: 12 }) }),
  route({
    ...open, method: 'GET', path: '/events', reply: reply.events, query: Joi.object<{ fail?: number }>({ fail: Joi.number().default(99) }),
    async *handle({ query }): AsyncGenerator<ServerEvent> {
      try {
        for (let n = 0; n < 3; n++) {
          if (n === query.fail) throw errors.teapot()
          yield { data: { n } }
        }
      } finally { streamsEnded += 1 }
    },
  }),
  route({
    ...open, method: 'GET', path: '/flood', reply: reply.events,
    async *handle(): AsyncGenerator<ServerEvent> { for (flooded = 0; flooded < 400; flooded++) yield { data: '洪'.repeat(10_000) } },
  }),
  route({
    ...open, method: 'GET', path: '/slow', handle: async ({ signal }) => {
      slow.aborted = false
      await new Promise((done) => { signal.addEventListener('abort', done) })
      slow.aborted = true
      return {}
    },
  }),
  route({ ...thing, method: 'GET', path: '/late', resource: 'none', handle: ({ signal }) => { slow.late = signal.aborted; return {} } }),
  route({ ...open, method: 'GET', path: '/wait', handle: async () => { await sleep(400); return { waited: true } } }),
  route({
    ...open, method: 'POST', path: '/upload', upload: { field: 'file', required: true, maxBytes: 1000 }, body: Joi.object({ data: Joi.object({ keep: Joi.boolean() }) }), uses: { storage },
    handle: ({ files: [file], body }) => {
      const { data } = body as { data?: { keep?: boolean } }
      if (data?.keep) file?.keep()
      return { name: file?.name, size: file?.size, hash: file?.hash, key: file?.key }
    },
  }),
  route({ ...thing, method: 'GET', path: '/datasets/{dataset_id}', ...byId, resource: { dataset: 'params.dataset_id' }, uses: { whoAsks }, handle: (_call, deps) => ({ me: deps.whoAsks.name() }) }),
  route({ ...thing, method: 'POST', path: '/many', resource: { dataset: 'body.ids' }, body: Joi.object({ ids: Joi.array().items(Joi.string()).required() }), handle: () => ({}) }),
]
const acme = plugin({
  config: settings, ports: [greeter as never], adapters: [english, defineAdapter(middleware as never, 'mark', { create: () => ({ after: ['request-id'], handle: async (ctx: Koa.Context, next: () => Promise<void>) => {
    ctx.set('X-Mark', 'yes')
    await next()
    if (ctx.get('x-through') === 'pipe') ctx.body = (ctx.body as Readable).pipe(new PassThrough())
    if (ctx.get('x-through') === 'read') ctx.body = Readable.from(ctx.body as Readable)
  } }) as never })],
  routes,
  jobs: [job('acme.note', { payload: Joi.object<{ text: string }>({ text: Joi.string().required() }), handle: ({ payload }) => { events.push(payload.text) } })],
  start: () => { events.push('start') }, stop: () => { events.push('stop') },
})

let app: TestApp
test.before(async () => {
  app = await testApp({ config: { ...withPassword, server: { drainMs: 5_000 }, plugins: { ...alone.plugins }, adapters: { ...withPassword.adapters, middleware: { 'request-id': {}, mark: {} } } } as never, plugins: [acme, password] })
})
test.after.always(() => app.close())

test('the order of making: every need comes first, and a cycle is named', (t) => {
  const edges = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 })), { maxLength: 40 })
  fc.assert(fc.property(edges, (pairs) => {
    // An edge from a larger to a smaller number can never close a circle.
    const needs = new Map(Array.from({ length: 13 }, (_, n) => [String(n), pairs.filter(([a, b]) => a === n && b < n).map(([, b]) => String(b))]))
    const sorted = sortByNeeds(needs)
    return sorted.length === 13 && [...needs].every(([key, list]) => list.every((need) => sorted.indexOf(need) < sorted.indexOf(key)))
  }))
  const error = t.throws(() => sortByNeeds(new Map([['a', ['b']], ['b', ['c']], ['c', ['b']]])), { instanceOf: CycleError })
  t.deepEqual(error.path, ['b', 'c', 'b'])
})

test('a route answers, with its own plugin\'s configuration, and words win over parameters', async (t) => {
  t.deepEqual(await (await app.fetch('/greet/ann')).json(), { text: 'hello ann' })
  t.deepEqual(await (await app.fetch('/greet/nobody')).json(), { text: 'silence' })
  const response = await app.fetch('/healthz')
  t.is(response.headers.get('x-mark'), 'yes')
  t.regex(response.headers.get('x-request-id') ?? '', /^[\w-]{8,}$/)
})

test('every failure is JSON with code, message and status', async (t) => {
  const expect = async (status: number, code: string, response: Response): Promise<Record<string, unknown>> => {
    const body = await response.json() as Record<string, unknown>
    t.is(response.status, status)
    t.is(body['code'], code)
    t.is(body['status'], status)
    t.truthy(body['message'])
    return body
  }
  await expect(404, 'not_found', await app.fetch('/nowhere'))
  await expect(404, 'not_found', await app.fetch('/greet/much-too-long'))
  await expect(404, 'not_found', await app.fetch('/greet/%E0%A4%A'))
  const method = await app.fetch('/echo')
  t.is(method.headers.get('allow'), 'POST, OPTIONS')
  await expect(405, 'method_not_allowed', method)
  await expect(418, 'teapot', await app.fetch('/tea'))
  const boom = await expect(500, 'unknown', await app.fetch('/boom'))
  t.notRegex(JSON.stringify(boom), /42/)
  await expect(500, 'unknown', await app.fetch('/liar'))
  t.is((await expect(400, 'invalid_param', await app.fetch('/echo', { json: { n: 'x', more: 1 } })))['params'], 'n')
  await expect(400, 'invalid_param', await app.fetch('/echo', { json: { n: 1, more: 1 } }))
  const json = (body: string, type = 'application/json'): Promise<Response> => app.fetch('/echo', { method: 'POST', body, headers: { 'content-type': type } })
  await expect(400, 'bad_request', await json('{'))
  await expect(400, 'bad_request', await app.fetch('/echo', { method: 'POST' }))
  await expect(400, 'bad_request', await json('{"n":1,"free":{"__proto__":{"x":1}}}'))
  await expect(400, 'bad_request', await json('{"n":1,"free":{"constructor":{"prototype":{"x":1}}}}'))
  await expect(400, 'bad_request', await json('{"n":1,"\\u005f_proto__":{"x":1}}'))
  await expect(415, 'unsupported_media_type', await json('n=1', 'text/plain'))
  await expect(413, 'request_entity_too_large', await json(JSON.stringify({ n: 1, tags: ['x'.repeat(3 * 1024 * 1024)] })))
  t.is((await app.fetch('/echo', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } })).status, 415)
  t.is((await app.fetch('/nothing', { method: 'DELETE' })).status, 204)
  t.is((await app.fetch('/echo', { method: 'OPTIONS' })).status, 204)
})

test('who asks comes first, then the address, then what they may, then the input', async (t) => {
  const mine = '/v1/datasets/11111111-1111-4111-8111-111111111111'
  const other = '/v1/datasets/22222222-2222-4222-8222-222222222222'
  const status = async (path: string, headers: Record<string, string> = secret, init: RequestInit = {}): Promise<number> => (await app.fetch(path, { ...init, headers })).status
  t.is(await status(mine), 200)
  t.is(await status(mine.toUpperCase().replace('/V1/DATASETS', '/v1/datasets')), 200)
  t.deepEqual(await (await app.fetch(mine, { headers: secret })).json(), { me: 'bob' })
  t.is(await status(other), 403)
  t.is(await status('/v1/datasets/not-an-id'), 404)
  t.is(await status('/v1/datasets/not-an-id', {}), 401)
  t.is(await status(mine, { ...secret, 'x-password': 'x' }), 401)
  t.is((await app.fetch(mine)).headers.get('www-authenticate'), 'Bearer realm="api"')
  const many = (ids: string[]): Promise<Response> => app.fetch('/v1/many', { json: { ids }, token: 'bob' })
  t.is((await many(['11111111-1111-4111-8111-111111111111'])).status, 200)
  t.is((await many(['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'])).status, 403)
})

test('files are streamed to storage and removed unless they are kept', async (t) => {
  const store = app.resolve(storage)
  const send = async (fill: (form: FormData) => void): Promise<{ status: number; body: Record<string, string> }> => {
    const form = new FormData()
    fill(form)
    const response = await app.fetch('/upload', { method: 'POST', body: form })
    return { status: response.status, body: await response.json() as Record<string, string> }
  }
  const file = new Blob(['twelve bytes'])
  const gone = await send((form) => { form.set('file', file, '报告 x.txt') })
  t.like(gone.body, { name: '报告 x.txt', size: 12 })
  t.is(await store.size(gone.body['key'] as string), undefined)
  const kept = await send((form) => { form.set('file', file, 'a.txt'); form.set('data', '{"keep":true}') })
  t.is(await store.size(kept.body['key'] as string), 12)
  t.is((await send((form) => { form.set('file', new Blob(['x'.repeat(1001)]), 'a.txt') })).body['code'], 'file_too_large')
  t.is((await send((form) => { form.set('file', new Blob(['x'.repeat(1000)]), 'a.txt') })).status, 200)
  t.is((await send((form) => { form.set('data', '{}') })).body['code'], 'no_file_uploaded')
  t.is((await send((form) => { form.append('file', file, 'a'); form.append('file', file, 'b') })).body['code'], 'too_many_files')
  t.is((await send((form) => { form.set('other', file, 'a') })).body['code'], 'invalid_param')
  t.is((await send((form) => { form.set('file', file, 'a'); form.set('data', '{"more":1}') })).body['code'], 'invalid_param')
  t.is((await app.fetch('/upload', { json: {} })).status, 415)
  const cut = await app.fetch('/upload', { method: 'POST', body: '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf', headers: { 'content-type': 'multipart/form-data; boundary=x' } })
  t.is(cut.status, 400)
})

test.serial('of a form that is refused nothing stays, wherever its parts are cut', async (t) => {
  const part = (name: string, rest = '') => `--x\r\nContent-Disposition: form-data; name="${name}"${rest}\r\n\r\n`
  const file = part('file', '; filename="a.txt"')
  for (const fault of [`${part('data')}{}\r\n${part('data')}{}\r\n`, `${part('other', '; filename="b"')}x\r\n`]) {
    const body = new ReadableStream({
      start: async (to) => {
        for (const chunk of [`${fault}${file}begun `, 'and ended\r\n--x--\r\n']) { to.enqueue(Buffer.from(chunk)); await sleep(50) }
        to.close()
      },
    })
    const response = await app.fetch('/upload', {
      method: 'POST', body, duplex: 'half', headers: { 'content-type': 'multipart/form-data; boundary=x' }, signal: AbortSignal.timeout(5_000),
    })
    t.is((await response.json() as { code: string }).code, 'invalid_param')
  }
  t.deepEqual(await readdir(join(app.dataDir, 'storage/~incoming')), [])
})

test('a file is an attachment, and events stream; a failure after the first is an event', async (t) => {
  const file = await app.fetch('/file')
  t.is(file.headers.get('content-disposition'), 'attachment; filename="??.html"; filename*=UTF-8\'\'%E6%8A%A5%E5%91%8A.html')
  t.is(await file.text(), '<b>bytes</b>')
  const all = await app.fetch('/events')
  t.regex(all.headers.get('content-type') ?? '', /^text\/event-stream/)
  t.is(await all.text(), 'data: {"n":0}\n\ndata: {"n":1}\n\ndata: {"n":2}\n\n')
  t.is((await app.fetch('/events?fail=0')).status, 418)
  const half = await app.fetch('/events?fail=1')
  t.is(half.status, 200)
  t.is(await half.text(), 'data: {"n":0}\n\ndata: {"event":"error","status":418,"code":"teapot","message":"I am a teapot; ask a coffee machine."}\n\n')
  for (const how of ['pipe', 'read']) t.is(await (await app.fetch('/events', { headers: { 'x-through': how } })).text(), await (await app.fetch('/events')).text(), `a middleware may ${how} them`)
  const before = streamsEnded
  t.is((await app.fetch('/events', { method: 'HEAD' })).status, 200)
  for (let wait = 0; streamsEnded === before && wait < 100; wait++) await sleep(20)
  t.is(streamsEnded, before + 1, 'who has begun is told that nobody listens')
})

/** What a server says on a connection of its own until it closes it. */
const say = async (request: string): Promise<string> => {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => { socket.write(request) })
  return Buffer.concat(await socket.toArray() as Buffer[]).toString()
}
test('events come whole on any connection: in chunks, in their turn, without chunks, and to who reads slowly', async (t) => {
  const lines = [0, 1, 2].map((n) => `data: {"n":${n}}\n\n`)
  const chunks = `${lines.map((line) => `${line.length.toString(16)}\r\n${line}\r\n`).join('')}0\r\n\r\n`
  const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
  const [, ...three] = (await say(get('/events') + get('/events') + get('/events', 'Connection: close\r\n'))).split(/HTTP\/1\.1 200 OK\r\n(?:.+\r\n)+\r\n/)
  t.deepEqual(three, [chunks, chunks, chunks])
  t.is((await say('GET /events HTTP/1.0\r\n\r\n')).split('\r\n\r\n')[1], lines.join(''))

  const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => { socket.write(get('/flood', 'Connection: close\r\n')) })
  await sleep(500)
  const ahead = flooded
  t.true(ahead > 0 && ahead < 400, 'it is not asked for more than is read')
  const all = Buffer.concat(await socket.toArray() as Buffer[]).toString()
  t.is(all.match(/洪/g)?.length, 400 * 10_000)
  t.true(all.endsWith('\r\n0\r\n\r\n'))
  t.is((await (await app.fetch('/flood')).text()).length, 400 * ('data: ""\n\n'.length + 10_000))
})

test('the signal aborts when the client goes away', async (t) => {
  const client = new AbortController()
  const answer = app.fetch('/slow', { signal: client.signal })
  while (slow.aborted === undefined) await sleep(10)
  client.abort()
  await t.throwsAsync(answer, { any: true })
  for (let wait = 0; !slow.aborted && wait < 100; wait++) await sleep(20)
  t.true(slow.aborted)
})

test('the signal of a client that left while it was looked up has aborted already', async (t) => {
  await t.throwsAsync(app.fetch('/v1/late', { token: 'late', signal: AbortSignal.timeout(200) }), { any: true })
  for (let wait = 0; slow.late === undefined && wait < 100; wait++) await sleep(20)
  t.true(slow.late)
})

test.serial('a file that cannot be removed does not spoil the answer', async (t) => {
  const store = app.resolve(storage)
  const remove = store.delete
  store.delete = async () => { throw new Error('read-only') }
  t.teardown(() => { store.delete = remove })
  const form = new FormData()
  form.set('file', new Blob(['bytes']), 'a.txt')
  t.is((await app.fetch('/upload', { method: 'POST', body: form })).status, 200)
})

test.serial('a request leaves nothing behind, and a service of it that ends badly takes nobody along', async (t) => {
  const running = new Set<AbortController>()
  const server = createApp(app.kernel.container, app.kernel.catalogue.routes, running, () => false).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const before = disposed
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/datasets/11111111-1111-4111-8111-111111111111`
  t.is((await fetch(url, { headers: secret })).status, 200)
  for (let wait = 0; disposed === before && wait < 100; wait++) await sleep(20)
  t.is(disposed, before + 1)
  t.is(running.size, 0)
})

test('jobs run, also those enqueued in a transaction, but not those of a transaction that fails', async (t) => {
  const [db, jobs] = [app.resolve(database), app.resolve(queue)]
  const note = acme.jobs?.[0] as never
  events = []
  await jobs.enqueue(note, { text: 'plain' })
  await db.transaction(async () => { await jobs.enqueue(note, { text: 'committed' }) })
  await t.throwsAsync(db.transaction(async () => {
    await jobs.enqueue(note, { text: 'rolled back' })
    throw new Error('no')
  }))
  await app.runJobs()
  t.deepEqual(events.sort(), ['committed', 'plain'])
})

test('readiness tells what is wrong', async (t) => {
  const ready = await app.fetch('/readyz')
  t.is(ready.status, 200)
  t.like(await ready.json(), { state: 'ready', checks: { database: 'ok' } })
})

test('a stop lets running requests end, and unwinds in reverse', async (t) => {
  const other = await testApp({ config: withPassword as never, plugins: [acme, password] })
  const running = other.fetch('/wait')
  // Opened ahead of its need, as browsers do.
  const silent = connect((other.kernel.address as AddressInfo).port, '127.0.0.1')
  silent.on('error', () => undefined)
  t.teardown(() => silent.destroy())
  await sleep(100)
  events = []
  const started = Date.now()
  const stopped = other.close()
  t.deepEqual(await (await running).json(), { waited: true })
  await stopped
  t.true(Date.now() - started < 9_000, 'it waits for requests, not for connections')
  t.deepEqual(events, ['stop'])
  await t.throwsAsync(other.fetch('/healthz'))
})

const kernelWith = (plugins: readonly Plugin[], layer: object = {}) => createKernel({
  root: new URL('..', import.meta.url).pathname, env: { MORTISE_PROFILE: 'test', SECRET_KEY: 'a secret key that only tests would use' }, layers: [alone as never, layer], plugins,
})
const problemsOf = async (plugins: readonly Plugin[], layer: object = {}): Promise<string> => {
  try { await kernelWith(plugins, layer) } catch (error) { if (error instanceof StartupError) return error.message; throw error }
  return ''
}

test('whatever cannot work is refused before anything runs, all of it at once', async (t) => {
  const missing = definePort<object>('acme.missing')
  const a = service('acme.a', { uses: {}, create: () => ({}) })
  const twin = service('acme.a', { uses: {}, create: () => ({}) })
  const leak = service('acme.leak', { uses: { who: whoAsks }, create: () => ({}) })
  const message = await problemsOf([plugin({
    uses: { missing, a, twin, leak },
    routes: [
      route({ ...open, method: 'GET', path: '/x/{id}', handle: () => ({}) }),
      route({ ...open, method: 'GET', path: '/healthz', handle: () => ({}) }),
      route({ ...open, method: 'GET', path: '/x/{other}', params: Joi.object({ other: Joi.string() }), handle: () => ({}) }),
      route({ ...open, method: 'GET', path: '/y', access: 'thing:raed', handle: () => ({}) }),
    ],
  }), { ...password, name: 'old', kernel: '^0.1' }, password], { adapters: { cache: { redsi: {} }, databse: { x: {} } } })
  for (const part of [/acme\.missing/, /two services are called "acme\.a"/, /outlives a request/, /\{id\}/, /GET \/healthz/, /GET \/x\/\{\}" is already its own/, /thing:raed.*thing:read/s, /kernel \^0\.1/, /redsi/, /databse[^\n]*\n?[^\n]*database/]) t.regex(message, part)
})

test('a circle of needs is shown with its path', async (t) => {
  const [left, right] = [definePort<object>('acme.left'), definePort<object>('acme.right')]
  const message = await problemsOf([plugin({
    ports: [left, right] as never,
    adapters: [defineAdapter(left, 'l', { uses: { right }, create: () => ({}) }), defineAdapter(right, 'r', { uses: { left }, create: () => ({}) })],
  })])
  t.regex(message, /acme\.left → acme\.right → acme\.left/)
})

test('a start that fails half-way undoes what it did; an optional plugin fails alone and visibly', async (t) => {
  const made: string[] = []
  const first = definePort<object>('acme.first')
  const failing = plugin({
    ports: [first as never],
    adapters: [defineAdapter(first, 'one', { create: () => { made.push('made'); return {} }, dispose: () => { made.push('undone') } })],
    start: () => { throw new Error('no luck') },
  })
  await t.throwsAsync(testApp({ config: alone as never, plugins: [failing] }), { message: 'no luck' })
  t.deepEqual(made, ['made', 'undone'])
  const there = await testApp({ config: { ...alone, plugins: { ...alone.plugins, './no/such/plugin.ts': { $optional: true } } } as never })
  t.regex(JSON.stringify(await (await there.fetch('/readyz')).json()), /no\/such\/plugin/)
  await there.close()
})

test('a stop that comes during the start waits for it, and leaves nothing running', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mortise-early-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  let stopped = false
  const kernel = await createKernel({
    root: new URL('..', import.meta.url).pathname, env: { MORTISE_PROFILE: 'test', SECRET_KEY: 'a secret key that only tests would use', DATA_DIR: dataDir },
    layers: [alone as never], plugins: [plugin({ start: () => sleep(100), stop: () => { stopped = true } })],
  })
  const started = kernel.start()
  await kernel.stop()
  await started
  t.true(stopped)
  t.is(kernel.address, undefined)
  t.is((await kernel.health()).state, 'stopping')
})

test('a server that waits for something says so, opens when it is there, and can be told to stop meanwhile', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mortise-waiting-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  let there = false
  const far = definePort<object>('acme.far')
  const distant = defineAdapter(far, 'away', {
    create: () => there ? {} : Promise.reject(notYet({ path: 'adapters.acme.far', message: 'the far side does not answer', fix: 'Wait.' })),
  })
  const start = async (waitMs: number) => {
    const kernel = await createKernel({
      root: new URL('..', import.meta.url).pathname, env: { MORTISE_PROFILE: 'test', SECRET_KEY: 'a secret key that only tests would use', DATA_DIR: dataDir },
      layers: [alone as never, { server: { waitMs, noticeMs: 300 } }], plugins: [plugin({ ports: [far as never], adapters: [distant] })],
    })
    const started = kernel.start().then(() => 'started', (error: unknown) => (error as Error).message)
    while (!kernel.address) await sleep(10)
    const { port } = kernel.address
    return { kernel, started, ask: async (path: string) => { const answer = await fetch(`http://127.0.0.1:${port}${path}`); return [answer.status, await answer.json()] as const } }
  }
  const waiting = await start(60_000)
  while (!JSON.stringify(await waiting.ask('/readyz')).includes('far side')) await sleep(20)
  t.like(await waiting.ask('/readyz'), [503, { state: 'starting', checks: { database: 'ok', 'acme.far': 'the far side does not answer' } }])
  t.deepEqual(await waiting.ask('/healthz'), [200, { status: 'ok' }])
  t.like(await waiting.ask('/v1/datasets'), [503, { code: 'service_unavailable', status: 503 }])
  there = true
  t.is(await waiting.started, 'started')
  t.is((await waiting.ask('/readyz'))[0], 200)
  const stopped = waiting.kernel.stop()
  await sleep(50)
  t.like(await waiting.ask('/readyz'), [503, { state: 'stopping' }], 'a balancer is told before the door closes')
  t.is((await waiting.ask('/healthz'))[0], 200)
  await stopped
  there = false
  const told = await start(60_000)
  await sleep(50)
  await told.kernel.stop()
  t.regex(await told.started, /the far side does not answer\n +Wait\./)
  t.regex(await (await start(0)).started, /the far side/)
})

test('whatever meets an absent database as it starts is started again: a plugin, taking jobs, the schedules', async (t) => {
  const tries: Record<string, number> = {}
  const third = (what: string) => async (): Promise<void> => {
    if ((tries[what] = (tries[what] ?? 0) + 1) < 3) throw defineErrors({ away: [503, 'service_unavailable', 'The database does not answer.'] }).away()
  }
  const waiting = await testApp({
    config: { ...alone, server: { waitMs: 60_000 } } as never, only: ['web', 'worker', 'scheduler'],
    plugins: [plugin({ start: third('plugin') })], fakes: { queue: { work: third('work'), schedule: third('schedule'), drain: async () => undefined } },
  })
  t.deepEqual(tries, { plugin: 3, work: 3, schedule: 3 })
  t.is((await waiting.fetch('/readyz')).status, 200)
  await waiting.close()
})

test('the description of the API comes from the routes', async (t) => {
  const description = await (await app.fetch('/openapi.json')).json() as { openapi: string; paths: Record<string, Record<string, { parameters?: { name: string }[] }>> }
  t.is(description.openapi, '3.1.0')
  t.is(description.paths['/greet/{name}']?.['get']?.parameters?.[0]?.name, 'name')
  t.truthy(description.paths['/v1/datasets/{dataset_id}'])
})
