/** API keys over the wire: their form, what they reach, what is remembered of them, and how they end. */
import { createHmac, randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import Joi from 'joi'
import { database, defineAdapter, definePlugin, deriveKey, errors, reply, route, serverConfig } from '../core/index.ts'
import type { Cache, CacheSetOptions, Json, Logger, ServerConfig } from '../core/index.ts'
import type { ConfigDocument } from '../core/config.ts'
import { testApp, testPort } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { apiKeysContract } from '../plugins/api-keys/contracts/api-keys.ts'
import { keyScopeContract } from '../plugins/api-keys/contracts/key-scope.ts'
import { apiKeys, keyScope } from '../plugins/api-keys/ports.ts'
import type { Grant, KeyRecord, KeyRequest, KeyScope, Scope } from '../plugins/api-keys/ports.ts'
import { flushing } from '../plugins/api-keys/services/flushing.ts'
import { scopeOf } from '../plugins/api-keys/services/scopes.ts'
import { secrets } from '../plugins/api-keys/services/secrets.ts'
import { newToken, typeOf } from '../plugins/api-keys/services/token.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { datasetLifecycle, datasets } from '../plugins/datasets/ports.ts'
import type { DatasetLifecycle, Datasets } from '../plugins/datasets/ports.ts'
import { signIn } from './support/world.ts'

/** Stands in for the datasets: just enough of them to be reached or not. */
const stand = () => {
  const known = new Map<string, Set<string>>()
  const of = (workspaceId: string): Set<string> => {
    const ids = known.get(workspaceId) ?? new Set<string>()
    known.set(workspaceId, ids)
    return ids
  }
  const nothing = (): never => { throw new Error('the stand-in has no documents') }
  const port: Datasets = {
    existing: async (workspaceId, ids) => ids.filter((id) => of(workspaceId).has(id)),
    reach: async ({ workspaceId }, id) => { if (!of(workspaceId).has(id)) throw errors.notFound('Dataset not found.') },
    names: async (workspaceId, ids) => new Map(ids.filter((id) => of(workspaceId).has(id)).map((id) => [id, id])),
    named: async () => new Map(),
    tags: async () => new Map(),
    tag: nothing,
    untag: nothing,
    create: async ({ workspaceId }) => {
      const id = randomUUID()
      of(workspaceId).add(id)
      return { id }
    },
    list: nothing, addTexts: nothing, retrieve: nothing, cite: nothing,
  }
  const service = { surface: 'service', credential: 'dataset', reply: Joi.object().unknown() } as const
  const plugin = definePlugin({
    name: 'stand-in', kernel: '^1', ports: [datasets, datasetLifecycle], adapters: [defineAdapter(datasets, 'stand-in', { create: () => port })],
    permissions: { 'dataset:list': '-', 'dataset:read': '-', 'dataset:create': '-', 'model:list': '-', 'thing:read': '-' },
    routes: [
      route({
        ...service, method: 'GET', path: '/datasets', access: 'dataset:list', resource: { dataset: 'filtered' }, summary: '-',
        handle: ({ actor }) => ({ reach: actor.reach('dataset:list', 'dataset') }),
      }),
      route({ ...service, method: 'POST', path: '/datasets', access: 'dataset:create', resource: 'workspace', summary: '-', handle: ({ actor }) => ({ created_by: actor.accountId }) }),
      route({
        ...service, method: 'GET', path: '/datasets/{dataset_id}', access: 'dataset:read', resource: { dataset: 'params.dataset_id' }, summary: '-',
        params: Joi.object<{ dataset_id: string }>({ dataset_id: Joi.string().guid().required() }), handle: ({ params }) => params,
      }),
      route({ ...service, method: 'GET', path: '/models', access: 'model:list', resource: 'none', summary: '-', handle: () => ({}) }),
      route({ ...service, method: 'GET', path: '/keys', access: 'api-key:read', resource: 'workspace', summary: '-', handle: () => ({}) }),
      route({ ...service, method: 'GET', path: '/thing', access: 'thing:read', resource: 'none', summary: '-', handle: () => ({}) }),
      route({ ...service, method: 'GET', path: '/app', credential: 'app', access: 'thing:read', resource: 'none', summary: '-', reply: reply.empty, handle: () => undefined }),
    ],
  })
  return { plugin, of }
}

interface World {
  readonly app: TestApp
  readonly workspaceId: string
  readonly accountId: string
  readonly datasetIds: readonly [string, string]
  readonly session: Record<string, string>
  /** What a key is answered at a path. */
  status(token: string, path: string, method?: string): Promise<number>
  key(datasetId?: string | null, type?: 'app' | 'dataset'): Promise<{ id: string; token: string }>
  call(path: string, method?: string, json?: unknown): Promise<{ status: number; body: any }>
}
/** What is left where the stand-in stands for the datasets, and nobody needs those. */
const standing = {
  modelProvider: null, extractor: null, appLifecycle: null, appParameter: null, fileReferences: null, runKind: null, memberLifecycle: { 'api-keys': {} }, command: { jobs: {}, apply: {}, 'new-secret': {}, 'explain-key': {} },
} as unknown as ConfigDocument['adapters']
const owner = { email: 'ada@example.org', name: 'Ada', password: 'correct horse 42' }

const world = async ({ adapters = {}, keys = {}, server = {}, ...options }: Omit<TestAppOptions, 'config'> & {
  adapters?: ConfigDocument['adapters']; keys?: Record<string, unknown>; server?: Record<string, unknown>
} = {}): Promise<World> => {
  const { plugin, of } = stand()
  const app = await testApp({
    ...options, plugins: [plugin, ...options.plugins ?? []],
    config: {
      server, plugins: { models: null, datasets: null, apps: null, runs: null, annotations: null, chat: null, mcp: null, 'dify-import': null, bootstrap: null, 'api-keys': { limit: 100, ...keys } },
      adapters: { ...standing, ...adapters },
    },
  })
  const made = await app.resolve(accounts).setup(owner)
  if (!made) throw new Error('the database was not empty')
  const { workspaceId, accountId } = made
  const datasetIds = [randomUUID(), randomUUID()] as const
  for (const id of datasetIds) of(workspaceId).add(id)
  const session = await signIn(app, owner)
  return {
    app, workspaceId, accountId, datasetIds, session,
    status: async (token, path, method = 'GET') => (await app.fetch(path, { token, method })).status,
    key: (datasetId = null, type = 'dataset') => app.resolve(apiKeys).create({ type, workspaceId, datasetId, createdBy: accountId }),
    call: async (path, method = 'GET', json) => {
      const response = await app.fetch(`/console/api${path}`, { method, headers: session, ...json === undefined ? {} : { json } })
      const text = await response.text()
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) as unknown }
    },
  }
}

