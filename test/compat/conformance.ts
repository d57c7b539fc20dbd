/**
 * What holds for every half of the Service API: each operation is asked of a real server and held against the official description, its
 * statuses, bodies, error codes, and what it takes. A half says what to ask, and where it differs on purpose.
 */
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import type { TestApp } from '../../core/testing.ts'
import type { Answer } from '../support/client.ts'
import { put } from '../support/sample.ts'
import type { Deviation } from './deviations.ts'
import { at, choices, compare, documentedErrors, fields, official, queryOf, requestShape, some } from './shapes.ts'
import type { Difference, Field } from './shapes.ts'

/** One request to an operation. */
export interface Request {
  readonly ids?: Readonly<Record<string, string>>
  readonly query?: string
  readonly body?: object
  /** Files of the form that the body then is. */
  readonly files?: readonly { readonly name: string; readonly text: string | Uint8Array<ArrayBuffer>; readonly type?: string }[]
  readonly headers?: Readonly<Record<string, string>>
  /** Whose key; the usual one unless given. */
  readonly token?: string
}
export type Provoke = () => Promise<Answer>
export type Examples = Readonly<Record<string, readonly Request[]>>
export type Failures = Readonly<Record<string, Readonly<Record<string, Provoke>>>>
export interface Asked {
  readonly app: TestApp
  send(operation: string, request: Request): Promise<Answer>
}
export interface Half<W extends Asked> {
  /** Whose operations they are. */
  readonly credential: 'app' | 'dataset'
  make(): Promise<W>
  /** The first of each has every field that the operation takes. */
  examples(world: W): Examples
  /** `METHOD /path` → `400 invalid_param` → a request that is answered so. */
  failures(world: W): Failures
  readonly deviations: readonly Deviation[]
  /** Addresses of our own that only repeat another one, each with the one it repeats. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Operations that the official description does not have. */
  readonly additions?: readonly string[]
  /** Operations that never succeed here, and what each is told. */
  readonly unanswered?: { readonly operations: readonly string[]; readonly error: string; readonly message: RegExp }
  /** Before any field is changed. */
  settle?(world: W): void
  /** What of a body must be new in every request. */
  fresh?(world: W, operation: string): object
  close(world: W): Promise<unknown>
}
export interface Conformance<W> {
  world(): W
  operations(): string[]
  note(differences: readonly Difference[]): void
  /** The last test: what was noted is what is meant. */
  conclude(): void
}

export const codeOf = ({ status, body }: Answer): string => status < 400 ? String(status) : `${status} ${String(body?.code)}`
const keyOf = ({ operation, where, ours, theirs }: Difference): string => `${operation}: ${where}: ${ours} here, ${theirs} there`
/** What stands at a place of a body; undefined where nothing does. */
const valueAt = (value: unknown, [first, ...rest]: Field['path']): unknown =>
  first === undefined ? value : typeof value === 'object' && value !== null ? valueAt((value as Record<string | number, unknown>)[first], rest) : undefined

