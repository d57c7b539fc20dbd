/**
 * Who may reach what, generated from the router: every route × every position of an id (path, query, body, nested, array) × ids of
 * another workspace, another dataset, another app and another end user of the same app. Whatever such a request is answered must equal the
 * answer for an id that nobody has.
 */
import { randomInt, randomUUID } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import Joi from 'joi'
import { database, definePlugin, route } from '../core/index.ts'
import type { Logger, Route } from '../core/index.ts'
import { fullPath } from '../core/route.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { audit } from '../plugins/audit/ports.ts'
import { keyUses } from '../plugins/audit/services/key-uses.ts'
import { idPlaces, put, sample } from './support/sample.ts'
import type { Path } from './support/sample.ts'
import { toyLlm } from './support/toy-llm.ts'
import { allIds, makeApps, makeWorkspace, signIn } from './support/world.ts'
import type { AppsOfWorkspace, Ids, KnownId, Workspace } from './support/world.ts'

const planted = route({
  method: 'GET', path: '/datasets/{dataset_id}/planted/{document_id}', surface: 'service', credential: 'dataset', access: 'document:read', resource: { dataset: 'params.dataset_id' },
  summary: 'Fetches by id alone', params: Joi.object({ dataset_id: Joi.string().guid(), document_id: Joi.string().guid() }), uses: { db: database },
  handle: async ({ params }, { db }) => ({ there: (await db.query('SELECT 1 FROM documents WHERE id = $1', [(params as { document_id: string }).document_id])).length }),
})
/** Knows the app, and forgets who asks in it. */
const plantedForUsers = route({
  method: 'GET', path: '/planted/messages/{message_id}', surface: 'service', credential: 'app', access: 'message:list', resource: { app: 'key' },
  summary: 'Fetches by id and app', params: Joi.object({ message_id: Joi.string().guid() }), query: Joi.object({ user: Joi.string().required() }), uses: { db: database },
  handle: async ({ actor, params }, { db }) =>
    ({ there: (await db.query('SELECT 1 FROM messages WHERE app_id = $1 AND id = $2', [actor.appId, (params as { message_id: string }).message_id])).length }),
})
/** Writes down that it was read, which would name the operator: who only reads is not known to the audit log. */
const plantedEntry = route({
  method: 'GET', path: '/planted/entries', surface: 'console', credential: 'account', access: 'dataset:list', resource: 'none', summary: 'Records a read',
  uses: { audit }, handle: async ({ actor }, { audit }) => {
    await audit.record({ workspaceId: actor.workspaceId, action: 'planted.read', resource: { type: 'workspace', id: actor.workspaceId } })
    return {}
  },
})

let app: TestApp
let mine: Workspace
let theirs: Workspace
let myApps: AppsOfWorkspace
let ids: Ids
let session: Record<string, string>
/** Of an app of ours, as it is written out. */
let ownFile = ''
const silent = (): void => undefined
/** What failed in the server, for whoever looks for the reason of a 500. */
const failed: unknown[] = []
const log: Logger = { debug: silent, info: silent, warn: silent, error: (fields) => { failed.push(fields) }, child: () => log }
test.before(async () => {
  app = await testApp({ plugins: [definePlugin({ name: 'planted', kernel: '^1', routes: [planted, plantedForUsers, plantedEntry] })], fakes: { logger: log, modelProvider: new Map([['toy', toyLlm().provider]]) } })
  mine = await makeWorkspace(app, 'mine')
  theirs = await makeWorkspace(app, 'theirs')
  myApps = await makeApps(app, mine, 'mine')
  await makeApps(app, theirs, 'theirs')
  session = await signIn(app, mine)
  ownFile = (await (await app.fetch(`/console/api/apps/${myApps.chats[1].id}/export`, { headers: session })).json() as { data: string }).data
  // What keys did is written down a moment later; from now on, no more.
  await app.resolve(keyUses).stop()
  ids = await allIds(app)
})
test.after.always(() => app.close())