/** A cache of the plainest kind, whose doings can be watched and held up. */
const watchedCache = () => {
  const entries = new Map<string, { value: Json; sealed: boolean; tags: readonly string[] }>()
  const calls: string[] = []
  let dropped = 0
  const holds: { before?: (() => Promise<void>) | undefined } = {}
  const port: Cache = {
    get: async (key) => { calls.push('get'); return structuredClone<Json | undefined>(entries.get(key)?.value) },
    set: async (key, value, { tags = [], ifAbsent = false, generation }: CacheSetOptions) => {
      await holds.before?.()
      calls.push('set')
      const known = entries.get(key)
      if (known?.sealed || (ifAbsent && known) || (generation !== undefined && Number(generation) !== dropped)) return false
      entries.set(key, { value: structuredClone(value), sealed: false, tags })
      return true
    },
    seal: async (key, value) => { calls.push('seal'); entries.set(key, { value, sealed: true, tags: [] }) },
    drop: async (what) => {
      dropped++
      for (const [key, { sealed, tags }] of entries) if (!sealed && ('key' in what ? key === what.key : tags.includes(what.tag))) entries.delete(key)
    },
    generation: async () => { calls.push('generation'); return String(dropped) },
  }
  return { port, entries, calls, holds }
}

/** One world for all, with a cache and a log that can be looked into. */
const { port: watched, entries, calls, holds } = watchedCache()
const lines: string[] = []
const write = (fields: object | string, message = ''): void => { lines.push(JSON.stringify(fields) + message) }
const log: Logger = { debug: write, info: write, warn: write, error: write, child: (fields) => { write(fields); return log } }
const keyPepper = 'a pepper that only these tests would use'
let common: World
test.before(async () => { common = await world({ fakes: { cache: watched, logger: log }, server: { keyPepper } }) })
test.after.always(() => common.app.close())

/** As somebody else would write one: an unbound key reaches the datasets on a list and may ask for it; a bound key is refused. */
const listed: Scope = {
  can: (_permission, resource) => resource?.type === 'dataset' && (resource.id === undefined || LIST.includes(resource.id.toLowerCase())),
  reach: (_permission, type) => type === 'dataset' ? LIST : [],
}
const LIST: string[] = [randomUUID(), randomUUID()]
const byList: KeyScope = {
  check: ({ datasetId }) => { if (datasetId !== null) throw errors.badRequest('Keys reach what is on the list; leave the dataset out.') },
  scope: (key) => key.datasetId === null ? listed : { can: () => false, reach: () => [] },
}
const acme = definePlugin({ name: '@acme/keys-by-list', kernel: '^1', adapters: [defineAdapter(keyScope, 'list', { create: () => byList })] })
const chosen = (strategy: string): TestAppOptions & { name: string } => ({
  plugins: [stand().plugin, acme], name: `keyScope ${strategy}`,
  config: { plugins: { models: null, datasets: null, apps: null, runs: null, annotations: null, chat: null, mcp: null, 'dify-import': null, bootstrap: null }, adapters: { ...standing, keyScope: { [strategy]: {} } } },
})
testPort(test.serial, apiKeysContract, { ...chosen('dataset'), name: 'apiKeys' })
for (const strategy of ['dataset', 'workspace', 'grants', 'list']) testPort(test.serial, keyScopeContract, chosen(strategy))

