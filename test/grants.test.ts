/** Keys that reach several datasets with rights on each, over the wire: what they reach, how they shrink, and how they end. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import { database, errors, StartupError } from '../core/index.ts'
import type { Cache } from '../core/index.ts'
import { testApp, testPort } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { keyScopeContractWith } from '../plugins/api-keys/contracts/key-scope.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import type { Right } from '../plugins/api-keys/ports.ts'
import { isAllowed, isRange } from '../plugins/api-keys/services/addresses.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import { memoryCache } from '../plugins/platform/services/memory-cache.ts'
import keysByTag, { tagging } from './support/plugins/keys-by-tag.ts'
import { signIn } from './support/world.ts'

const owner = { email: 'ada@example.org', name: 'Ada', password: 'correct horse 42' }
interface Answer { readonly status: number; readonly body: any }
interface World {
  readonly app: TestApp
  readonly workspaceId: string
  readonly accountId: string
  dataset(name: string): Promise<string>
  console(method: string, path: string, json?: unknown): Promise<Answer>
  /** Makes a key by the console; 201. */
  grant(...grants: { dataset_id: string; rights: Right[] }[]): Promise<{ id: string; token: string }>
  /** What a key is answered. */
  ask(token: string, method: string, path: string, json?: unknown): Promise<Answer>
  status(token: string, path: string): Promise<number>
}
const answer = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) as unknown }
}
const worldOf = async (app: TestApp): Promise<World> => {
  const made = await app.resolve(accounts).setup(owner)
  if (!made) throw new Error('the database was not empty')
  const headers = await signIn(app, owner)
  const send = async (method: string, path: string, json: unknown, more: object): Promise<Answer> => answer(await app.fetch(path, { method, ...more, ...json === undefined ? {} : { json } }))
  const console: World['console'] = (method, path, json) => send(method, `/console/api/datasets/api-keys${path}`, json, { headers })
  return {
    app, ...made, console,
    dataset: async (name) => (await app.resolve(datasets).create(made, { name, indexingTechnique: 'economy' })).id,
    grant: async (...grants) => (await console('POST', '', { grants })).body as { id: string; token: string },
    ask: (token, method, path, json) => send(method, `/v1${path}`, json, { token }),
    status: async (token, path) => (await send('GET', `/v1${path}`, undefined, { token })).status,
  }
}
const withGrants = (options: TestAppOptions = {}): TestAppOptions => ({
  ...options, config: { ...options.config, plugins: { bootstrap: null, provision: null, 'api-keys': { limit: 50 } }, adapters: { ...options.config?.adapters, keyScope: { grants: {} }, command: {} } },
})

/** An ordinary cache that can be out of reach, and whose fills can be held up. */
const memory = memoryCache({ maxEntries: 10_000, maxBytes: 1e8 })
const fault: { away?: boolean; before?: (() => Promise<void>) | undefined; marking?: (() => Promise<unknown>) | undefined; written: { exp: number }[] } = { written: [] }
const faulty: Cache = {
  ...memory,
  seal: async (...of) => {
    if (fault.away) throw errors.unavailable()
    await memory.seal(...of)
  },
  generation: async (...of) => {
    await fault.marking?.()
    return memory.generation(...of)
  },
  set: async (key, value, options) => {
    await fault.before?.()
    fault.written.push({ exp: (JSON.parse((value as { body: string }).body) as { exp: number }).exp })
    return memory.set(key, value, options)
  },
}

let world: World
test.before(async () => { world = await worldOf(await testApp(withGrants({ fakes: { cache: faulty } }))) })
test.after.always(() => world.app.close())