/** Every parameter of the path is an id of something, but for those that are a choice of a few words. */
const freePlaces = (route: Route): [string][] => {
  const { keys = {} } = (asSchema(route.params)?.describe() ?? {}) as { keys?: Record<string, { flags?: { only?: boolean } }> }
  return Object.entries(keys).filter(([, { flags }]) => !flags?.only).map(([name]) => [name])
}
/** An id that nobody has, of the same form as another: letters stay letters and digits digits, but for what a UUID fixes. */
const unused = (like: string): string => /^[0-9a-f-]{36}$/.test(like) ? randomUUID() : like.replace(/\d/g, () => String(randomInt(10)))
const [uuid, digits] = ['00000000-0000-4000-8000-000000000000', '0'.repeat(20)]

interface Input { readonly params: Record<string, string>; readonly query: unknown; readonly body: unknown }
interface Seen { readonly status: number; readonly text: string }

const asSchema = (schema: unknown): Joi.ObjectSchema | undefined => schema as Joi.ObjectSchema | undefined
const takes = (schema: unknown, name: string): boolean => name in ((asSchema(schema)?.describe().keys ?? {}) as object)
/** Whether it asks in the name of an end user. */
const forUser = (route: Route): boolean => route.credential === 'app' && (takes(route.query, 'user') || takes(route.body, 'user'))
const isCompleting = ({ path }: Route): boolean => path.includes('completion-')
const ownApp = (route: Route) => isCompleting(route) ? myApps.completion : myApps.chats[0]
/** The places beside the one that is tried hold what is there, or a wrong id in one would hide the other. */
const known = (): Record<string, string> => {
  const { id, annotationId, users: [first] } = myApps.chats[0]
  return { app_id: id, annotation_id: annotationId, conversation_id: first?.conversationId ?? '', message_id: first?.messageId ?? '', file_id: first?.fileId ?? '', user: first?.user ?? '' }
}
/** In the name of the first end user; a conversation begins anew, so that one answer is not about what another left. */
const inOwnName = (value: unknown): unknown => typeof value !== 'object' || value === null ? value : Object.fromEntries(Object.entries(value).map(([name, one]) =>
  [name, name === 'conversation_id' && 'response_mode' in value ? '' : name === 'files' ? [{ type: 'image', transfer_method: 'local_file', upload_file_id: known()['file_id'] }] : known()[name] ?? one]))
const inputFor = (route: Route, datasetId: string): Input => {
  const params = route.params ? sample(asSchema(route.params) as Joi.Schema) as Record<string, string> : {}
  for (const [name] of freePlaces(route)) {
    const schema = asSchema(route.params)?.extract(name)
    const own = name === 'app_id' ? ownApp(route).id : route.credential === 'app' ? known()[name] : undefined
    params[name] = own ?? (name === 'dataset_id' ? datasetId : [uuid, digits].map((like) => unused(like)).find((id) => !schema?.validate(id).error) ?? 'x')
  }
  if (route.path === '/apps/imports') return { params, query: {}, body: { mode: 'yaml-content', yaml_content: ownFile, app_id: myApps.chats[1].id } }
  const filled = (schema: unknown): unknown => route.credential === 'app' ? inOwnName(sample(schema as Joi.Schema)) : sample(schema as Joi.Schema)
  return { params, query: route.query ? filled(route.query) : {}, body: route.body ? filled(route.body) : undefined }
}
const request = async (route: Route, { params, query, body }: Input, headers: Record<string, string>): Promise<Seen> => {
  const path = fullPath(route).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query as object)) for (const one of [value].flat()) search.append(key, String(one))
  let payload: RequestInit['body']
  const type: Record<string, string> = {}
  if (route.upload) {
    const form = new FormData()
    form.set(route.upload.field, new Blob(['some text']), 'a.txt')
    for (const [key, value] of Object.entries((body ?? {}))) form.set(key, typeof value === 'string' ? value : JSON.stringify(value))
    payload = form
  } else if (body !== undefined) {
    payload = JSON.stringify(body)
    type['content-type'] = 'application/json'
  }
  const response = await app.fetch(`${path}?${search.toString()}`, { method: route.method, headers: { ...headers, ...type }, ...(payload === undefined ? {} : { body: payload }) })
  return { status: response.status, text: await response.text() }
}
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })
const credentials = (route: Route): Record<string, string>[] => {
  if (route.credential === 'account') return [session]
  return route.credential === 'app' ? [bearer(ownApp(route).key)] : [bearer(mine.workspaceKey), bearer(mine.boundKey)]
}
/** Those that are right elsewhere. */
const wrong = (route: Route): Record<string, string>[] => {
  const [dataset, chat] = [bearer(mine.workspaceKey), bearer(myApps.chats[0].key)]
  if (route.credential === 'account') return [dataset, chat]
  return route.credential === 'app' ? [session, dataset] : [session, chat]
}

