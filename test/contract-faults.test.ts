/** What the suites of logger, middleware, authenticator and command are for: each law catches a fault that somebody could make. */
import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type Koa from 'koa'
import { errors, StartupError } from '../core/index.ts'
import type { Authenticator, Command, Contract, Logger, Middleware } from '../core/index.ts'
import { authenticatorContract, commandContract, loggerContract, middlewareContract } from '../plugins/platform/contracts/index.ts'
import { brokenLaws } from './support/broken-laws.ts'

interface Fault<T> { readonly law: string; readonly subject: T }
/** A sound subject breaks no law; each fault breaks the law that it names; and no law is without a fault. */
const catches = <T>(name: string, contract: Contract<T>, sound: T, faults: Readonly<Record<string, Fault<T>>>): void => {
  test(`the ${name} suite takes what is sound, and each of its laws catches a fault`, async (t) => {
    t.deepEqual(await brokenLaws(contract, sound), [])
    const laws = Object.keys(contract.laws)
    const named = new Set(Object.values(faults).flatMap(({ law }) => laws.filter((one) => one.startsWith(law))))
    t.deepEqual(laws.filter((law) => !named.has(law)), [])
    await Promise.all(Object.entries(faults).map(async ([fault, { law, subject }]) => {
      t.is((await brokenLaws(contract, subject, {}, law)).length, 1, fault)
    }))
  })
}
const one = <T>(value: T): ReadonlyMap<string, T> => new Map([['it', value]])

const silent = (): void => undefined
const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent, child: () => quiet }
class Counting implements Logger {
  lines = 0
  debug(): void { this.lines += 1 }
  info(): void { this.lines += 1 }
  warn(): void { this.lines += 1 }
  error(): void { this.lines += 1 }
  child(): Logger { return new Counting() }
}
const later = (fields: object | string): unknown => Promise.resolve().then(() => JSON.stringify(fields))
catches('logger', loggerContract, quiet, {
  'writes plain JSON': { law: 'takes fields', subject: { ...quiet, info: (fields) => { JSON.stringify(fields) } } },
  'fails later': { law: 'takes fields', subject: { ...quiet, warn: later } },
  'puts an error into text': { law: 'takes fields', subject: { ...quiet, error: (fields) => { if (fields instanceof Object && 'err' in fields) String((fields.err as Error | null)?.message) } } },
  'reads what a child brings': { law: 'gives children', subject: { ...quiet, child: (fields) => { structuredClone(fields); return quiet } } },
  'has children that have none': { law: 'gives children', subject: { ...quiet, child: () => ({ ...quiet, child: undefined as never }) } },
  'needs itself': { law: 'its functions', subject: new Counting() },
  'blanks out in place': { law: 'leaves what', subject: { ...quiet, info: (fields) => { if (typeof fields === 'object' && 'password' in fields) fields.password = '[redacted]' } } },
})

const passing: Koa.Middleware = (_ctx, next) => next()
const handling = (handle: Koa.Middleware) => one<Middleware>({ handle })
let latest = ''
let turn: Promise<unknown> = Promise.resolve()
catches('middleware', middlewareContract, handling(passing), {
  'does not wait': { law: 'passes each', subject: handling((_ctx, next) => { next().catch(() => undefined) }) },
  'answers by itself': { law: 'passes each', subject: handling((ctx, next) => { if (ctx.method !== 'DELETE') return next(); ctx.status = 405; return undefined }) },
  'mixes requests': { law: 'passes each', subject: handling(async (ctx, next) => { latest = ctx.path; await next(); ctx.body = String(ctx.body).replace(/^\S+/, latest) }) },
  'wraps errors': { law: 'lets an', subject: handling(async (_ctx, next) => { try { await next() } catch (error) { throw new Error('failed', { cause: error }) } }) },
  'swallows errors': { law: 'lets an', subject: handling(async (_ctx, next) => { await next().catch(() => undefined) }) },
  'makes everything a success': { law: 'keeps status', subject: handling(async (ctx, next) => { await next(); ctx.status = 200 }) },
  'calls everything JSON': { law: 'keeps status', subject: handling(async (ctx, next) => { await next(); if (ctx.body) ctx.type = 'json' }) },
  'forgets headers': { law: 'keeps status', subject: handling(async (ctx, next) => { await next(); ctx.remove('X-Own') }) },
  'collects streams': { law: 'passes a', subject: handling(async (ctx, next) => { await next(); if (ctx.body instanceof Readable) ctx.body = await buffer(ctx.body) }) },
  'trusts an origin to be one': { law: 'survives headers', subject: handling((ctx, next) => { if (ctx.get('origin') !== '') new URL(ctx.get('origin')); return next() }) },
  'puts a name into the answer': { law: 'survives headers', subject: handling((ctx, next) => { ctx.set('X-Request-Id', Buffer.from(ctx.get('x-request-id'), 'latin1').toString()); return next() }) },
  'lets one in at a time, and waits for answers that nobody takes': { law: 'ends the', subject: handling(async (ctx, next) => {
    const before = turn
    turn = new Promise((done) => { ctx.res.once('finish', done) })
    await before
    await next()
  }) },
})