export const conformance = <W extends Asked>(half: Half<W>): Conformance<W> => {
  const { aliases = {}, additions = [], unanswered = { operations: [], error: '', message: /^$/ }, deviations } = half
  let world: W
  test.before(async () => { world = await half.make() })
  test.after.always(() => half.close(world))

  const examples = (): Examples => half.examples(world)
  const all = (): string[] => world.app.kernel.catalogue.routes
    .filter(({ surface, credential }) => surface === 'service' && credential === half.credential).map(({ method, path }) => `${method} ${path}`)
  const operations = (): string[] => all().filter((operation) => !(operation in aliases) && !additions.includes(operation))
  const seen = new Map<string, Difference>()
  const note = (differences: readonly Difference[]): void => { for (const one of differences) seen.set(keyOf(one), one) }
  /** Whether it is told what all are that ask this, however well. */
  const isUnanswered = (operation: string, answer: Answer): boolean =>
    unanswered.operations.includes(operation) && codeOf(answer) === unanswered.error && unanswered.message.test(answer.body.message as string)
  const changed = (operation: string, request: Request, path: Field['path'], value: unknown): Request =>
    ({ ...request, body: { ...put(request.body, path, value) as object, ...half.fresh?.(world, operation) } })

  test.serial('there is an example for every operation, and every operation is an official one or repeats one', (t) => {
    t.deepEqual(Object.keys(examples()).sort(), operations().sort())
    for (const operation of operations()) t.truthy(official(operation), `${operation} is not in the official description`)
    for (const original of Object.values(aliases)) t.true(operations().includes(original), original)
    for (const operation of additions) t.true(all().includes(operation) && !official(operation), operation)
  })

  test.serial('errors have the documented codes, and one form', async (t) => {
    for (const [operation, provoked] of Object.entries(half.failures(world))) {
      const documented = documentedErrors(operation)
      for (const [error, provoke] of Object.entries(provoked)) {
        const answer = await provoke()
        t.is(codeOf(answer), error, `${operation}: ${JSON.stringify(answer.body)}`)
        const { code, message, status, params = '', ...more } = answer.body
        t.deepEqual([typeof code, typeof message, status, typeof params, more], ['string', 'string', answer.status, 'string', {}], `${operation}: ${error}`)
        if (!documented.includes(error)) note([{ operation, where: 'error', ours: error, theirs: 'none' }])
      }
      note(documented.filter((error) => !(error in provoked)).map((error) => ({ operation, where: 'error', ours: 'none', theirs: error })))
    }
  })

  test.serial('answers have the official shapes', async (t) => {
    for (const [operation, requests] of Object.entries(examples())) {
      for (const request of requests) {
        const answer = await world.send(operation, request)
        if (unanswered.operations.includes(operation)) {
          t.true(isUnanswered(operation, answer), `${operation}: ${JSON.stringify(answer.body)}`)
          continue
        }
        t.true(answer.status < 300, `${operation}: ${JSON.stringify(answer.body)}`)
        note(compare(operation, answer.status, answer.body))
      }
    }
  })

  test.serial('what another address repeats is the same', async (t) => {
    const kinds = (value: unknown): unknown => Array.isArray(value) ? value.map(kinds)
      : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, kinds(part)])) : typeof value
    t.pass()
    for (const [alias, original] of Object.entries(aliases)) {
      for (const request of examples()[original] ?? []) {
        const ask = async (operation: string): Promise<unknown> => {
          const { status, body } = await world.send(operation, request)
          return [status, kinds(body)]
        }
        // What an earlier request sent may still be on its way into the index: until nothing changes meanwhile.
        let [before, other, after] = [await ask(original), await ask(alias), await ask(original)]
        for (let tries = 0; tries < 20 && !isDeepStrictEqual(before, after); tries += 1) [before, other, after] = [await ask(original), await ask(alias), await ask(original)]
        t.deepEqual(other, after, alias)
      }
    }
  })

  test.serial('every documented field, and every value where there is a choice, is taken', async (t) => {
    half.settle?.(world)
    let sent = 0
    for (const operation of operations()) {
      const [request = {}] = examples()[operation] ?? []
      const query = queryOf(operation).map(({ name }) => name).filter((name) => !(request.query ?? '').includes(`${name}=`))
      note(query.map((name) => ({ operation, where: `query ${name}`, ours: 'ignored', theirs: 'a filter' })))
      if (!request.body || request.files) continue
      for (const { path, where, schema } of fields(requestShape(operation))) {
        const value = valueAt(request.body, path)
        const isInEmptyList = path.some((_, index) => (valueAt(request.body, path.slice(0, index)) as unknown[] | undefined)?.length === 0)
        if (isInEmptyList) continue
        t.not(value, undefined, `the example of ${operation} lacks ${where}`)
        const isEmptyList = Array.isArray(value) && value.length === 0
        for (const other of isEmptyList ? [some(schema)] : choices(schema)) {
          const answer = await world.send(operation, changed(operation, request, path, other))
          sent += 1
          if (answer.status < 300 || isUnanswered(operation, answer)) continue
          t.is(codeOf(answer), '400 invalid_param', `${operation}: ${where} = ${JSON.stringify(other)}: ${JSON.stringify(answer.body)}`)
          t.truthy(answer.body.params, where)
          const place = at(operation, where)
          note([{ ...place, where: `${place.where} = ${isEmptyList ? 'a list' : String(other)}`, ours: codeOf(answer), theirs: '200' }])
        }
      }
    }
    t.true(sent > 10)
  })

  test.serial('what is said to be needed is needed, and nothing else; bounds are those that are said', async (t) => {
    for (const operation of operations()) {
      const [request = {}] = examples()[operation] ?? []
      if (unanswered.operations.includes(operation) || operation.startsWith('DELETE')) continue
      const tell = async (where: string, theirs: string, one: Request): Promise<void> => {
        const answer = await world.send(operation, one)
        const ours = answer.status < 300 ? '200' : codeOf(answer)
        if (theirs === '400' && answer.status === 400) t.truthy(answer.body.params, `${operation}: ${where}`)
        else if (ours !== theirs) note([{ operation, where, ours, theirs }])
      }
      const given = new URLSearchParams(request.query)
      const asked = (change: (query: URLSearchParams) => void): Request => {
        const query = new URLSearchParams(given)
        change(query)
        return { ...request, query: `?${query.toString()}` }
      }
      for (const { name, required = false, schema: { enum: words = [], minimum, maximum } = {} } of queryOf(operation)) {
        // Whoever is not named is somebody else, whose things these are not.
        if (name !== 'user' || required) await tell(`query without ${name}`, required ? '400' : '200', asked((query) => { query.delete(name) }))
        const set = (value: string | number, theirs: string) => tell(`query ${name} = ${value}`, theirs, asked((query) => { query.set(name, String(value)) }))
        for (const word of words as readonly string[]) await set(word, '200')
        if (minimum !== undefined) { await set(minimum, '200'); await set(minimum - 1, '400') }
        if (maximum !== undefined) { await set(maximum, '200'); await set(maximum + 1, '400') }
      }
      const { properties = {}, required = [] } = requestShape(operation)
      if (!request.body || request.files) continue
      await world.send(operation, { ...request, body: { ...request.body, ...half.fresh?.(world, operation) } })
      for (const name of Object.keys(properties)) {
        if (name === 'user' && !required.includes(name)) continue
        const body = Object.entries({ ...request.body, ...half.fresh?.(world, operation) }).filter(([field]) => field !== name)
        await tell(`body without ${name}`, required.includes(name) ? '400' : '200', { ...request, body: Object.fromEntries(body) })
      }
    }
  })

  test.serial('a field that nobody knows is named', async (t) => {
    for (const operation of operations()) {
      const [request = {}] = examples()[operation] ?? []
      if (!request.body) continue
      const answer = await world.send(operation, changed(operation, request, ['colour'], 'red'))
      t.regex(String(answer.body?.params), /^(data\.)?colour$/, operation)
      note([{ operation: '*', where: 'a field that nobody knows', ours: codeOf(answer), theirs: '200' }])
    }
  })

  return {
    world: () => world, operations, note,
    conclude: () => {
      test.serial('the differences are those that are meant', (t) => {
        const meant = new Set(deviations.map(keyOf))
        t.deepEqual([...seen.keys()].filter((key) => !meant.has(key)).sort(), [], 'differences that nobody listed')
        t.deepEqual([...meant].filter((key) => !seen.has(key)).sort(), [], 'listed differences that do not occur')
        for (const { reason } of deviations) t.true(reason.length > 20)
        t.is(meant.size, deviations.length)
      })
    },
  }
}
