/** Whatever is sent to whichever route, by whoever may: it is taken, or refused with words. It is never answered by a failure of ours, nor not at all. */
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import type Joi from 'joi'
import { database, definePlugin, reply, route } from '../core/index.ts'
import type { Route } from '../core/index.ts'
import { fullPath } from '../core/route.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { put, sample } from './support/sample.ts'
import type { Path } from './support/sample.ts'
import { toyLlm } from './support/toy-llm.ts'
import { makeApps, makeWorkspace, signIn } from './support/world.ts'
import type { AppsOfWorkspace, Workspace } from './support/world.ts'

/** So many requests for each route, and milliseconds for each. */
const RUNS = 8
const PATIENCE = 20_000

const brittle = route({
  method: 'POST', path: '/brittle', surface: 'service', credential: 'dataset', access: 'dataset:list', resource: { dataset: 'filtered' }, summary: 'Breaks where a text has a space', reply: reply.empty,
  handle: ({ ctx }) => { if (/ |%20|\+/.test(ctx.url)) throw new Error('planted') },
})

let app: TestApp
let mine: Workspace
let apps: AppsOfWorkspace
let known: readonly string[]
test.before(async () => {
  app = await testApp({ plugins: [definePlugin({ name: 'brittle', kernel: '^1', routes: [brittle] })], fakes: { modelProvider: new Map([['toy', toyLlm().provider]]) } })
  mine = await makeWorkspace(app, 'mine')
  apps = await makeApps(app, mine, 'mine')
  const { body } = await (async () => {
    const response = await app.fetch(`/v1/datasets/${mine.datasetIds[0]}/documents`, { token: mine.workspaceKey })
    return { body: await response.json() as { data: { id: string; batch: string }[] } }
  })()
  known = [...mine.datasetIds, ...body.data.flatMap(({ id, batch }) => [id, batch].filter(Boolean)), mine.memberId, ...Object.values(apps.chats[0].users).flatMap(({ conversationId, messageId, fileId }) => [conversationId, messageId, fileId]), apps.chats[0].annotationId]
})
test.after.always(() => app.close())

/** What a database cannot keep, what is too long or too large for it, what another place would take, and anything else. */
const anything = (): fc.Arbitrary<unknown> => fc.oneof(
  fc.constantFrom<unknown>('a\0b', '\ud800', 'x'.repeat(70_000), '', ' ', null, true, -1, 0, 1e308, Number.MAX_SAFE_INTEGER, 2 ** 31, 0.5, [], {}, ['\0'], { a: '\0' }, '__proto__', "'; --", '%_\\', '2026-02-30'),
  fc.constantFrom(...known), fc.string({ unit: 'binary', maxLength: 20 }), fc.jsonValue({ maxDepth: 2 }))
const word = (): fc.Arbitrary<string> => fc.oneof(
  fc.constantFrom('a\0b', 'x'.repeat(5_000), '..', '.', ' ', '%', '%00', '%ff', '-1', '0', '1e308', 'null', '[]'), fc.constantFrom(...known), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }))

const places = (value: unknown, path: Path = []): Path[] => typeof value !== 'object' || value === null ? [path]
  : [path, ...Object.entries(value).flatMap(([name, part]) => places(part, [...path, Array.isArray(value) ? Number(name) : name]))]
/** Of somebody who has something, in a new conversation, or hardly a question would get through. */
const inName = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || !('user' in value)) return value
  return { ...value, user: apps.chats[0].users[0]?.user, ...'files' in value ? { files: [] } : {}, ...'conversation_id' in value ? { conversation_id: '' } : {} }
}
/** A right input, in which something else stands at up to three places. */
const spoilt = (schema: unknown): fc.Arbitrary<unknown> => {
  const right = inName(sample(schema as Joi.Schema))
  return fc.array(fc.tuple(fc.constantFrom(...places(right)), anything()), { maxLength: 3 })
    .chain((changes) => fc.boolean().map((streams) => [...streams && typeof right === 'object' && right !== null && 'response_mode' in right ? [[['response_mode'], 'streaming']] as [Path, unknown][] : [], ...changes]))
    .map((changes) => changes.reduce((value, [path, other]) => path.length > 1 && typeof value !== 'object' ? value : safely(value, path, other), right))
}
const safely = (value: unknown, path: Path, other: unknown): unknown => {
  const parent = path.slice(0, -1).reduce<unknown>((at, name) => (at as Record<string | number, unknown> | null | undefined)?.[name], value)
  return path.length === 0 || typeof parent === 'object' && parent !== null ? put(value, path, other) : value
}