test('each right allows what it says and what those before it allow, on its own dataset alone', async (t) => {
  const { dataset, grant, ask } = world
  const ladder: Right[] = ['retrieve', 'read', 'write', 'manage']
  const ids = await Promise.all(ladder.map((right) => dataset(`with ${right}`)))
  const outside = await dataset('without a grant')
  const { token } = await grant(...ids.map((dataset_id, at) => ({ dataset_id, rights: ladder.slice(at, at + 1) })))
  t.regex(token, /^ds-/)
  const text = { name: 'a.txt', text: 'A canary sings.', indexing_technique: 'economy', process_rule: { mode: 'automatic' } }
  const calls: [Right, string, string, unknown?][] = [
    ['retrieve', 'POST', '/retrieve', { query: 'canary' }], ['read', 'GET', ''], ['read', 'GET', '/documents'],
    ['write', 'POST', '/document/create-by-text', text], ['manage', 'PATCH', '', { description: 'changed' }],
  ]
  for (const [needs, method, path, json] of calls) {
    for (const [at, id] of ids.entries()) {
      const { status } = await ask(token, method, `/datasets/${id.toUpperCase()}${path}`, json)
      t.is(status === 403, at < ladder.indexOf(needs), `${method} ${path} with ${ladder[at] ?? ''}: ${status}`)
      t.true([200, 403].includes(status))
    }
    t.is((await ask(token, method, `/datasets/${outside}${path}`, json)).status, 403)
  }
  const listed = await ask(token, 'GET', '/datasets?limit=100')
  t.deepEqual((listed.body.data as { id: string }[]).map(({ id }) => id).sort(), ids.slice(1).sort(), 'the list shows what may be read')
  t.is(listed.body.total, 3, 'and its count tells of nothing else')
  for (const [method, path, json] of [['POST', '/datasets', { name: 'new' }], ['GET', '/workspaces/current/models/model-types/text-embedding']] as const) {
    t.is((await ask(token, method, path, json)).status, 403, path)
  }
  t.is((await ask(token, 'DELETE', `/datasets/${ids[2]}`)).status, 403)
  t.is((await ask(token, 'DELETE', `/datasets/${ids[3] ?? ''}`)).status, 204)
  t.is((await ask(token, 'GET', '/datasets')).body.total, 2)
})

test('the plain form is what it was; anything more is answered with 201, and nothing is taken that cannot be kept', async (t) => {
  const { dataset, console, status } = world
  const [one, two] = [await dataset('plain one'), await dataset('plain two')]
  const plain = await console('POST', '', { name: 'plain' })
  t.is(plain.status, 200)
  t.like(plain.body, { name: 'plain', dataset_id: null, dataset_ids: null, grants: null, expires_at: null, allowed_ips: null })
  t.is(await status(plain.body.token as string, '/datasets'), 200)
  const several = await console('POST', '', { dataset_ids: [one.toUpperCase(), two] })
  t.is(several.status, 201)
  t.deepEqual([...several.body.dataset_ids as string[]].sort(), [one, two].sort())
  for (const id of [one, two]) t.is(await status(several.body.token as string, `/datasets/${id}`), 200)
  for (const empty of [{ dataset_ids: [] }, { grants: [] }, { grants: [{ dataset_id: one, rights: [] }] }]) {
    const { status: code, body } = await console('POST', '', empty)
    t.is(code, 201)
    for (const path of ['/datasets', `/datasets/${one}`]) t.is(await status(body.token as string, path), 403, 'an empty grant denies')
  }
  const unknown = 'ffffffff-0000-4000-8000-000000000000'
  for (const wrong of [
    { dataset_ids: [unknown] }, { dataset_ids: 'x' }, { dataset_ids: [7] }, { dataset_ids: [one], grants: [] }, { grants: [{ dataset_id: unknown, rights: ['read'] }] },
    { grants: [{ dataset_id: one, rights: ['own'] }] }, { grants: [{ dataset_id: one }] }, { grants: [{ dataset_id: one, rights: ['read'] }, { dataset_id: one, rights: ['manage'] }] },
    { rate_limit: 0 }, { terms: {} }, { granted: false },
  ]) t.is((await console('POST', '', wrong)).status, 400, JSON.stringify(wrong))
  const masked = (await console('GET', '')).body.data as { id: string; token: string; grants: unknown }[]
  t.false(JSON.stringify(masked).includes(several.body.token as string))
  t.deepEqual(masked.find(({ id }) => id === several.body.id)?.grants, several.body.grants)
  const reaching = (await answer(await world.app.fetch(`/console/api/datasets/${one}/api-keys`, { headers: await signIn(world.app, owner) }))).body.data as { id: string }[]
  t.true([plain, several].every(({ body }) => reaching.some(({ id }) => id === body.id)), 'the page of a dataset shows all that reach it')
})