test('the suite of the strategies catches each way of going wrong', async (t) => {
  const right: KeyScope = { expresses: ['grants'], check: () => undefined, scope: scopeOf }
  const binds = ({ type, datasetId, grants = null }: KeyRequest): void => { if ((datasetId !== null || grants !== null) && type !== 'dataset') throw errors.badRequest() }
  const fails = async (strategy: Partial<KeyScope>): Promise<string[]> => {
    const broken: string[] = []
    for (const [law, check] of Object.entries(keyScopeContract.laws)) {
      try { await check({ ...right, check: binds, ...strategy }, {}) } catch { broken.push(law) }
    }
    return broken
  }
  const regranted = (change: (grants: readonly Grant[]) => readonly Grant[] | null): Partial<KeyScope> => ({ scope: (key) => scopeOf({ ...key, grants: key.grants && change(key.grants) }) })
  const scoped = (change: (scope: Scope, key: KeyRecord) => Partial<Scope>): Partial<KeyScope> => ({ scope: (key) => ({ ...scopeOf(key), ...change(scopeOf(key), key) }) })
  let latest = { id: '', workspaceId: '', type: 'dataset', datasetId: null, grants: null, terms: null } as KeyRecord
  const lately: Scope = { can: (...asked) => scopeOf(latest).can(...asked), reach: (...asked) => scopeOf(latest).reach(...asked) }
  t.deepEqual(await fails({}), [])
  for (const [what, strategy] of Object.entries<Partial<KeyScope>>({
    'a bound key is widened': { scope: (key) => scopeOf({ ...key, datasetId: null }) },
    'a bound key may list': scoped((scope) => ({ can: (permission, resource) => resource?.id === undefined || scope.can(permission, resource) })),
    'a bound key may use what names nothing': scoped((scope) => ({ can: (permission, resource) => resource === undefined || scope.can(permission, resource) })),
    'any workspace is reached': scoped((scope) => ({ can: (permission, resource) => resource?.type === 'workspace' || scope.can(permission, resource) })),
    'the type is ignored': scoped((scope) => ({ can: (permission, resource) => scope.can(permission, resource && { ...resource, type: 'dataset' }) })),
    'ids are compared by their start': scoped((scope, key) => ({ can: (permission, resource) => scope.can(permission, resource) || (resource?.id?.startsWith(key.datasetId ?? '-') ?? false) })),
    'case matters': scoped((scope) => ({ can: (permission, resource) => scope.can(permission, resource) && resource?.id?.toUpperCase() !== resource?.id })),
    'reach says more than can': scoped((_scope, key) => ({ reach: () => [key.datasetId ?? key.workspaceId, randomUUID()] })),
    'reach says less than can': scoped(() => ({ reach: () => [] })),
    'app keys are bound': { check: () => undefined },
    'it refuses with an error of its own': { check: () => { throw new Error('no') } },
    'it answers by a promise': scoped((scope) => ({ can: (async (permission: string) => scope.can(permission)) as unknown as Scope['can'] })),
    'an empty grant is taken for none': regranted((grants) => grants.length === 0 ? null : grants),
    'the last grant that goes opens everything': regranted((grants) => grants.some((grant) => grant.rights.length > 0) ? grants : null),
    'a grant without rights reads': regranted((grants) => grants.map((grant) => ({ ...grant, rights: grant.rights.length > 0 ? grant.rights : ['read'] }))),
    'rights of one dataset hold on another': regranted((grants) => grants.map((grant) => ({ ...grant, rights: grants.flatMap(({ rights }) => rights) }))),
    'a right does not contain those before it': regranted((grants) => grants.filter(({ rights }) => rights.length !== 1 || rights[0] === 'retrieve')),
    'fewer rights allow more': regranted((grants) => grants.map((grant) => ({ ...grant, rights: grant.rights.length === 1 ? ['manage'] : grant.rights }))),
    'grants name a workspace': scoped((scope, key) => ({ reach: (permission, type) => key.grants && type === 'workspace' ? [key.workspaceId] : scope.reach(permission, type) })),
    'grants reach what names nothing': scoped((scope, key) => ({ can: (permission, resource) => key.grants !== null && resource === undefined || scope.can(permission, resource) })),
    'the last key asked decides': { scope: (key) => { latest = key; return lately } },
  })) {
    t.not((await fails(strategy)).length, 0, what)
  }
})

test('a key is random, tells its kind, and garbage is told from it offline', (t) => {
  const seen = new Set<string>()
  const letters = new Map<string, number>()
  for (let n = 0; n < 2000; n++) {
    const token = newToken('dataset', n % 2 === 0)
    t.regex(token, n % 2 === 0 ? /^ds-[0-9A-Za-z]{30}$/ : /^dataset-[0-9A-Za-z]{30}$/)
    seen.add(token)
    for (const letter of token.slice(-30, -6)) letters.set(letter, (letters.get(letter) ?? 0) + 1)
  }
  t.is(seen.size, 2000)
  t.is(letters.size, 62)
  // 48,000 letters, 774 of each expected, standard deviation 28: a bias as from `% 62` on bytes (968 against 726) would show.
  for (const [letter, count] of letters) t.true(Math.abs(count - 774) < 160, `${letter}: ${count}`)
  const kinds = { app: newToken('app', false), dataset: newToken('dataset', false), ds: newToken('dataset', true) }
  t.deepEqual(Object.values(kinds).map(typeOf), ['app', 'dataset', 'dataset'])
  fc.assert(fc.property(fc.constantFrom(...Object.values(kinds)), fc.nat(), fc.constantFrom('0', '9', 'a', 'b', 'X', 'Z', '-', '_', ' ', '.'), (token, at, letter) => {
    const place = at % token.length
    const changed = token.slice(0, place) + letter + token.slice(place + 1)
    return changed === token || typeOf(changed) === undefined
  }))
  fc.assert(fc.property(fc.string(), (text) => typeOf(text) === undefined && typeOf(`dataset-${text}`) === undefined))
  for (const swapped of [kinds.dataset.replace('dataset-', 'app-'), kinds.ds.replace('ds-', 'dataset-'), kinds.ds.toUpperCase(), `${kinds.ds}\n`, ` ${kinds.ds}`]) t.is(typeOf(swapped), undefined)
})

