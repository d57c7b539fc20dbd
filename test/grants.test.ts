/** Keys that reach several datasets with rights on each, over the wire: what they reach, how they shrink, and how they end. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { database, StartupError } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import type { Right } from '../plugins/api-keys/ports.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import { signIn } from './support/world.ts'

const owner = { email: 'ada@example.org', name: 'Ada', password: 'correct horse 42' }
interface Answer { readonly status: number; readonly body: any }
interface World {
  readonly app: TestApp
  readonly workspaceId: string
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
    app, workspaceId: made.workspaceId, console,
    dataset: async (name) => (await app.resolve(datasets).create(made, { name, indexingTechnique: 'economy' })).id,
    grant: async (...grants) => (await console('POST', '', { grants })).body as { id: string; token: string },
    ask: (token, method, path, json) => send(method, `/v1${path}`, json, { token }),
    status: async (token, path) => (await send('GET', `/v1${path}`, undefined, { token })).status,
  }
}
const withGrants = (options: TestAppOptions = {}): TestAppOptions => ({
  ...options, config: { ...options.config, plugins: { bootstrap: null, 'api-keys': { limit: 50 } }, adapters: { ...options.config?.adapters, keyScope: { grants: {} } } },
})

let world: World
test.before(async () => { world = await worldOf(await testApp(withGrants())) })
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
    { rate_limit: 5 }, { terms: {} }, { granted: false },
  ]) t.is((await console('POST', '', wrong)).status, 400, JSON.stringify(wrong))
  const masked = (await console('GET', '')).body.data as { id: string; token: string; grants: unknown }[]
  t.false(JSON.stringify(masked).includes(several.body.token as string))
  t.deepEqual(masked.find(({ id }) => id === several.body.id)?.grants, several.body.grants)
  const reaching = (await answer(await world.app.fetch(`/console/api/datasets/${one}/api-keys`, { headers: await signIn(world.app, owner) }))).body.data as { id: string }[]
  t.true([plain, several].every(({ body }) => reaching.some(({ id }) => id === body.id)), 'the page of a dataset shows all that reach it')
})

test('a dataset takes its grants along, and the keys that had no other', async (t) => {
  const { app, workspaceId, dataset, grant, status, ask } = world
  const [goes, stays] = [await dataset('goes'), await dataset('stays')]
  const bound = await app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: goes, createdBy: workspaceId })
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
  const on = (strategy: string) => testApp({ dataDir, config: { plugins: { bootstrap: null }, adapters: { database: { embedded: {} }, keyScope: { [strategy]: {} } } } })
  const first = await on('grants')
  const { grant, console, dataset } = await worldOf(first).catch(async (error: unknown) => { await first.close(); throw error })
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
    const { workspace_id: workspaceId } = (await again.resolve(database).query<{ workspace_id: string }>('DELETE FROM api_tokens WHERE id = $1 RETURNING workspace_id', [granted.id]))[0] ?? { workspace_id: '' }
    await again.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: id, createdBy: workspaceId })
  } finally { await again.close() }
  await (await on('dataset')).close()
  await t.throwsAsync(on('workspace'), { instanceOf: StartupError, message: /bound to the dataset/ })
})