const isPlanted = ({ path }: Route): boolean => path.includes('planted')
const guarded = (): Route[] => app.kernel.catalogue.routes.filter((one) => one.access !== 'public' && !isPlanted(one))
/** The id is where the answers may differ, and nowhere else. */
const without = ({ status, text }: Seen, id: string): string => `${status} ${text.replaceAll(id, '<id>')}`

test('every guarded route refuses nobody, a wrong credential, a credential of another kind, and two at once', async (t) => {
  t.true(guarded().length > 10)
  for (const route of guarded()) {
    const input = inputFor(route, mine.datasetIds[0])
    const name = `${route.method} ${fullPath(route)}`
    const two = { ...session, ...bearer(route.credential === 'app' ? ownApp(route).key : mine.workspaceKey) }
    const all: Record<string, string>[] = [{}, bearer('nonsense'), { authorization: 'nonsense' }, { authorization: 'Basic YTpi' }, ...wrong(route), two]
    const answers = await Promise.all(all.map((headers) => request(route, input, headers)))
    for (const [index, { status, text }] of answers.entries()) {
      const headers = all[index] ?? {}
      t.is(status, 401, `${name} with ${JSON.stringify(Object.keys(headers))}: ${text}`)
      t.like(JSON.parse(text), { code: 'unauthorized' })
    }
  }
})

/** A few at a time: reading a file takes a thread. */
const severally = async <T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> => {
  const left = [...all]
  await Promise.all(Array.from({ length: 6 }, async () => { for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one) }))
}
/** Clients send them, and nothing looks at them: one try is enough. */
const IGNORED: readonly string[] = ['workflow_id', 'parent_message_id', 'trace_session_id']
/** Two runs that differ in what is made for each, and when. */
const alike = (seen: string): string => seen.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<uuid>').replaceAll(/(?<="(?:latency|time_to_\w+)":)[\d.]+|\d+\.\d+|\d{10}/g, '<number>')