test('the console makes keys, shows them once, lists them masked and deletes them', async (t) => {
  const { call, datasetIds: [first, second], status, app } = common
  const made = await call('/datasets/api-keys', 'POST', { name: 'Everything' })
  t.is(made.status, 200)
  t.like(made.body, { type: 'dataset', name: 'Everything', dataset_id: null, last_used_at: null })
  t.regex(made.body.token as string, /^dataset-[0-9A-Za-z]{30}$/)
  t.true(Number.isInteger(made.body.created_at))
  const bound = await call(`/datasets/${first.toUpperCase()}/api-keys`, 'POST')
  t.is(bound.status, 201)
  t.like(bound.body, { type: 'dataset', name: null, dataset_id: first })
  t.regex(bound.body.token as string, /^ds-[0-9A-Za-z]{30}$/)
  const other = await call(`/datasets/${second}/api-keys`, 'POST', {})
  const idsAt = async (path: string): Promise<string[]> => {
    const { status: code, body } = await call(path)
    t.is(code, 200)
    for (const { token } of body.data as { token: string }[]) t.regex(token, /^[\w-]{5}\.\.\.\w{4}$/)
    return (body.data as { id: string }[]).map(({ id }) => id).filter((id) => [made.body.id, bound.body.id, other.body.id].includes(id))
  }
  t.deepEqual(await idsAt('/datasets/api-keys'), [other.body.id, bound.body.id, made.body.id], 'newest first')
  t.deepEqual(await idsAt(`/datasets/${first}/api-keys`), [bound.body.id, made.body.id], 'everything that reaches the dataset')
  t.deepEqual(await idsAt(`/datasets/${second}/api-keys`), [other.body.id, made.body.id])
  const masked = (await call('/datasets/api-keys')).body.data.find(({ id }: { id: string }) => id === made.body.id) as { token: string }
  t.is(masked.token, `${(made.body.token as string).slice(0, 5)}...${(made.body.token as string).slice(-4)}`)

  for (const [path, code] of [
    [`/datasets/${second}/api-keys/${bound.body.id as string}`, 404], [`/datasets/${first}/api-keys/${made.body.id as string}`, 404],
    [`/datasets/${first}/api-keys/${randomUUID()}`, 404], [`/datasets/api-keys/${randomUUID()}`, 404], ['/datasets/api-keys/nonsense', 404], ['/datasets/nonsense/api-keys/nonsense', 404],
  ] as const) t.is((await call(path, 'DELETE')).status, code, path)
  for (const id of [first, second]) t.is(await status(made.body.token as string, `/v1/datasets/${id}`), 200)
  t.is((await call(`/datasets/${first}/api-keys/${bound.body.id as string}`, 'DELETE')).status, 204)
  t.is(await status(bound.body.token as string, `/v1/datasets/${first}`), 401, 'from the moment of the answer')
  t.is((await call(`/datasets/${first}/api-keys/${bound.body.id as string}`, 'DELETE')).status, 404)
  for (const key of [made, other]) t.is((await call(`/datasets/api-keys/${key.body.id as string}`, 'DELETE')).status, 204)
  t.is(await status(made.body.token as string, '/v1/datasets'), 401)

  for (const path of ['/datasets/api-keys', `/datasets/${first}/api-keys`]) {
    for (const json of [{ id: randomUUID() }, { workspace_id: randomUUID() }, { created_by: randomUUID() }, { dataset_id: second }, { type: 'app' }, { token: 'x' }, { name: '' }, { name: 'x'.repeat(101) }, { name: {} }]) {
      t.is((await call(path, 'POST', json)).status, 400, `${path} ${JSON.stringify(json)}`)
    }
  }
  for (const method of ['GET', 'POST']) t.deepEqual((await call(`/datasets/${randomUUID()}/api-keys`, method)).body, { code: 'not_found', message: 'Dataset not found.', status: 404 })
  t.is((await call('/datasets/nonsense/api-keys')).body.code, 'not_found')
  t.deepEqual((await call('/datasets/api-base-info')).body, { api_base_url: 'http://127.0.0.1:0/v1' })
  t.is((await app.fetch('/console/api/datasets/api-keys', { token: (await common.key()).token })).status, 401, 'a key is no session')
})