test('a dataset takes its grants along, and the keys that had no other', async (t) => {
  const { app, workspaceId, accountId, dataset, grant, status, ask } = world
  const [goes, stays] = [await dataset('goes'), await dataset('stays')]
  const bound = await app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: goes, createdBy: accountId })
  const [only, both, empty] = [await grant({ dataset_id: goes, rights: ['manage'] }), await grant({ dataset_id: goes, rights: ['manage'] }, { dataset_id: stays, rights: ['read'] }), await grant()]
  for (const { token } of [only, both, bound]) t.is(await status(token, `/datasets/${goes}`), 200)
  t.is((await ask(only.token, 'DELETE', `/datasets/${goes}`)).status, 204)
  for (const { token } of [only, bound]) for (const path of ['/datasets', `/datasets/${goes}`, `/datasets/${stays}`]) t.is(await status(token, path), 401, path)
  t.deepEqual([await status(both.token, `/datasets/${stays}`), await status(both.token, `/datasets/${goes}`)], [200, 403])
  t.is((await ask(both.token, 'GET', '/datasets')).body.total, 1)
  t.is(await status(empty.token, `/datasets/${stays}`), 403, 'who had nothing has nothing')
  const db = app.resolve(database)
  t.deepEqual(await db.query('SELECT 1 FROM api_token_grants WHERE dataset_id = $1', [goes]), [])
  t.deepEqual(await db.query('SELECT 1 FROM api_tokens WHERE id = ANY ($1::uuid[])', [[only.id, bound.id]]), [])
  // Whatever else removes the rows of grants: the key is not widened.
  await db.query('DELETE FROM api_token_grants WHERE token_id = $1', [both.id])
  const fresh = await grant({ dataset_id: stays, rights: ['read'] })
  await db.query('DELETE FROM api_token_grants WHERE token_id = $1', [fresh.id])
  t.is(await status(fresh.token, '/datasets'), 403)
  await t.throwsAsync(db.query('INSERT INTO api_token_grants SELECT gen_random_uuid(), id, gen_random_uuid(), $2 FROM api_tokens WHERE id = $1', [both.id, ['read']]), { message: /foreign key/ })
})

test.serial('a strategy that cannot express a key does not start, and says which', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mortise-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const on = (strategy: string) => testApp({ dataDir, config: { plugins: { bootstrap: null, provision: null }, adapters: { database: { embedded: {} }, keyScope: { [strategy]: {} }, command: {} } } })
  const first = await on('grants')
  const { workspaceId, accountId, grant, console, dataset } = await worldOf(first).catch(async (error: unknown) => { await first.close(); throw error })
  const id = await dataset('one')
  const [granted, wide] = [await grant({ dataset_id: id, rights: ['read'] }), (await console('POST', '', {})).body as { id: string; token: string }]
  await first.close()
  for (const strategy of ['workspace', 'dataset']) {
    const error = await t.throwsAsync<StartupError>(on(strategy), { instanceOf: StartupError })
    t.is(error.exitCode, 1)
    t.is(error.problems[0]?.path, `adapters.keyScope.${strategy}`)
    t.true(error.message.includes(granted.id) && !error.message.includes(wide.id) && !error.message.includes(granted.token), error.message)
  }
  const again = await on('grants')
  try {
    t.is((await again.fetch(`/v1/datasets/${id}`, { token: granted.token })).status, 200)
    await again.resolve(apiKeys).remove(workspaceId, granted.id)
    await again.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: id, createdBy: accountId })
  } finally { await again.close() }
  await (await on('dataset')).close()
  await t.throwsAsync(on('workspace'), { instanceOf: StartupError, message: /bound to the dataset/ })
})

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds
const eventually = async (wanted: number, ask: () => Promise<number>): Promise<boolean> => {
  for (let tries = 0; tries < 80; tries++) {
    if (await ask() === wanted) return true
    await sleep(50)
  }
  return false
}

