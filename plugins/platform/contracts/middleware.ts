/** The laws of `middleware`, for all that the configuration names. Each is tried alone, in front of a handler over real HTTP. */
import { PassThrough, Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type Koa from 'koa'
import { middleware } from '../../../core/index.ts'
import type { Middleware, Port } from '../../../core/index.ts'
import { strangeHeaders, withServer } from './http.ts'
import { assert, defineContract, eachOf, eventually, pause } from './kit.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
/** What may change how a middleware answers. */
const CLIENTS: readonly Record<string, string>[] = [{}, { 'accept-encoding': 'gzip, deflate, br', origin: 'https://elsewhere.example.org', 'x-request-id': 'a-request-of-mine' }]
const long = 'Some text that can be told shorter. '.repeat(1_000)
const slices = (text: string): Readable => Readable.from((async function* () { for (let at = 0; at < text.length; at += 1_000) { await turn(); yield text.slice(at, at + 1_000) } })())

const answers: Record<string, { give: (ctx: Koa.Context) => void; status: number; text: string; type?: RegExp }> = {
  json: { give: (ctx) => { ctx.body = { long } }, status: 200, text: JSON.stringify({ long }), type: /^application\/json/ },
  text: { give: (ctx) => { ctx.body = 'short' }, status: 200, text: 'short', type: /^text\/plain/ },
  bytes: { give: (ctx) => { ctx.type = 'text/csv'; ctx.body = Buffer.from(long) }, status: 200, text: long, type: /^text\/csv/ },
  stream: { give: (ctx) => { ctx.type = 'text/html'; ctx.body = slices(long) }, status: 200, text: long, type: /^text\/html/ },
  'an empty text': { give: (ctx) => { ctx.body = '' }, status: 200, text: '' },
  'nothing (204)': { give: (ctx) => { ctx.status = 204 }, status: 204, text: '' },
  'made (201)': { give: (ctx) => { ctx.status = 201; ctx.body = { a: 1 } }, status: 201, text: '{"a":1}' },
  'unchanged (304)': { give: (ctx) => { ctx.status = 304 }, status: 304, text: '' },
  'wrong (422)': { give: (ctx) => { ctx.status = 422; ctx.body = { long } }, status: 422, text: JSON.stringify({ long }) },
}

export const middlewareContract = defineContract(middleware as unknown as Port<ReadonlyMap<string, Middleware>>, {
  laws: {
    'passes each request on once, waits for its answer, and mixes none': eachOf(async ({ handle }) => {
      const [passed, early]: [string[], string[]] = [[], []]
      await withServer([
        async (ctx, next) => { await next(); if (ctx.state['answered'] !== true) early.push(ctx.path) },
        handle,
        async (ctx) => {
          passed.push(`${ctx.method} ${ctx.path}`)
          await pause(Math.random() * 20)
          ctx.state['answered'] = true
          ctx.body = `${ctx.path} ${long}`
        },
      ], async ({ send }) => {
        const asked = METHODS.flatMap((method) => CLIENTS.flatMap((headers, client) => [1, 2].map((n) => ({ method, path: `/${method}/${client}/${n}`, headers }))))
        await Promise.all(asked.map(async (one) => { assert.equal((await send(one)).text, `${one.path} ${long}`) }))
        assert.deepEqual(passed.sort(), asked.map(({ method, path }) => `${method} ${path}`).sort())
        assert.deepEqual(early, [], 'it did not wait for the answer')
      })
    }),
    'lets an error through as it is': eachOf(async ({ handle }) => {
      for (const error of [new Error('oops'), 'a text', undefined, Object.assign(new Error('gone'), { status: 410 })]) {
        for (const fail of [(): never => { throw error as Error }, async (): Promise<never> => { await turn(); throw error as Error }]) {
          let caught: { readonly error: unknown } | undefined
          await withServer([async (ctx, next) => { ctx.status = 200; try { await next() } catch (it) { caught = { error: it } } }, handle, fail], ({ send }) => send({ headers: CLIENTS[1] ?? {} }))
          assert.deepEqual(caught !== undefined && caught.error === error, true, `${String(error)} became ${String(caught?.error)}`)
        }
      }
    }),
    'keeps status, type and body of an answer, and sends none to HEAD': eachOf(async ({ handle }) => {
      for (const [what, { give, status, text, type = /^/ }] of Object.entries(answers)) {
        await withServer([handle, (ctx) => { ctx.set('X-Own', 'kept'); give(ctx) }], async ({ send }) => {
          for (const headers of CLIENTS) for (const method of ['GET', 'HEAD']) {
            const answer = await send({ method, headers })
            assert.deepEqual([answer.status, answer.headers['x-own'], answer.text], [status, 'kept', method === 'HEAD' ? '' : text], `${what}, ${method} ${JSON.stringify(headers)}`)
            assert.match(answer.headers['content-type'] ?? '', type, what)
          }
        })
      }
    }),
    'passes a stream of events on as it comes': eachOf(async ({ handle }) => {
      for (const headers of CLIENTS) {
        const events = new PassThrough()
        // As the kernel marks it.
        await withServer([handle, (ctx) => { ctx.type = 'text/event-stream'; ctx['compress'] = false; ctx.body = events }], async ({ open }) => {
          events.write('data: 0\n\n')
          const answer = await open({ headers })
          let seen = ''
          answer.on('data', (part: Buffer) => { seen += part.toString() })
          for (const n of [0, 1, 2]) {
            if (n > 0) events.write(`data: ${n}\n\n`)
            await eventually(() => seen.includes(`data: ${n}\n\n`), `event ${n} arrives before the next is sent`)
          }
          events.end()
          await new Promise((done) => { answer.on('end', done) })
        })
      }
    }),
    'survives headers of any content': eachOf(async ({ handle }) => {
      let passed = 0
      await withServer([handle, (ctx) => { passed += 1; ctx.body = long }], async ({ send }) => {
        let sent = 0
        for (const name of ['origin', 'x-request-id', 'accept-encoding', 'access-control-request-method', 'access-control-request-headers', 'cookie', 'referer', 'user-agent', 'x-forwarded-for']) {
          for (const value of strangeHeaders) {
            const { status, text } = await send({ headers: { [name]: value } })
            assert.deepEqual([status, text, passed], [200, long, sent += 1], `${name}: ${JSON.stringify(value.slice(0, 80))}`)
          }
        }
        const { status } = await send({ method: 'OPTIONS', headers: { origin: 'null', 'access-control-request-method': '*' } })
        assert.ok(status < 500, `OPTIONS was answered with ${status}`)
      })
    }),
    'ends the answer when the client goes away, and serves the next': eachOf(async ({ handle }) => {
      for (const headers of CLIENTS) {
        const bodies: Readable[] = []
        const endless = (): Readable => Readable.from((async function* () { for (;;) { await turn(); yield long } })())
        await withServer([handle, (ctx) => {
          if (ctx.path === '/next') { ctx.body = 'here'; return }
          const body = endless()
          bodies.push(body)
          ctx.body = body
        }], async ({ open, send }) => {
          const answer = await open({ headers })
          await new Promise((done) => { answer.once('data', done) })
          answer.on('error', () => undefined).destroy()
          await eventually(() => bodies.length === 1 && bodies.every(({ destroyed }) => destroyed), 'the body of the answer is given up')
          assert.equal((await send({ path: '/next', headers })).text, 'here')
        })
      }
    }),
  },
})