test('members see keys, owners and admins make and delete them', async (t) => {
  const { app, datasetIds: [first], key } = common
  const db = app.resolve(database)
  const { id } = await key(first)
  for (const role of ['admin', 'editor', 'normal', 'dataset_operator']) {
    const [accountId, email] = [randomUUID(), `${role}@example.org`]
    await db.query(
      `INSERT INTO accounts (id, email, password_hash, name, interface_language, interface_theme, timezone, status, created_at, updated_at)
       SELECT $1, $2, password_hash, name, interface_language, interface_theme, timezone, status, now(), now() FROM accounts WHERE email = $3`, [accountId, email, owner.email])
    await db.query(`INSERT INTO workspace_members (workspace_id, account_id, role, current, created_at) VALUES ($1, $2, $3, true, now())`, [common.workspaceId, accountId, role])
    const headers = await signIn(app, { email, password: owner.password })
    const status = async (path: string, method: string): Promise<number> => (await app.fetch(`/console/api${path}`, { method, headers })).status
    const allowed = role === 'admin'
    for (const at of ['/datasets/api-keys', `/datasets/${first}/api-keys`]) {
      t.is(await status(at, 'GET'), 200, role)
      t.is(await status(at, 'POST'), allowed ? at === '/datasets/api-keys' ? 200 : 201 : 403, role)
      t.is(await status(`${at}/${randomUUID()}`, 'DELETE'), allowed ? 404 : 403, role)
    }
    t.is(await status(`/datasets/${first}/api-keys/${id}`, 'DELETE'), allowed ? 204 : 403, role)
    if (allowed) continue
    t.is((await db.query('SELECT id FROM api_tokens WHERE id = $1', [id])).length, 0, 'the admin had deleted it')
  }
})

test('a bound key reaches its dataset and nothing else, a workspace key its workspace', async (t) => {
  const { app, datasetIds: [first, second], key, status, accountId } = common
  const [bound, wide] = [(await key(first)).token, (await key()).token]
  t.is(await status(bound, `/v1/datasets/${first}`), 200)
  t.is(await status(bound, `/v1/datasets/${first.toUpperCase()}`), 200)
  for (const path of [`/v1/datasets/${second}`, `/v1/datasets/${randomUUID()}`, '/v1/datasets', '/v1/models']) t.is(await status(bound, path), 403, path)
  t.is(await status(bound, '/v1/datasets', 'POST'), 403)
  for (const path of [`/v1/datasets/${first}`, `/v1/datasets/${second}`, '/v1/datasets', '/v1/models']) t.is(await status(wide, path), 200, path)
  t.deepEqual(await (await app.fetch('/v1/datasets', { token: wide })).json(), { reach: 'all' })
  t.deepEqual(await (await app.fetch('/v1/datasets', { token: wide, method: 'POST' })).json(), { created_by: accountId }, 'it acts as the owner')
  for (const path of ['/v1/keys', '/v1/thing']) t.is(await status(wide, path), 403, 'no key holds what is not for its type')
  t.is(await status(bound, '/v1/datasets/nonsense'), 404)
  t.is(await status((await key(null, 'app')).token, '/v1/app'), 403)
})

test('a key is read from one Authorization header and nowhere else', async (t) => {
  const { app, key, datasetIds: [first] } = common
  const { token } = await key()
  const appKey = (await key(null, 'app')).token
  const path = `/v1/datasets/${first}`
  const ask = async (headers: Record<string, string>, at = path): Promise<{ status: number; message: string; challenge: string | null }> => {
    const response = await app.fetch(at, { headers })
    const { message = '', code } = await response.json() as { message?: string; code?: string }
    if (response.status === 401) t.is(code, 'unauthorized')
    return { status: response.status, message, challenge: response.headers.get('www-authenticate') }
  }
  for (const authorization of [`Bearer ${token}`, `bearer ${token}`, `BEARER \t ${token}`]) t.is((await ask({ authorization })).status, 200)
  const challenge = 'Bearer realm="api"'
  const missing = "Authorization header must be provided and start with 'Bearer'"
  for (const headers of [{}, { authorization: 'Bearer' }, { authorization: token }, { authorization: '' }] as Record<string, string>[]) t.deepEqual(await ask(headers), { status: 401, message: missing, challenge })
  t.deepEqual(await ask({ authorization: `Basic ${token}` }), { status: 401, message: "Authorization scheme must be 'Bearer'", challenge })
  for (const wrong of [
    newToken('dataset', false), newToken('dataset', true), appKey, `${token} ${token}`, `${token},`, `"${token}"`, token.toLowerCase(), token.slice(0, -1), 'null', 'undefined', '[]', '{}', 'x'.repeat(4000),
  ]) t.deepEqual(await ask({ authorization: `Bearer ${wrong}` }), { status: 401, message: 'Access token is invalid', challenge }, wrong)
  t.is((await ask({ authorization: `Bearer ${token}` }, '/v1/app')).status, 401, 'a key of the other type is an unknown key')
  for (const headers of [{ 'x-api-key': token }, { 'api-key': token }, { cookie: `access_token=${token}` }, { cookie: `token=${token}` }, { authorization: `Bearer ${token}`, cookie: 'access_token=x' }] as Record<string, string>[]) t.is((await ask(headers)).status, 401)
  for (const name of ['api_key', 'token', 'access_token', 'authorization']) t.is((await ask({}, `${path}?${name}=${token}`)).status, 401)

  const raw = (headers: readonly string[]): Promise<number | undefined> => new Promise((done, fail) => {
    request(app.url + path, { headers: ['Host', 'localhost', 'Connection', 'close', ...headers] as never }, (response) => { response.resume(); done(response.statusCode) }).on('error', fail).end()
  })
  t.is(await raw(['Authorization', `Bearer ${token}`]), 200)
  for (const second of [`Bearer ${token}`, 'Bearer x', '']) {
    t.is(await raw(['Authorization', `Bearer ${token}`, 'authorization', second]), 401)
    t.is(await raw(['authorization', second, 'Authorization', `Bearer ${token}`]), 401)
  }
})