test.serial('an expired key is an unknown key, in the database and out of the cache', async (t) => {
  const { app, console, status } = world
  const end = inSeconds(2)
  const { status: code, body: { id, token, expires_at: told } } = await console('POST', '', { expires_at: end })
  t.is(code, 201)
  t.is(told, end)
  t.is(await status(token as string, '/datasets'), 200)
  t.true(await eventually(401, () => status(token as string, '/datasets')), 'although it was remembered for a minute')
  t.true(Date.now() >= end * 1000)
  const refused = await app.fetch('/v1/datasets', { token: token as string })
  t.deepEqual(await refused.json(), { code: 'unauthorized', message: 'Access token is invalid', status: 401 })
  t.true((await console('GET', '')).body.data.some((key: { id: string }) => key.id === id), 'it is still there to be seen, changed and deleted')
  for (const wrong of [inSeconds(-1), 0, -5, 1.5, '2030-01-01', Date.now() * 1000]) t.is((await console('POST', '', { expires_at: wrong })).status, 400, String(wrong))
  t.like(await console('PATCH', `/${id as string}`, { expires_at: null }), { status: 200, body: { expires_at: null } })
  t.is(await status(token as string, '/datasets'), 200)
  await console('PATCH', `/${id as string}`, { expires_at: inSeconds(1) })
  t.true(await eventually(401, () => status(token as string, '/datasets')))
  // The database's clock decides where nothing is remembered.
  const later = (await console('POST', '', { expires_at: inSeconds(60) })).body as { id: string; token: string }
  await app.resolve(database).query(`UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE id = $1`, [later.id])
  t.is(await status(later.token, '/datasets'), 401)
})

test.serial('a key is taken from its addresses only', async (t) => {
  const { console, status } = world
  const { id, token } = (await console('POST', '', { allowed_ips: ['127.0.0.0/8', '::1'] })).body as { id: string; token: string }
  t.is(await status(token, '/datasets'), 200)
  t.like((await console('PATCH', `/${id}`, { allowed_ips: ['10.0.0.0/8'] })).body, { allowed_ips: ['10.0.0.0/8'] })
  t.is(await status(token, '/datasets'), 403, 'from the moment of the answer')
  await console('PATCH', `/${id}`, { allowed_ips: [] })
  t.is(await status(token, '/datasets'), 403, 'an empty list denies')
  await console('PATCH', `/${id}`, { allowed_ips: null })
  t.is(await status(token, '/datasets'), 200)
  for (const wrong of ['x', '10.0.0.0/33', '10.0.0.0/', '10.0.0', '::1/129', 'fe80::1%eth0', '10.0.0.0/8/8', '10.0.0.0/-1']) {
    t.false(isRange(wrong), wrong)
    t.is((await console('PATCH', `/${id}`, { allowed_ips: [wrong] })).status, 400, wrong)
    t.false(isAllowed('10.0.0.1', [wrong]))
  }
  for (const [client, range, allowed] of [
    ['10.1.2.3', '10.0.0.0/8', true], ['11.1.2.3', '10.0.0.0/8', false], ['::ffff:10.1.2.3', '10.0.0.0/8', true], ['10.1.2.3', '10.1.2.3', true], ['10.1.2.4', '10.1.2.3', false],
    ['fd00::1', 'fd00::/8', true], ['fe00::1', 'fd00::/8', false], ['10.1.2.3', '::/0', false], ['fd00::1', '0.0.0.0/0', false], ['', '0.0.0.0/0', false], ['undefined', '::/0', false],
  ] as const) t.is(isAllowed(client, [range]), allowed, `${client} in ${range}`)
})

