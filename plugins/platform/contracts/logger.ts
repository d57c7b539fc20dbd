/** The laws of `logger`. Nothing that is said in passing may break the work about which it is said. */
import { logger } from '../../../core/index.ts'
import type { Logger } from '../../../core/index.ts'
import { assert, defineContract, oops, strangeStrings } from './kit.ts'

const circle = (): object => { const it: Record<string, unknown> = { list: [] }; it['self'] = it; (it['list'] as unknown[]).push(it); return it }
const chain = (length: number): Error => Array.from({ length }).reduce<Error>((cause) => new Error('further down', { cause }), new Error('the first'))
const cyclic = (): Error => { const [a, b] = [new Error('a'), new Error('b')]; return Object.assign(a, { cause: Object.assign(b, { cause: a }) }) }
const revoked = (): object => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy }
const deep = (levels: number): object => Array.from({ length: levels }).reduce<object>((inner) => ({ inner }), {})
const throwing = (name: string): object => Object.defineProperty({}, name, { get: oops, enumerable: true })

/** Fields by what is strange about them. */
const strangeFields = (): Record<string, object> => ({
  'a circle': circle(),
  'a BigInt': { big: 1n, list: [2n], inner: { big: 3n } },
  'a getter that throws': throwing('x'),
  'a getter that throws, further down': { inner: [throwing('x')] },
  'a toJSON that throws': { it: { toJSON: oops } },
  'a toString that throws': { it: { toString: oops, [Symbol.toPrimitive]: oops } },
  'a proxy of nothing': { it: revoked() },
  'no prototype': Object.assign(Object.create(null) as object, { a: 1 }),
  'what JSON has no word for': { a: Symbol('x'), b: oops, c: undefined, d: Number.NaN, e: new Date(Number.NaN), f: new Map([[1, new Set([1n])]]), g: /x/, h: Buffer.from('x'), i: Infinity },
  'names of its own': { level: 'x', time: null, msg: 1n, message: {}, pid: [], hostname: '', err: 'text', error: null },
  'strange names': Object.fromEntries(strangeStrings.map((name) => [name, name])),
  'a frozen object': Object.freeze({ inner: Object.freeze({ token: 'x' }) }),
  'something deep': deep(20_000),
  'a long list': { list: Array.from({ length: 10_000 }, (_, index) => index) },
  'an error': new Error('x'),
  'errors in fields': { err: new AggregateError([new Error('a'), cyclic()], 'b'), other: new Error('c') },
  'causes in a circle': { err: cyclic() },
  'a long chain of causes': { err: chain(5_000) },
  'an error without a message to read': { err: Object.defineProperty(new Error('x'), 'message', { get: oops }) },
  'an error with a huge message': { err: new Error('x'.repeat(100_000)) },
  'an error that is none': { err: Object.create(Error.prototype) as Error },
})

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
/** Awaits too: a promise that a logger gives back and that fails would take the process down. */
const say = async (to: Logger, fields: object | string, message?: string): Promise<void> => {
  const it: Readonly<Record<(typeof LEVELS)[number], (fields: object | string, message?: string) => unknown>> = to
  for (const level of LEVELS) await it[level](fields, message)
}
const named = async (what: string, run: () => Promise<unknown>): Promise<void> => {
  await run().catch((error: unknown) => { throw new Error(`${what}: ${(error as Error).message}`, { cause: error }) })
}

export const loggerContract = defineContract(logger, {
  laws: {
    'takes fields and messages of any content without throwing': async (subject) => {
      for (const [what, fields] of Object.entries(strangeFields())) {
        await named(what, () => say(subject, fields))
        await named(what, () => say(subject, fields, 'with a message'))
      }
      for (const text of strangeStrings) await named(JSON.stringify(text.slice(0, 80)), async () => { await say(subject, text); await say(subject, { text }, `%s %d %j %o ${text}`) })
    },
    'gives children, and children of children, that keep the same laws': async (subject) => {
      for (const [what, fields] of Object.entries(strangeFields())) {
        await named(what, async () => {
          const child = subject.child(fields)
          await say(child, { a: 1 }, 'of a child')
          await say(child.child(fields), fields, 'of a child of a child')
        })
      }
      await say(subject, { a: 1 }, 'of the first, after its children')
    },
    'its functions may be taken out': async (subject) => {
      for (const from of [subject, subject.child({ a: 1 })]) {
        const { debug, info, warn, error, child } = from
        for (const write of [debug, info, warn, error]) write({ a: 1 }, 'taken out')
        await say(child({ b: 1 }), { a: 1 }, 'of a child, taken out')
      }
    },
    'leaves what it is given as it was': async (subject) => {
      const given = () => ({ password: 'p', list: [{ token: 't' }], inner: { authorization: 'Bearer abcdefgh', cookie: ['c'] }, err: new Error('x') })
      const fields = given()
      const { err } = fields
      await say(subject, fields, 'x')
      await say(subject.child(fields), { a: 1 }, 'x')
      assert.deepEqual({ ...fields, err: err.message }, { ...given(), err: 'x' })
      assert.equal(fields.err, err)
    },
  },
})