test.serial('the limit counts every key that reaches a dataset, and no race overruns it', async (t) => {
  const one = await world({ keys: { limit: 3 } })
  t.teardown(() => one.app.close())
  const { call, key, datasetIds: [first, second], app, workspaceId } = one
  const many = async (path: string): Promise<number[]> => (await Promise.all(Array.from({ length: 6 }, () => call(path, 'POST')))).map(({ status }) => status).sort()
  t.deepEqual(await many(`/datasets/${first}/api-keys`), [201, 201, 201, 400, 400, 400])
  t.is((await call('/datasets/api-keys', 'POST')).body.code, 'bad_request', 'a workspace key would reach the full dataset too')
  t.is((await call(`/datasets/${second}/api-keys`, 'POST')).status, 201, 'another dataset is not full')
  await app.resolve(database).query('DELETE FROM api_tokens WHERE workspace_id = $1', [workspaceId])
  t.deepEqual(await many('/datasets/api-keys'), [200, 200, 200, 400, 400, 400])
  t.is((await call(`/datasets/${first}/api-keys`, 'POST')).status, 400, 'three workspace keys reach it')
  await key(null, 'app')
})

test.serial('with the workspace strategy a bound key is not made, and one from before keeps to its dataset', async (t) => {
  const one = await world({ adapters: { keyScope: { workspace: {} } } })
  t.teardown(() => one.app.close())
  const { app, call, key, status, datasetIds: [first, second], workspaceId, accountId } = one
  const refused = await call(`/datasets/${first}/api-keys`, 'POST')
  t.is(refused.status, 400)
  t.is(refused.body.code, 'bad_request')
  const token = newToken('dataset', true)
  const { hash, pepperId } = app.resolve(secrets)
  await app.resolve(database).query(
    `INSERT INTO api_tokens (id, workspace_id, type, dataset_id, prefix, last4, token_hash, pepper_id, created_by, created_at)
     VALUES ($1, $2, 'dataset', $3, 'ds-', 'xxxx', $4, $5, $6, now())`, [randomUUID(), workspaceId, first, hash(token), pepperId, accountId])
  t.is(await status(token, `/v1/datasets/${first}`), 200)
  for (const path of [`/v1/datasets/${second}`, '/v1/datasets', '/v1/models']) t.is(await status(token, path), 403)
  const wide = await key()
  t.is(await status(wide.token, `/v1/datasets/${second}`), 200)
  t.is((await call(`/datasets/api-keys/${wide.id}`, 'DELETE')).status, 204)
  t.is(await status(wide.token, `/v1/datasets/${second}`), 401, 'with the cache of a real server too')
})

test('a dataset takes its keys along, in its own transaction, and none is widened', async (t) => {
  const { app, key, status, workspaceId, accountId } = common
  const create = async (name: string): Promise<string> => (await app.resolve(datasets).create({ workspaceId, accountId }, { name })).id
  const [first, second] = [await create('goes'), await create('stays')]
  const [own, others, wide] = [await key(first), await key(second), await key()]
  for (const { token } of [own, others, wide]) await status(token, `/v1/datasets/${first}`)
  const db = app.resolve(database)
  const lifecycle = app.resolve<ReadonlyMap<string, DatasetLifecycle>>(datasetLifecycle as never)
  const remove = (): Promise<void> => lifecycle.get('api-keys')?.deleting({ workspaceId, id: first }) ?? Promise.reject(new Error('not configured'))
  await t.throwsAsync(db.transaction(async () => {
    await remove()
    throw new Error('something else failed')
  }), { message: 'something else failed' })
  t.is(await status(own.token, `/v1/datasets/${first}`), 200, 'what was rolled back has not happened')
  await lifecycle.get('api-keys')?.deleting({ workspaceId: randomUUID(), id: first })
  t.is(await status(own.token, `/v1/datasets/${first}`), 200, 'another workspace cannot delete it')
  await db.transaction(remove)
  t.is(await status(own.token, `/v1/datasets/${first}`), 401)
  t.is(await status(own.token, '/v1/datasets'), 401)
  t.is(await status(others.token, `/v1/datasets/${second}`), 200)
  t.is(await status(wide.token, `/v1/datasets/${first}`), 200)
  t.deepEqual(await db.query('SELECT id FROM api_tokens WHERE dataset_id = $1', [first]), [])
  await t.throwsAsync(db.query(`UPDATE api_tokens SET type = 'app' WHERE id = $1`, [others.id]), { message: /check/ })
})

test.serial('a dataset that is deleted over the wire, be it by its own key, leaves no key behind', async (t) => {
  const app = await testApp()
  t.teardown(() => app.close())
  const made = await app.resolve(accounts).setup(owner)
  const { workspaceId = '', accountId = '' } = made ?? {}
  const key = (datasetId: string | null) => app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId, createdBy: accountId })
  const wide = await key(null)
  const create = async (name: string): Promise<string> => (await (await app.fetch('/v1/datasets', { json: { name }, token: wide.token })).json() as { id: string }).id
  const [first, second] = [await create('goes'), await create('stays')]
  const [own, other] = [await key(first), await key(second)]
  const status = async (token: string, path: string, method = 'GET'): Promise<number> => (await app.fetch(`/v1/datasets${path}`, { token, method })).status
  t.deepEqual([await status(own.token, `/${first}`), await status(own.token, `/${second}`), await status(own.token, `/${second}`, 'DELETE'), await status(own.token, '')], [200, 403, 403, 403])
  t.is(await status(own.token, `/${first}`, 'DELETE'), 204)
  for (const path of ['', `/${first}`, `/${second}`]) t.is(await status(own.token, path), 401, 'from the moment of the answer')
  t.deepEqual([await status(other.token, `/${second}`), await status(wide.token, '')], [200, 200])
  const left = await app.resolve(database).query<{ id: string }>('SELECT id FROM api_tokens')
  t.deepEqual(left.map(({ id }) => id).sort(), [wide.id, other.id].sort())
})