test.serial('a rotated key has a new secret, and the old one for as long as was asked', async (t) => {
  const { console, status, dataset, grant, app } = world
  const id = await dataset('rotated')
  const made = await grant({ dataset_id: id, rights: ['read'] })
  const rotate = async (json?: object): Promise<{ id: string; token: string; grants: unknown }> => {
    const { status: code, body } = await console('POST', `/${made.id}/rotate`, json)
    t.is(code, 200)
    return body as { id: string; token: string; grants: unknown }
  }
  const path = `/datasets/${id}`
  t.is(await status(made.token, path), 200)
  const second = await rotate()
  t.like(second, { id: made.id, grants: [{ dataset_id: id, rights: ['read'] }] })
  t.deepEqual([await status(made.token, path), await status(second.token, path)], [401, 200])
  const third = await rotate({ overlap_seconds: 60 })
  t.deepEqual([await status(second.token, path), await status(third.token, path)], [200, 200])
  await console('PATCH', `/${made.id}`, { grants: [] })
  t.deepEqual([await status(second.token, path), await status(third.token, path)], [403, 403], 'both secrets are of one key')
  const fourth = await rotate({ overlap_seconds: 1 })
  t.deepEqual([await status(second.token, path), await status(third.token, path), await status(fourth.token, path)], [401, 403, 403])
  t.true(await eventually(401, () => status(third.token, path)))
  const fifth = await rotate({ overlap_seconds: 60 })
  t.is((await console('DELETE', `/${made.id}`)).status, 204)
  t.deepEqual([await status(fourth.token, path), await status(fifth.token, path)], [401, 401])
  t.is((await console('POST', `/${made.id}/rotate`)).status, 404)
  for (const wrong of [-1, 1e9, 'x']) t.is((await console('POST', `/${made.id}/rotate`, { overlap_seconds: wrong })).status, 400)
  const dump = JSON.stringify(await app.resolve(database).query('SELECT * FROM api_tokens'))
  for (const { token } of [second, third, fourth, fifth]) t.false(dump.includes(token))
})

test.serial('a change takes away, at once and everywhere, and never gives', async (t) => {
  const { app, workspaceId, accountId, console, status, dataset, grant } = world
  const [one, two] = [await dataset('narrow one'), await dataset('narrow two')]
  const grants = (...of: [string, Right][]) => ({ grants: of.map(([dataset_id, right]) => ({ dataset_id, rights: [right] })) })
  const { id, token } = await grant(...grants([one, 'write'], [two, 'read']).grants)
  const seen = async (): Promise<number[]> => [await status(token, `/datasets/${one}`), await status(token, `/datasets/${two}`)]
  t.deepEqual(await seen(), [200, 200])
  for (const wider of [grants([one, 'manage']), grants([one, 'write'], [two, 'write']), { dataset_ids: [one] }, { grants: [{ dataset_id: one, rights: ['read', 'manage'] }] }]) {
    const { status: code, body } = await console('PATCH', `/${id}`, wider)
    t.deepEqual([code, body.code], [400, 'bad_request'], JSON.stringify(wider))
  }
  t.is((await console('PATCH', `/${id}`, { ...grants([one, 'read']), name: 'less' })).body.name, 'less')
  t.deepEqual(await seen(), [200, 403])
  t.is((await console('PATCH', `/${id}`, grants([one, 'write']))).status, 400, 'what was taken is not given back')
  t.is((await console('PATCH', `/${id}`, grants([one, 'retrieve']))).status, 200)
  t.deepEqual(await seen(), [403, 403])
  t.like(await console('PATCH', `/${id}`, {}), { status: 200, body: { name: 'less' } })

  const wide = (await console('POST', '', {})).body as { id: string; token: string }
  t.is((await console('PATCH', `/${wide.id}`, { dataset_ids: [two] })).status, 200)
  t.deepEqual([await status(wide.token, `/datasets/${one}`), await status(wide.token, `/datasets/${two}`), await status(wide.token, '/datasets')], [403, 200, 200])
  const bound = await app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: one, createdBy: accountId })
  t.is((await console('PATCH', `/${bound.id}`, { dataset_ids: [two] })).status, 400)
  t.is((await console('PATCH', `/${bound.id}`, grants([one, 'read']))).status, 200)
  t.is(await status(bound.token, `/datasets/${one}`), 200)
  t.is((await console('PATCH', '/ffffffff-0000-4000-8000-000000000000', { name: 'x' })).status, 404)
})