/** Where an id of somebody else is answered in another way than one that nobody has. */
const differences = async (routes: readonly Route[]): Promise<{ compared: number; found: string[] }> => {
  // One of each kind says it for all of them; and the id of a dataset is one, in however many tables it stands.
  const oneOfEach = (all: readonly KnownId[] = []) =>
    [...new Map([...new Map(all.map((one) => [one.column === 'id' ? one.table : one.column, one])).values()].map((one) => [one.id, one])).values()]
  const own = ids.get(mine.workspaceId) ?? []
  const foreign = oneOfEach(ids.get(theirs.workspaceId))
  // Its own workspace is nobody else's, in whatever row of a dataset it stands; and who builds an app is no secret of it.
  const within = (which: (one: KnownId) => boolean): KnownId[] => oneOfEach(own.filter((one) => which(one) && !['workspace_id', 'account_id'].includes(one.column)))
  const ofOtherDataset = within(({ datasetId, column }) => datasetId === mine.datasetIds[1] && column !== 'app_id')
  const ofOtherApp = within(({ appId }) => appId === myApps.chats[1].id)
  const second = own.find(({ table, id, appId, endUserId }) => table === 'conversations' && appId === myApps.chats[0].id && endUserId !== null && id === myApps.chats[0].users[1]?.conversationId)
  const ofOtherUser = within(({ endUserId, column }) => endUserId !== null && endUserId === second?.endUserId && column !== 'app_id')
  const siblings = (route: Route, place: string): KnownId[] => {
    // What names no dataset and no app in its address may be about each that the actor reaches.
    if (route.credential === 'app') return [...ofOtherApp, ...forUser(route) ? ofOtherUser : []]
    if (route.path.includes('{app_id}')) return place === 'app_id' ? [] : ofOtherApp
    return route.path.includes('{dataset_id}') && !place.startsWith('dataset_id') ? ofOtherDataset : []
  }
  const found: string[] = []
  let compared = 0
  for (const route of routes) {
    const input = inputFor(route, mine.datasetIds[0])
    const places: { in: keyof Input; path: Path }[] = [
      ...freePlaces(route).map((path) => ({ in: 'params' as const, path })),
      ...(route.query ? idPlaces(asSchema(route.query) as Joi.Schema) : []).map((path) => ({ in: 'query' as const, path })),
      ...(route.body ? idPlaces(asSchema(route.body) as Joi.Schema) : []).map((path) => ({ in: 'body' as const, path })),
    ]
    for (const headers of credentials(route)) {
      for (const place of places) {
        const ask = async (id: string): Promise<string> => without(await request(route, { ...input, [place.in]: put(input[place.in], place.path, id) }, headers), id)
        const nobody = new Map<string, string>()
        const asked = [...foreign, ...siblings(route, String(place.path.at(-1)))].slice(0, IGNORED.includes(String(place.path.at(-1))) ? 1 : undefined)
        const formOf = (id: string): string => id.replace(/[0-9a-f]/g, '0')
        for (const { id } of asked) if (!nobody.has(formOf(id))) nobody.set(formOf(id), await ask(unused(id)))
        await severally(asked, async ({ id, table, column }) => {
          const [seen, expected = ''] = [await ask(id), nobody.get(formOf(id))]
          if (seen !== expected && alike(seen) !== alike(expected)) found.push(`${route.method} ${fullPath(route)}: ${place.in} ${place.path.join('.')} = ${table}.${column} of somebody else: ${seen}, not ${expected}`)
          compared++
        })
      }
    }
  }
  return { compared, found }
}

test('an id of another workspace, dataset, app or end user is answered like one that nobody has', async (t) => {
  const before = await rows()
  t.true(Object.keys(before).length > 5)
  const { compared, found } = await differences(guarded())
  t.log(`${compared} answers compared`)
  if (failed.length > 0) t.log(failed)
  t.deepEqual(found, [])
  t.true(compared > 500)
  t.deepEqual(await rows(), before, 'nothing of the other workspace was changed')
})

test('the comparison finds a route that looks an id up before it asks whose it is', async (t) => {
  const { found } = await differences(app.kernel.catalogue.routes.filter(isPlanted))
  t.true(found.some((line) => line.includes('documents.id')))
  t.true(found.some((line) => line.includes('messages.id')), 'one that forgets the end user too')
})

/** What the other workspace has, counted by table. */
const rows = async (): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { table } of (await allIds(app)).get(theirs.workspaceId) ?? []) counts[table] = (counts[table] ?? 0) + 1
  return counts
}

test('what only reads leaves nothing in the audit log', async (t) => {
  const count = async (): Promise<number> => (await app.resolve(database).query<{ entries: number }>(
    `SELECT count(*)::int AS entries FROM audit_logs WHERE actor_kind = 'operator'`))[0]?.entries ?? NaN
  // The other tests of this file run beside it. What a read would write down would name nobody else.
  const left = async (routes: readonly Route[]): Promise<number> => {
    const before = await count()
    for (const one of routes) await request(one, inputFor(one, mine.datasetIds[0]), credentials(one)[0] as Record<string, string>)
    return await count() - before
  }
  const reads = guarded().filter(({ method }) => method === 'GET')
  t.true(reads.length > 80, String(reads.length))
  t.is(await left(reads), 0)
  t.is(await left(app.kernel.catalogue.routes.filter(({ path }) => path === plantedEntry.path)), 1)
})