test.serial('a key without an active owner, or of an archived workspace, is refused', async (t) => {
  const { app, key, workspaceId, accountId } = common
  const { token } = await key()
  const db = app.resolve(database)
  const forget = (): void => { entries.clear() }
  const message = async (): Promise<string | undefined> => (await (await app.fetch('/v1/models', { token })).json() as { message?: string }).message
  t.is(await message(), undefined)
  for (const [break_, mend] of [
    [`UPDATE workspaces SET status = 'archive' WHERE id = $1`, `UPDATE workspaces SET status = 'normal' WHERE id = $1`],
    [`UPDATE workspace_members SET role = 'admin' WHERE workspace_id = $1 AND role = 'owner'`, `UPDATE workspace_members SET role = 'owner' WHERE workspace_id = $1 AND account_id = '${accountId}'`],
    [`UPDATE accounts SET status = 'banned' WHERE id = (SELECT account_id FROM workspace_members WHERE workspace_id = $1 AND role = 'owner')`, `UPDATE accounts SET status = 'active' WHERE id = (SELECT account_id FROM workspace_members WHERE workspace_id = $1 AND role = 'owner')`],
  ] as const) {
    await db.query(break_, [workspaceId])
    forget()
    t.regex(await message() ?? '', /workspace of this key/)
    await db.query(mend, [workspaceId])
    forget()
    t.is(await message(), undefined)
  }
})

test.serial('the cache is asked first, believed only where its record is genuine, and never brings a deleted key back', async (t) => {
  const { app, key, status, call, datasetIds: [first, second], workspaceId, accountId } = common
  const { hash } = app.resolve(secrets)
  const place = (token: string): string => `api-key:${hash(token)}`
  const asked = async (token: string, path: string): Promise<[number, string[]]> => {
    calls.length = 0
    return [await status(token, path), [...calls]]
  }
  const own = await key(first)
  const path = `/v1/datasets/${first}`
  t.deepEqual(await asked(own.token, path), [200, ['get', 'generation', 'set']])
  t.deepEqual(await asked(own.token, path), [200, ['get']], 'the database is not asked again')
  const unknown = newToken('dataset', false)
  t.deepEqual(await asked(unknown, path), [401, ['get', 'generation', 'set']])
  t.deepEqual(await asked(unknown, path), [401, ['get']], 'nor for a key that is unknown')
  for (const garbage of ['x', own.token.slice(0, -1), `${own.token}x`, own.token.replace('ds-', 'dataset-')]) t.deepEqual(await asked(garbage, path), [401, []], 'garbage reaches neither')
  t.false(JSON.stringify([...entries]).includes(own.token))

  // Whoever can write to the cache still cannot let anybody in.
  const stored = entries.get(place(own.token))?.value as { body: string; mac: string }
  const lay = (token: string, value: Json): void => { entries.set(place(token), { value, sealed: false, tags: [] }) }
  lay(unknown, stored)
  t.is(await status(unknown, path), 401, 'a genuine record that was moved')
  const wider = { ...stored, body: stored.body.replace(`"${first}"`, 'null') }
  t.not(wider.body, stored.body)
  lay(own.token, wider)
  t.is(await status(own.token, `/v1/datasets/${second}`), 403, 'a record that was altered')
  for (const nonsense of [null, 0, 'x', [], {}, { body: '{}' }, { body: stored.body, mac: '' }, { body: 'not json', mac: stored.mac }, { body: stored.body, mac: [stored.mac] }] as Json[]) {
    lay(own.token, nonsense)
    t.is(await status(own.token, path), 200, JSON.stringify(nonsense))
    lay(unknown, nonsense)
    t.is(await status(unknown, path), 401, JSON.stringify(nonsense))
  }

  // Genuine records of other versions and times.
  const macKey = deriveKey(app.resolve<ServerConfig>(serverConfig as never), 'api key record')
  const genuine = (token: string, content: object): Json => {
    const body = JSON.stringify(content)
    return { body, mac: createHmac('sha256', macKey).update(`${hash(token)}.${body}`).digest('base64') }
  }
  const ghost = newToken('dataset', false)
  const exp = Date.now() + 60_000
  const record = { id: randomUUID(), workspaceId, type: 'dataset', ownerId: accountId }
  const third = { v: 3, ...record, grants: null, terms: null, expiresAt: null, allowedIps: null, strategy: 'dataset', known: null }
  const whole = { ...third, v: 4, rateLimit: null }
  for (const [content, code] of [
    [{ v: 2, ...record, datasetId: null, exp }, 200], [{ v: 2, ...record, datasetId: first, exp }, 403], [{ v: 1, ...record, exp }, 200], [{ v: 2, ...record, exp }, 401],
    [{ v: 2, ...record, datasetId: null }, 401], [{ v: 2, ...record, datasetId: null, exp: Date.now() - 1 }, 401], [{ v: 3, ...record, datasetId: null, exp }, 401], [{ ...third, datasetId: null, exp }, 200],
    [{ ...whole, datasetId: null, exp, v: 5 }, 401], [{ ...whole, datasetId: null, exp, v: 1.5 }, 401], [{ ...whole, datasetId: null, exp, v: 0 }, 401], [{ ...whole, datasetId: null, exp, rateLimit: '9' }, 401],
    [{ ...whole, datasetId: null, exp }, 200], [{ ...whole, datasetId: null, exp, grants: [] }, 403], [{ ...whole, datasetId: null, exp, expiresAt: Date.now() - 1 }, 401],
    [{ ...whole, datasetId: null, exp, grants: [{ datasetId: first, rights: ['own'] }] }, 401], [{ ...whole, datasetId: null, exp, grants: {} }, 401],
    [{ ...whole, datasetId: null, exp, terms: {} }, 403], [{ ...whole, datasetId: null, exp, allowedIps: ['10.0.0.1'] }, 403], [{ ...whole, datasetId: null, exp, strategy: 'another' }, 401],
    ...Object.keys(whole).map((field) => [Object.fromEntries(Object.entries({ ...whole, datasetId: null, exp }).filter(([name]) => name !== field)), 401] as const),
    [{ v: '2', ...record, datasetId: null, exp }, 401], [{ v: 2, ...record, datasetId: 7, exp }, 401], [{ v: 2, ...record, type: 'other', datasetId: null, exp }, 401], [{ v: 2, none: true, exp }, 401],
  ] as const) {
    lay(ghost, genuine(ghost, content))
    t.is(await status(ghost, '/v1/datasets'), code, JSON.stringify(content))
  }

  // A read that began before the delete fills the cache after it.
  const doomed = await key(first)
  let release = (): void => undefined
  const reached = new Promise<void>((inFill) => {
    holds.before = () => new Promise((done) => { release = done; inFill() })
  })
  const slow = status(doomed.token, path)
  await reached
  holds.before = undefined
  t.is((await call(`/datasets/${first}/api-keys/${doomed.id}`, 'DELETE')).status, 204)
  release()
  await slow
  t.deepEqual(await asked(doomed.token, path), [401, ['get']], 'its seal stands')
  t.true(entries.get(place(doomed.token))?.sealed)
})