test.serial('where the cache cannot be told, the caller is, and nothing has changed', async (t) => {
  const { app, console, status, dataset, ask, grant } = world
  const id = await dataset('not told')
  const { id: keyId, token } = await grant({ dataset_id: id, rights: ['manage'] })
  t.is(await status(token, `/datasets/${id}`), 200)
  const rows = () => app.resolve(database).query('SELECT t.*, g.* FROM api_tokens t LEFT JOIN api_token_grants g ON g.token_id = t.id ORDER BY t.id, g.dataset_id')
  const before = (await rows()).map((row) => ({ ...row, last_used_at: null }))
  fault.away = true
  try {
    const { status: code } = await ask(token, 'DELETE', `/datasets/${id}`)
    t.is(code, 503)
    for (const [method, path, json] of [['PATCH', '', { grants: [] }], ['PATCH', '', { expires_at: inSeconds(50) }], ['POST', '/rotate', {}], ['DELETE', '', undefined]] as const) {
      t.is((await console(method, `/${keyId}${path}`, json)).status, 503, `${method} ${path}`)
    }
    t.is((await console('PATCH', `/${keyId}`, { name: 'a name needs no cache' })).status, 200)
  } finally { fault.away = false }
  await console('PATCH', `/${keyId}`, { name: 'x' })
  await app.resolve(database).query('UPDATE api_tokens SET name = NULL WHERE id = $1', [keyId])
  t.deepEqual((await rows()).map((row) => ({ ...row, last_used_at: null })), before)
  t.is(await status(token, `/datasets/${id}`), 200)
  t.is((await console('DELETE', `/${keyId}`)).status, 204)
  t.is(await status(token, `/datasets/${id}`), 401)
})

test.serial('what was read before a change is not believed after it, however late it is written', async (t) => {
  const { console, status, dataset, grant } = world
  const id = await dataset('late')
  const { id: keyId, token } = await grant({ dataset_id: id, rights: ['read'] })
  let release = (): void => undefined
  const reached = new Promise<void>((inFill) => { fault.before = () => new Promise((done) => { release = done; inFill() }) })
  const slow = status(token, `/datasets/${id}`)
  await reached
  fault.before = undefined
  t.is((await console('PATCH', `/${keyId}`, { grants: [] })).status, 200)
  release()
  t.is(await slow, 200, 'it began before')
  t.is(await status(token, `/datasets/${id}`), 403)
  // A seal ends at last; a record must have ended by then, so it counts from the read and not from the write.
  const other = await grant({ dataset_id: id, rights: ['read'] })
  const began = Date.now()
  fault.marking = () => sleep(250)
  t.is(await status(other.token, `/datasets/${id}`), 200)
  fault.marking = undefined
  const { exp = Infinity } = fault.written.at(-1) ?? {}
  t.true(exp <= began + 60_000 + 400, `the record ends ${exp - began} ms after its reading began`)
})