interface Sent { readonly params: Record<string, string>; readonly query: readonly (readonly [string, string])[]; readonly body: unknown }
const inputs = (one: Route): fc.Arbitrary<Sent> => {
  const names = [...fullPath(one).matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const asked = namesOf(one.query)
  return fc.record({
    // Most ids are there, or nothing behind them would be tried.
    params: fc.record(Object.fromEntries(names.map((name) => [name, fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 2, arbitrary: choices(one, name) }, { weight: 1, arbitrary: word() })]))),
    query: fc.array(fc.tuple(fc.constantFrom(...asked, 'page', 'extra'), word()), { maxLength: 3 }),
    body: one.body ? spoilt(one.body) : fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anything() }),
  })
}
const namesOf = (schema: unknown): string[] => ((schema as { $_terms: { keys: readonly { key: string }[] | null } } | undefined)?.$_terms.keys ?? []).map(({ key }) => key)
const choices = (one: Route, name: string): fc.Arbitrary<string> => {
  const { keys } = ((one.params as Joi.ObjectSchema | undefined)?.describe() ?? {}) as { keys?: Record<string, { allow?: unknown[] }> }
  const allowed = (keys?.[name]?.allow ?? []).map(String)
  if (name === 'app_id') return fc.constantFrom(...one.path.includes('completion-') ? [apps.completion.id] : apps.chats.map(({ id }) => id))
  return name === 'dataset_id' ? fc.constantFrom(...mine.datasetIds) : allowed.length > 0 ? fc.constantFrom(...allowed) : fc.constantFrom(...known)
}

const send = async (one: Route, { params, query, body }: Sent, headers: Record<string, string>): Promise<{ status: number; text: string }> => {
  const path = fullPath(one).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent((params[name] ?? 'x').replace(/\p{Cs}/gu, '')))
  const search = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString()
  let payload: RequestInit['body']
  const type: Record<string, string> = {}
  if (one.upload) {
    const form = new FormData()
    form.set(one.upload.field, new Blob(['some text']), 'a.txt')
    if (typeof body === 'object') for (const [key, value] of Object.entries(body ?? {})) form.set(key, typeof value === 'string' ? value : JSON.stringify(value))
    payload = form
  } else if (body !== undefined && one.method !== 'GET') {
    payload = JSON.stringify(body)
    type['content-type'] = 'application/json'
  }
  const abort = new AbortController()
  const attempt = async (): Promise<{ status: number; text: string }> => {
    const response = await app.fetch(`${path}${search === '' ? '' : `?${search}`}`, { method: one.method, headers: { ...headers, ...type }, signal: abort.signal, redirect: 'manual', ...payload === undefined ? {} : { body: payload } })
    return { status: response.status, text: await response.text() }
  }
  // A connection that has lain idle may end in the moment in which it is used again; a new one does not.
  const answered = attempt().catch(attempt)
  const late = sleep(PATIENCE, undefined, { signal: abort.signal }).then(() => ({ status: 599, text: 'no answer' }), () => ({ status: 0, text: '' }))
  const broken = (error: Error): { status: number; text: string } => ({ status: 598, text: `${error.message}: ${String(error.cause)}` })
  try { return await Promise.race([answered.catch(broken), late]) } finally { abort.abort() }
}

/** Requests that were answered by a failure. */
const failures = async (routes: readonly Route[], runs: number): Promise<{ sent: number; taken: number; found: string[] }> => {
  let session = await signIn(app, mine)
  let [sent, taken] = [0, 0]
  const found: string[] = []
  for (const one of routes) {
    const name = `${one.method} ${fullPath(one)}`
    for (const input of fc.sample(inputs(one), runs)) {
      const key = keyOf(one)
      const headers = one.credential === 'account' ? session : key === undefined ? {} : { authorization: `Bearer ${key}` }
      const { status, text } = await send(one, input, headers)
      sent += 1
      if (status < 300) taken += 1
      if (status >= 500) found.push(`${name} ${JSON.stringify(input).slice(0, 400)}: ${status} ${text.slice(0, 300)}`)
      if (status === 401 && one.credential === 'account') session = await signIn(app, mine)
    }
  }
  return { sent, taken, found }
}
const keyOf = ({ credential, path }: Route): string | undefined =>
  credential === 'dataset' ? mine.workspaceKey : credential === 'app' ? path.startsWith('/completion-') ? apps.completion.key : apps.chats[0].key : undefined
const isPlanted = ({ path }: Route): boolean => path === '/brittle'
/** Those that delete come last, or nothing would be left to try. */
const all = (): Route[] => app.kernel.catalogue.routes.filter((one) => !isPlanted(one)).sort((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'))

test.serial('no input of a key of an app is answered by a failure, and whatever was asked comes to an end', async (t) => {
  t.timeout(300_000)
  const { sent, taken, found } = await failures(all().filter(({ credential }) => credential === 'app'), RUNS)
  t.log(`${sent} requests, ${taken} of them taken`)
  t.deepEqual(found, [])
  t.true(taken > 30, 'some get past the checks')
  const db = app.resolve(database)
  const running = async (): Promise<number> => (await db.query(`SELECT 1 FROM runs WHERE status = 'running'`)).length
  for (let tries = 0; tries < 50 && await running() > 0; tries += 1) await sleep(100)
  t.is(await running(), 0)
  const asked = await db.query<{ status: string }>('SELECT status FROM messages')
  t.true(asked.length > 5 && asked.every(({ status }) => status !== 'running'))
})

test.serial('no input is answered by a failure, on any other route', async (t) => {
  t.timeout(600_000)
  const { sent, taken, found } = await failures(all().filter(({ credential }) => credential !== 'app'), RUNS)
  t.log(`${sent} requests, ${taken} of them taken`)
  t.deepEqual(found, [])
  t.true(taken > 100, 'some get past the checks')
})

test.serial('a route that breaks is found', async (t) => {
  const { found } = await failures(app.kernel.catalogue.routes.filter(isPlanted), 400)
  t.true(found.length > 0)
})