test.serial('when a key was last used is written in batches', async (t) => {
  const one = await world({ keys: { lastUsedSeconds: 3600 } })
  t.teardown(() => one.app.close())
  const { app, key, status, call } = one
  const db = app.resolve(database)
  const used = async (): Promise<(number | null)[]> => ((await call('/datasets/api-keys')).body.data as { last_used_at: number | null }[]).map(({ last_used_at }) => last_used_at)
  const [{ token }] = [await key(), await key()]
  await Promise.all(Array.from({ length: 5 }, () => status(token, '/v1/models')))
  await status(newToken('dataset', false), '/v1/models')
  t.deepEqual(await used(), [null, null], 'no request waits for it')
  await app.resolve(flushing).stop()
  const [never, last] = await used()
  t.is(never, null)
  t.true(Math.abs(Number(last) - Date.now() / 1000) < 5)
  await db.query(`UPDATE api_tokens SET last_used_at = now() + interval '1 hour'`)
  await status(token, '/v1/models')
  await app.resolve(flushing).stop()
  t.true((await used()).every((time) => Number(time) > Date.now() / 1000 + 3000), 'an earlier use does not overwrite a later one')

  // The clock does it too.
  await db.query('UPDATE api_tokens SET last_used_at = NULL')
  await status(token, '/v1/models')
  app.resolve(flushing).start(0.02)
  const written = async (): Promise<boolean> => (await db.query('SELECT 1 FROM api_tokens WHERE last_used_at IS NOT NULL')).length > 0
  for (let tries = 0; tries < 100 && !await written(); tries++) await sleep(20)
  t.true(await written())
})

test('no key lies in the database, in the cache, or in a log at any level', async (t) => {
  const { app, call, status, datasetIds: [first] } = common
  const tokens: string[] = []
  for (const path of ['/datasets/api-keys', `/datasets/${first}/api-keys`]) tokens.push((await call(path, 'POST')).body.token as string)
  for (const token of tokens) for (const path of [`/v1/datasets/${first}`, '/v1/datasets', '/v1/app', `/v1/datasets/${randomUUID()}`]) await status(token, path)
  const db = app.resolve(database)
  const dump = JSON.stringify(await db.query('SELECT * FROM api_tokens'))
  t.true(lines.length > 0 && entries.size > 0 && dump.includes('pepper_id'))
  const { cookie = '' } = common.session
  const secrets = [...tokens.flatMap((token) => [token, token.slice(token.indexOf('-') + 1)]), owner.password, ...cookie.split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1))]
  for (const secret of secrets) for (const where of [dump, JSON.stringify([...entries]), lines.join('\n')]) t.false(where.includes(secret))
  const [wide = ''] = tokens
  t.true(dump.includes(createHmac('sha256', keyPepper).update(wide).digest('hex')), 'the hash is an HMAC under the pepper')
})