test.serial('no history of changes and deletions lets a key reach more than it did', async (t) => {
  const { app, workspaceId, accountId, console, dataset, ask, grant } = world
  const keeper = await app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: null, createdBy: accountId })
  const ladder: Right[] = ['retrieve', 'read', 'write', 'manage']
  const levels = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 })
  const step = fc.oneof({ weight: 3, arbitrary: fc.record({ set: levels }) }, { weight: 1, arbitrary: fc.record({ remove: fc.integer({ min: 0, max: 2 }) }) })
  let run = 0
  await fc.assert(fc.asyncProperty(levels, fc.array(step, { maxLength: 6 }), async (first, steps) => {
    run += 1
    const ids = await Promise.all(first.map((_, at) => dataset(`history ${run} ${at}`)))
    const grants = (of: readonly number[]) => ids.map((dataset_id, at) => ({ dataset_id, rights: ladder.slice(0, of[at]) }))
    const { id, token } = await grant(...grants(first))
    let model = [...first]
    let there = ids.map(() => true)
    let alive = true
    for (const one of steps) {
      if ('remove' in one) {
        if (!there[one.remove]) continue
        t.is((await ask(keeper.token, 'DELETE', `/datasets/${ids[one.remove] ?? ''}`)).status, 204)
        there = there.map((is, at) => is && at !== one.remove)
        const had = (model[one.remove] ?? 0) > 0
        model = model.map((level, at) => at === one.remove ? 0 : level)
        if (had && model.every((level) => level === 0)) alive = false
      } else {
        const { status } = await console('PATCH', `/${id}`, { grants: grants(one.set).filter((_, at) => there[at]) })
        const narrower = one.set.every((level, at) => !there[at] || level <= (model[at] ?? 0))
        t.is(status, !alive ? 404 : narrower ? 200 : 400)
        if (alive && narrower) model = one.set.map((level, at) => there[at] ? level : 0)
      }
      const reads = await Promise.all(ids.map(async (datasetId) => (await ask(token, 'GET', `/datasets/${datasetId}`)).status))
      t.deepEqual(reads, model.map((level) => !alive ? 401 : level >= 2 ? 200 : 403))
      const listed = await ask(token, 'GET', '/datasets')
      t.is(listed.status === 200 ? listed.body.total : listed.status, !alive ? 401 : model.filter((level) => level >= 2).length || 403)
    }
    await console('DELETE', `/${id}`)
    // Nothing brings it back.
    for (const [method, path, json] of [['PATCH', '', { grants: grants(first).filter((_, at) => there[at]) }], ['PATCH', '', { expires_at: null, rate_limit: null }], ['POST', '/rotate', {}], ['DELETE', '', undefined]] as const) {
      t.is((await console(method, `/${id}${path}`, json)).status, 404)
    }
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) t.is((await app.fetch('/v1/datasets', { headers: { authorization: `${scheme} ${token}` } })).status, 401)
  }), { numRuns: 12 })
})

test.serial('the limit counts what reaches a dataset, whichever way', async (t) => {
  const app = await testApp({ config: { plugins: { bootstrap: null, provision: null, 'api-keys': { limit: 3 } }, adapters: { keyScope: { grants: {} }, command: {} } } })
  t.teardown(() => app.close())
  const { dataset, console, workspaceId, accountId } = await worldOf(app)
  const [one, two] = [await dataset('full'), await dataset('free')]
  const status = async (json: object): Promise<number> => (await console('POST', '', json)).status
  t.is(await status({}), 200)
  await app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: one, createdBy: accountId })
  t.is(await status({ dataset_ids: [one] }), 201)
  t.deepEqual([await status({ dataset_ids: [one] }), await status({ dataset_ids: [two, one] }), await status({})], [400, 400, 400])
  t.deepEqual([await status({ dataset_ids: [two] }), await status({ dataset_ids: [two] }), await status({ dataset_ids: [two] })], [201, 201, 400])
  t.deepEqual([await status({ grants: [] }), await status({ grants: [] }), await status({ grants: [] })], [201, 201, 400], 'there is an end to those that reach nothing, too')
})