test('a key that is bound to one dataset is refused for every other, and for all that names none', async (t) => {
  const headers = { authorization: `Bearer ${mine.boundKey}` }
  for (const route of guarded().filter(({ credential }) => credential === 'dataset')) {
    const named = typeof route.resource === 'object' && Object.values(route.resource)[0] === 'params.dataset_id'
    const name = `${route.method} ${fullPath(route)}`
    const other = await request(route, inputFor(route, mine.datasetIds[1]), headers)
    t.is(other.status, 403, name)
    if (named && route.method === 'GET') t.not((await request(route, inputFor(route, mine.datasetIds[0]), headers)).status, 403, name)
  }
})

test('the same key decides alike in every spelling of the one carrier, and no other carrier is read', async (t) => {
  const path = `/v1/datasets/${mine.datasetIds[0]}`
  const status = async (headers: Record<string, string>, search = ''): Promise<number> => (await app.fetch(path + search, { headers })).status
  const key = mine.boundKey
  for (const authorization of [`Bearer ${key}`, `bearer ${key}`, `BEARER   ${key}`]) t.is(await status({ authorization }), 200)
  t.is(await status({ Authorization: `Bearer ${key} more` }), 401)
  for (const headers of [{ 'x-api-key': key }, { cookie: `access_token=${key}` }, { 'api-key': key }]) t.is(await status(headers as never), 401)
  for (const name of ['api_key', 'token', 'access_token', 'key']) t.is(await status({}, `?${name}=${key}`), 401)
  for (const token of ['', 'null', 'undefined', '[]', '{}', key.toLowerCase(), key.slice(0, -1), `${key}x`]) t.is(await status({ authorization: `Bearer ${token}` }), 401)
})

test('however the one carrier is spelled, a key is answered alike on every address', async (t) => {
  const plain = new Map<string, number>()
  const status = async (path: string, authorization: string): Promise<number> => (await app.fetch(path, { headers: { authorization } })).status
  const path = fc.constantFrom('/v1/whoami', '/v1/datasets', ...mine.datasetIds.map((id) => `/v1/datasets/${id}`), `/v1/datasets/${theirs.datasetIds[0]}`, `/v1/datasets/${randomUUID()}/documents`)
  const key = fc.constantFrom(mine.workspaceKey, mine.boundKey, theirs.boundKey, `${mine.boundKey.slice(0, -1)}_`)
  const scheme = fc.tuple(fc.mixedCase(fc.constant('bearer')), fc.integer({ min: 1, max: 5 })).map(([word, spaces]) => word + ' '.repeat(spaces))
  await fc.assert(fc.asyncProperty(path, key, scheme, async (path, key, scheme) => {
    const known = plain.get(path + key) ?? await status(path, `Bearer ${key}`)
    plain.set(path + key, known)
    t.is(await status(path, scheme + key), known, `${scheme}… ${path}`)
  }), { numRuns: 150 })
  t.true(new Set(plain.values()).size >= 3, 'the keys and addresses differ in what is answered')
})

test('what a server sets itself cannot be set from outside', async (t) => {
  const api = (body: object) => app.fetch('/v1/datasets', { json: body, token: mine.workspaceKey })
  for (const field of ['id', 'workspace_id', 'created_by', 'tenant_id']) t.is((await api({ name: `mass ${field}`, [field]: theirs.workspaceId })).status, 400, field)
  const [{ count }] = await app.resolve(database).query<{ count: number }>(`SELECT count(*)::int AS count FROM datasets WHERE name LIKE 'mass %'`) as [{ count: number }]
  t.is(count, 0)
})