const headerOf = (ctx: Koa.Context): string => ctx.get('authorization')
const plain: Authenticator = {
  serves: ['app'],
  carriers: (ctx) => ctx.req.headersDistinct['authorization'] ? ['header authorization'] : [],
  authenticate: async (ctx) => { throw headerOf(ctx) === '' ? errors.unauthorized('There is no key.') : errors.unauthorized() },
}
const somebody = { kind: 'key' as const, id: 'x', workspaceId: 'x', can: () => true, reach: () => 'all' as const }
const asking = (authenticate: Authenticator['authenticate']) => one<Authenticator>({ ...plain, authenticate })
let seen = ''
catches('authenticator', authenticatorContract, one(plain), {
  'serves nothing': { law: 'serves at', subject: one({ ...plain, serves: [] }) },
  'serves what another serves': { law: 'serves at', subject: new Map([['a', plain], ['b', { ...plain, serves: ['account', 'app'] }]]) },
  'is not there': { law: 'sees no', subject: new Map() },
  'sees a credential everywhere': { law: 'sees no', subject: one({ ...plain, carriers: () => ['header authorization'] }) },
  'takes a token of the address': { law: 'sees no', subject: asking((ctx, credential) => ctx.query['token'] === undefined ? plain.authenticate(ctx, credential) : Promise.resolve(somebody)) },
  'takes nothing for somebody': { law: 'refuses a', subject: asking((ctx, credential) => headerOf(ctx) === 'Bearer null' ? Promise.resolve(somebody) : plain.authenticate(ctx, credential)) },
  'decodes without care': { law: 'refuses a', subject: asking(async (ctx, credential) => { decodeURIComponent(ctx.get('cookie')); return plain.authenticate(ctx, credential) }) },
  'forbids': { law: 'refuses a', subject: asking((ctx, credential) => headerOf(ctx).startsWith('Basic') ? Promise.reject(errors.forbidden()) : plain.authenticate(ctx, credential)) },
  'never answers': { law: 'refuses a', subject: asking((ctx, credential) => headerOf(ctx).startsWith('Basic') ? new Promise(() => undefined) : plain.authenticate(ctx, credential)) },
  'mixes requests': { law: 'decides alike', subject: asking(async (ctx) => {
    seen = headerOf(ctx)
    await new Promise((done) => { setTimeout(done, 5) })
    throw seen === '' ? errors.unauthorized('There is no key.') : errors.unauthorized()
  }) },
  'reads the body': { law: 'leaves the', subject: asking(async (ctx, credential) => { await text(ctx.req); return plain.authenticate(ctx, credential) }) },
})

const refusal = (path: string, fix: string | undefined = 'Use hello.'): StartupError => new StartupError([{ path, message: 'is not something that can be done', fix }])
const hello: Command = {
  summary: 'Greets whoever is named.', usage: '[action]', flags: { '--name <name>': 'whom to greet', '--dry-run': 'says nothing' },
  run: async ([action = 'hello']) => { if (action !== 'hello') throw refusal(action); return ['hello'] },
}
const said: Record<string, () => readonly string[]> = { hello: () => ['hello'] }
const running = (run: Command['run']) => one<Command>({ ...hello, run })
catches('command', commandContract, one(hello), {
  'says nothing of itself': { law: 'says in', subject: one({ ...hello, summary: '' }) },
  'takes a flag that is none': { law: 'says in', subject: one({ ...hello, flags: { name: 'whom to greet' } }) },
  'needs a word and does not say so': { law: 'gives lines', subject: running(async ([action]) => [(action as string).toUpperCase()]) },
  'gives one text': { law: 'gives lines', subject: running(async () => 'hello\nyou' as never) },
  'takes any word': { law: 'refuses a', subject: running(async () => ['hello']) },
  'does not name the word': { law: 'refuses a', subject: running(async ([action = 'hello']) => { if (action !== 'hello') throw refusal(''); return ['hello'] }) },
  'does not say what to do': { law: 'refuses a', subject: running(async ([action = 'hello']) => { if (action !== 'hello') throw refusal(action, ''); return ['hello'] }) },
  'looks words up in an object': { law: 'takes words', subject: running(async ([action = 'hello']) => { if (!(action in said)) throw refusal(action); return (said[action] as () => string[])() }) },
  'trusts a flag': { law: 'takes words', subject: running(async (_words, { name }) => [JSON.stringify(name === undefined ? '' : JSON.parse(String(name)))]) },
})

test('the logger keeps its laws also where it writes: every line is JSON, and what cannot be written is told', async (t) => {
  const child = spawn(process.execPath, ['--import=@oxc-node/core/register', '--input-type=module', '--eval', `
    import { pinoLogger } from './plugins/platform/adapters/logger-pino.ts'
    import { loggerContract } from './plugins/platform/contracts/logger.ts'
    const log = await pinoLogger.create({}, { level: 'debug' })
    for (const check of Object.values(loggerContract.laws)) await check(log, {})
    log.info('the end')`], { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)])
  t.is(complaints, '')
  const lines = output.trim().split('\n').map((line) => JSON.parse(line) as { level: string; msg: string; err?: { message: string; cause?: { message: string } } })
  t.is(lines.at(-1)?.msg, 'the end')
  t.true(lines.length > 500)
  t.true(lines.some(({ msg, err }) => msg === 'with a message' && err?.message === 'this line could not be written' && err.cause?.message === 'oops'))
})