test('a key may know what it is and what it reaches, and nobody else', async (t) => {
  const { app, workspaceId, accountId, console, dataset, grant, ask } = world
  const [one, two] = [await dataset('known one'), await dataset('known two')]
  const granted = await grant({ dataset_id: one, rights: ['write'] }, { dataset_id: two, rights: ['retrieve'] })
  const { status, body } = await ask(granted.token, 'GET', '/whoami')
  t.is(status, 200)
  t.like(body, { key: { id: granted.id, name: null, type: 'dataset', last4: granted.token.slice(-4), expires_at: null }, workspace: { id: workspaceId }, strategy: 'grants', rate_limit: null })
  const byId = new Map((body.reach.datasets as { id: string; rights: Right[] }[]).map(({ id, rights }) => [id, rights]))
  t.deepEqual([byId.size, byId.get(one), byId.get(two)], [2, ['retrieve', 'read', 'write'], ['retrieve']])
  const end = inSeconds(60)
  const wide = (await console('POST', '', { name: 'Wide', expires_at: end })).body as { token: string }
  t.like((await ask(wide.token, 'GET', '/whoami')).body, { key: { name: 'Wide', expires_at: end }, reach: { datasets: 'all' } })
  const bound = await app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: one, createdBy: accountId })
  t.deepEqual((await ask(bound.token, 'GET', '/whoami')).body.reach, { datasets: [{ id: one, rights: ['retrieve', 'read', 'write', 'manage'] }] })
  t.deepEqual((await ask((await grant()).token, 'GET', '/whoami')).body.reach, { datasets: [] })
  const session = await signIn(app, owner)
  for (const headers of [{}, { authorization: 'Bearer nonsense' }, session, { ...session, authorization: `Bearer ${wide.token}` }] as Record<string, string>[]) t.is((await app.fetch('/v1/whoami', { headers })).status, 401)
})

const tagged = (options: TestAppOptions = {}): TestAppOptions => ({
  ...options, plugins: [keysByTag], config: { plugins: { bootstrap: null, provision: null }, adapters: { keyScope: { tag: {} }, command: {}, datasetLifecycle: { 'api-keys': {}, 'keys-by-tag': {} } } },
})
testPort(test.serial, keyScopeContractWith({ workspaceId: randomUUID(), terms: { tag: 'on nothing' } }), { ...tagged(), name: 'keyScope tag' })

test.serial('a strategy of somebody else that looks at a table of its own: keys by tag', async (t) => {
  const app = await testApp(tagged({ fakes: { cache: faulty } }))
  t.teardown(() => app.close())
  const { workspaceId, accountId, dataset, status, ask, console } = await worldOf(app)
  const { tag, untag } = app.resolve(tagging)
  const [one, two] = [await dataset('tagged one'), await dataset('tagged two')]
  const create = (terms: { tag: string }) => app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: null, terms, createdBy: accountId })
  await tag(workspaceId, one, 'open')
  const [{ id, token }, other] = [await create({ tag: 'open' }), await create({ tag: 'shut' })]
  const seen = async (): Promise<number[]> => [await status(token, `/datasets/${one}`), await status(token, `/datasets/${two}`), await status(token, '/datasets')]
  t.deepEqual(await seen(), [200, 403, 200])
  t.deepEqual((await ask(token, 'GET', '/whoami')).body.reach.datasets.map((found: { id: string }) => found.id), [one])
  t.is(await status(other.token, `/datasets/${one}`), 403)
  await tag(workspaceId, two, 'open')
  t.deepEqual(await seen(), [200, 200, 200])
  fault.away = true
  await t.throwsAsync(untag(workspaceId, one, 'open'))
  fault.away = false
  t.deepEqual(await seen(), [200, 200, 200], 'where nobody could be told, nothing has changed')
  await untag(workspaceId, one, 'open')
  t.deepEqual(await seen(), [403, 200, 200], 'from the moment of the answer')
  t.is((await ask(token, 'DELETE', `/datasets/${two}`)).status, 204)
  t.deepEqual(await seen(), [403, 403, 403])
  for (const terms of [{ tag: 7 }, { label: 'x' }, { tag: 'x', more: 1 }]) await t.throwsAsync(create(terms as never), { message: /terms/ })
  t.is((await console('POST', '', { grants: [] })).status, 400, 'a strategy that says nothing of grants is not asked about them')
  t.is((await console('PATCH', `/${id}`, { dataset_ids: [one] })).status, 400)
})
