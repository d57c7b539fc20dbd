/** The laws of `authenticator`, for all that the configuration names. Nobody is known here, so that every answer must be 401. */
import type Koa from 'koa'
import { text as read } from 'node:stream/consumers'
import { authenticator, HttpError } from '../../../core/index.ts'
import type { Authenticator, Credential, Port } from '../../../core/index.ts'
import { strangeHeaders, withServer } from './http.ts'
import type { Exchange, Sent } from './http.ts'
import { assert, defineContract, eachOf } from './kit.ts'

/** Milliseconds in which an answer must be there. */
const PATIENCE = 5_000
const within = <T>(what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, fail) => { timer = setTimeout(() => { fail(new Error(`${what} took longer than ${PATIENCE / 1000} s`)) }, PATIENCE) })
  return Promise.race([work, late]).finally(() => { clearTimeout(timer) })
}

/** Requests with something that may be taken for a credential. */
const attempts = (): Sent[] => {
  const values = [...strangeHeaders, 'Bearer', 'Bearer ', 'bearer x', 'BEARER\tx', 'Bearer x y', 'Basic YTpi', 'Bearer null', 'Bearer undefined', 'Bearer {}', 'Bearer []', 'Bearer eyJhbGciOiJub25lIn0.e30.']
  const carried = [
    ...values.map((value) => ({ authorization: value })), ...strangeHeaders.map((value) => ({ authorization: `Bearer ${value}` })),
    ...strangeHeaders.flatMap((value) => [{ cookie: value }, { cookie: `access_token=${value}` }, { cookie: `access_token=${value}; csrf_token=${value}`, 'x-csrf-token': value }]),
    ...['x-api-key', 'x-access-token', 'proxy-authorization'].map((name) => ({ [name]: 'Bearer x' })),
    { authorization: ['Bearer a', 'Bearer b'] }, { authorization: ['', ''] }, { cookie: ['access_token=a', 'access_token=b'] },
  ]
  return (carried as Record<string, string | string[]>[]).flatMap((headers) => [{ headers }, { method: 'POST', headers, body: '{}' }])
}

/** What it says to a request: the carriers that it sees, and its refusal. */
const ask = async (ctx: Koa.Context, one: Authenticator, credential: Credential): Promise<{ carriers: readonly string[]; refusal: string }> => {
  const carriers = one.carriers(ctx)
  assert.ok(Array.isArray(carriers) && carriers.every((carrier) => typeof carrier === 'string' && carrier !== ''), `carriers gave ${JSON.stringify(carriers)}`)
  const error: unknown = await within('authenticate', one.authenticate(ctx, credential).then((actor) => new Error(`it knows ${JSON.stringify(actor)}`), (it: unknown) => it))
  assert.ok(error instanceof HttpError && error.status === 401, `it was answered with ${String(error)}`)
  return { carriers, refusal: `${error.code}: ${error.message}` }
}
/** For each kind that it serves, a server that answers with what `ask` gives, or with 500 and why the law is broken. */
const perKind = async (one: Authenticator, run: (exchange: Exchange, credential: Credential) => Promise<void>): Promise<void> => {
  for (const credential of one.serves) {
    await withServer([async (ctx) => {
      try {
        const said = await ask(ctx, one, credential)
        ctx.body = { ...said, body: await read(ctx.req) }
      } catch (error) { ctx.status = 500; ctx.body = `for ${credential}, ${ctx.method} ${JSON.stringify(ctx.headers).slice(0, 300)}: ${(error as Error).message}` }
    }], (exchange) => run(exchange, credential))
  }
}
interface Said { readonly carriers: readonly string[]; readonly refusal: string; readonly body: string }
const said = async ({ send }: Exchange, sent: Sent): Promise<Said> => {
  const { status, text } = await send(sent)
  assert.equal(status, 200, text)
  return JSON.parse(text) as Said
}

export const authenticatorContract = defineContract(authenticator as unknown as Port<ReadonlyMap<string, Authenticator>>, {
  laws: {
    'serves at least one kind of credential, and none that another serves': (all) => {
      const served = new Map<Credential, string>()
      for (const [name, { serves }] of all) {
        assert.ok(serves.length > 0 && new Set(serves).size === serves.length, `${name} serves ${serves.join(', ') || 'nothing'}`)
        for (const kind of serves) {
          assert.notEqual(kind, 'none', `${name} serves requests without a credential`)
          assert.equal(served.get(kind), undefined, `${name} serves ${kind}, as does ${served.get(kind) ?? ''}: only the first is ever asked`)
          served.set(kind, name)
        }
      }
    },
    'sees no credential where there is none, and refuses': eachOf((one) => perKind(one, async (exchange) => {
      for (const headers of [{}, { accept: 'application/json', 'user-agent': 'x', origin: 'https://example.org', 'content-type': 'application/json' }]) {
        for (const method of ['GET', 'POST', 'DELETE']) assert.deepEqual((await said(exchange, { method, path: '/?token=x&access_token=y', headers })).carriers, [])
      }
    })),
    'refuses a credential of any content with 401, in time': eachOf((one) => perKind(one, async (exchange) => {
      for (const sent of attempts()) await said(exchange, sent)
    })),
    'decides alike alone and among others': eachOf((one) => perKind(one, async (exchange) => {
      const some = [{}, ...attempts().filter((_, index) => index % 7 === 0)]
      const alone: Said[] = []
      for (const sent of some) alone.push(await said(exchange, sent))
      assert.deepEqual(await Promise.all(some.map((sent) => said(exchange, sent))), alone)
    })),
    'leaves the body of the request to whoever comes after it': eachOf((one) => perKind(one, async (exchange) => {
      const body = JSON.stringify({ access_token: 'x'.repeat(100_000) })
      assert.equal((await said(exchange, { method: 'POST', headers: { authorization: 'Bearer x', 'content-type': 'application/json' }, body })).body, body)
    })),
  },
})
