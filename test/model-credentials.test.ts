/** What workspaces enter for model providers, over HTTP: saved, tried, masked, sealed, kept apart; and the models that they choose. */
import { readFile } from 'node:fs/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { database, HttpError, vault } from '../core/index.ts'
import type { Cache, Logger } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { models } from '../plugins/models/ports.ts'
import { memoryCache } from '../plugins/platform/services/memory-cache.ts'
import { DIMENSIONS, openAiServer } from './support/openai-server.ts'
import type { OpenAiServer } from './support/openai-server.ts'
import { signIn } from './support/world.ts'

const password = 'correct horse 42'
const [key, newKey, ownKey] = ['sk-first-key-abcdefgh1234', 'sk-second-key-ijklmnop5678', 'sk-server-of-theirs-qrst9012']
const embedding = { name: 'toy-embed', type: 'text-embedding', dimensions: DIMENSIONS }
const reranking = { name: 'toy-rerank', type: 'rerank' }

let server: OpenAiServer
/** A server that a workspace names: where the operator allows it, and nowhere else. */
let elsewhere: OpenAiServer
let app: TestApp
const lines: unknown[] = []
const written = (fields: unknown, message?: string): void => { lines.push([fields instanceof Error ? fields.stack : fields, message]) }
const log: Logger = { debug: written, info: written, warn: written, error: written, child: () => log }
/** Everything that was ever written to it. */
const remembered: unknown[] = []
const memory = memoryCache({ maxEntries: 10_000, maxBytes: 1e8 })
const cache: Cache = {
  ...memory,
  set: (place, value, options) => { remembered.push([place, value]); return memory.set(place, value, options) },
  seal: (place, value, ttl) => { remembered.push([place, value]); return memory.seal(place, value, ttl) },
}
const settings = (more: TestAppOptions['config'] = {}): NonNullable<TestAppOptions['config']> => ({
  plugins: { bootstrap: null, ...more.plugins },
  adapters: {
    modelProvider: {
      local: {},
      openai: { $adapter: 'openai-compatible', label: 'Acme', baseUrl: server.url, headers: { 'x-gateway': 'a secret of the operator' }, models: [embedding, reranking] },
      bring: { $adapter: 'openai-compatible', label: 'Bring your own' },
    },
    httpClient: { guarded: { allow: [new URL(elsewhere.url).host] } },
    ...more.adapters,
  },
})

interface Team { readonly workspaceId: string; readonly owner: Record<string, string>; readonly editor: Record<string, string> }
const team = async (of: TestApp, name: string): Promise<Team> => {
  const port = of.resolve(accounts)
  const [email, member] = [`${name}@example.org`, `member-of-${name}@example.org`]
  const { accountId } = await port.createAccount({ email, name, password })
  const { workspaceId } = await port.createWorkspace(name, accountId)
  await port.setRole(workspaceId, (await port.createAccount({ email: member, name: member, password })).accountId, 'editor')
  return { workspaceId, owner: await signIn(of, { email, password }), editor: await signIn(of, { email: member, password }) }
}
const place = '/workspaces/current/model-providers'
const send = async (of: TestApp, headers: Record<string, string>, method: string, path: string, json?: object): Promise<{ status: number; body: any; text: string }> => {
  const response = await of.fetch(`/console/api${path}`, { method, headers, ...json ? { json } : {} })
  const text = await response.text()
  return { status: response.status, body: JSON.parse(text), text }
}
const credentials = (more: object = {}): { credentials: object } => ({ credentials: { api_key: key, ...more } })
const ref = { provider: 'openai', model: 'toy-embed' }
const embed = (of: TestApp, workspaceId: string, model = ref) => of.resolve(models).embed(workspaceId, model, { texts: ['a heron'], purpose: 'query' })
const usedKey = (of: OpenAiServer = server): string | undefined => of.received.at(-1)?.headers.authorization

test.before(async () => {
  server = await openAiServer([key, newKey])
  elsewhere = await openAiServer([ownKey])
  app = await testApp({ config: settings(), fakes: { cache, logger: log } })
})
test.after.always(async () => {
  await app.close()
  await Promise.all([server.close(), elsewhere.close()])
})

test.serial('a workspace enters a key, which is tried, works for it alone, and is shown masked', async (t) => {
  const [mine, theirs] = [await team(app, 'mine'), await team(app, 'theirs')]
  const ask = (who: Team, method: string, path: string, json?: object) => send(app, who.owner, method, path, json)
  const listed = async (who: Team) => (await ask(who, 'GET', place)).body.data as any[]
  t.like((await listed(mine)).find(({ provider }) => provider === 'openai'), {
    label: { en_US: 'Acme' }, supported_model_types: [], custom_configuration: { status: 'no-configure' }, system_configuration: { enabled: false },
    provider_credential_schema: { credential_form_schemas: [
      { variable: 'api_key', type: 'secret-input', required: true }, { variable: 'base_url', type: 'text-input', required: false }, { variable: 'models', type: 'list', required: false },
    ] },
  })
  t.like((await listed(mine)).find(({ provider }) => provider === 'local'), { provider_credential_schema: null, system_configuration: { enabled: true } })
  t.deepEqual((await ask(mine, 'GET', `${place}/openai/credentials`)).body, { credentials: null })
  const without = await t.throwsAsync(embed(app, mine.workspaceId), { instanceOf: HttpError })
  t.is(without.code, 'provider_not_initialize')
  t.regex(without.message, /owner or admin enters/)

  t.deepEqual((await ask(mine, 'POST', `${place}/openai/credentials/validate`, credentials())).body, { result: 'success' })
  t.deepEqual((await ask(mine, 'GET', `${place}/openai/credentials`)).body, { credentials: null }, 'to try stores nothing')
  t.like(await ask(mine, 'POST', `${place}/openai/credentials`, credentials()), { status: 201, body: { result: 'success' } })
  t.is((await ask(mine, 'POST', `${place}/openai/credentials`, credentials())).status, 409)
  t.is((await embed(app, mine.workspaceId)).vectors.length, 1)
  t.is(usedKey(), `Bearer ${key}`)
  t.is(server.received.at(-1)?.headers['x-gateway'], 'a secret of the operator')
  t.is((await embed(app, mine.workspaceId, { provider: 'langgenius/openai/openai', model: 'toy-embed' })).vectors.length, 1)
  const shown = await ask(mine, 'GET', `${place}/${encodeURIComponent('langgenius/openai/openai')}/credentials`)
  t.deepEqual(shown.body, { credentials: { api_key: 'sk-************1234' } })
  t.like((await listed(mine)).find(({ provider }) => provider === 'openai'), { supported_model_types: ['text-embedding', 'rerank'], custom_configuration: { status: 'active' } })

  await t.throwsAsync(embed(app, theirs.workspaceId), { message: /needs credentials of this workspace/ })
  t.deepEqual((await ask(theirs, 'GET', `${place}/openai/credentials`)).body, { credentials: null })
  t.is((await ask(theirs, 'PUT', `${place}/openai/credentials`, credentials())).status, 404)
  t.is((await ask(theirs, 'DELETE', `${place}/openai/credentials`)).status, 404)
  const types = async (who: Team) => ((await ask(who, 'GET', '/workspaces/current/models/model-types/text-embedding')).body.data as any[]).map(({ provider }) => provider as string)
  t.deepEqual([await types(mine), await types(theirs)], [['local', 'openai'], ['local']])

  for (const [method, path] of [['GET', ''], ['POST', ''], ['PUT', ''], ['DELETE', ''], ['POST', '/validate']] as const) {
    t.is((await send(app, mine.editor, method, `${place}/openai/credentials${path}`, method === 'POST' || method === 'PUT' ? credentials() : undefined)).status, 403, method)
  }
  t.is((await send(app, mine.editor, 'GET', place)).status, 200)
  t.is((await ask(mine, 'POST', `${place}/local/credentials`, credentials())).body.code, 'credentials_not_taken')
  t.is((await ask(mine, 'POST', `${place}/no-such/credentials`, credentials())).status, 404)

  t.is((await ask(mine, 'DELETE', `${place}/openai/credentials`)).status, 200)
  await t.throwsAsync(embed(app, mine.workspaceId), { message: /needs credentials/ })
  t.deepEqual((await ask(mine, 'GET', '/workspaces/current/audit-logs')).body.data.map(({ action }: { action: string }) => action).filter((action: string) => action.startsWith('model')),
    ['model-credentials.removed', 'model-credentials.created'])
})

test.serial('what the provider does not take is not stored, and told in words of ours', async (t) => {
  const { owner, workspaceId } = await team(app, 'refused')
  const post = (json: object, path = 'openai/credentials') => send(app, owner, 'POST', `${place}/${path}`, json)
  const wrong = 'sk-wrong-key-00000000'
  const refusals: [object, RegExp][] = [
    [{ api_key: wrong }, /Acme refuses the API key \(401\)/], [{ models: [{ model: 'no-such', model_type: 'text-embedding' }] }, /no model "no-such"/],
    [{ models: [{ model: 'toy-embed', model_type: 'text-embedding', dimensions: 65 }] }, /64 dimensions instead of 65/],
    [{ models: [{ model: 'toy-embed', model_type: 'text-embedding' }, { model: 'toy-embed', model_type: 'rerank' }] }, /no model "toy-embed"/],
  ]
  for (const [more, message] of refusals) {
    const { status, body, text } = await post(credentials(more))
    t.deepEqual([status, body.code], [400, 'credentials_validate_failed'], text)
    t.regex(body.message as string, message)
    t.notRegex(text, /sk-|Incorrect API key/)
    const tried = await post(credentials(more), 'openai/credentials/validate')
    t.like(tried, { status: 200, body: { result: 'error' } })
    t.regex(tried.body.error as string, message)
  }
  for (const mishap of ['cut', 'page', { status: 503 }] as const) {
    server.next(mishap)
    t.is((await post(credentials())).body.code, 'credentials_validate_failed')
  }
  for (const body of [{}, { credentials: {} }, { credentials: { api_key: 'has spaces in it' } }, { credentials: { api_key: 7 } }, { credentials: { api_key: key, no: 'such' } }, { credentials: { api_key: key, base_url: elsewhere.url } }]) {
    const { status, text } = await post(body)
    t.is(status, 400, text)
    t.notRegex(text, /has spaces in it/)
  }
  t.deepEqual(await app.resolve(database).query('SELECT id FROM model_credentials WHERE workspace_id = $1', [workspaceId]), [])
  // Without a model to try, the list of models is asked for.
  t.is((await send(app, owner, 'POST', `${place}/bring/credentials`, credentials({ api_key: ownKey, base_url: elsewhere.url, models: [{ model: 'toy-rerank', model_type: 'rerank' }] }))).status, 201)
})

test.serial('of two who save at once, one is told, and nothing is half saved', async (t) => {
  const { owner, workspaceId } = await team(app, 'raced')
  const both = async (method: string): Promise<number[]> =>
    (await Promise.all([key, newKey].map((api_key) => send(app, owner, method, `${place}/openai/credentials`, credentials({ api_key }))))).map(({ status }) => status).sort()
  t.deepEqual(await both('POST'), [201, 409])
  t.true((await both('PUT')).every((status) => status === 200 || status === 409))
  t.is((await embed(app, workspaceId)).vectors.length, 1)
  t.is((await app.resolve(database).query('SELECT id FROM model_credentials WHERE workspace_id = $1', [workspaceId])).length, 1)
})

test.serial('a masked secret stays as it was, but does not travel to another address', async (t) => {
  const { owner, workspaceId } = await team(app, 'masked')
  const path = `${place}/bring/credentials`
  const models = [{ model: 'toy-embed', model_type: 'text-embedding', dimensions: DIMENSIONS }]
  const ask = (method: string, json?: object) => send(app, owner, method, path, json)
  t.is((await ask('POST', credentials({ api_key: ownKey, base_url: elsewhere.url, models }))).status, 201)
  const { credentials: shown } = (await ask('GET')).body
  t.deepEqual(shown, { api_key: 'sk-************9012', base_url: elsewhere.url, models })
  t.is((await ask('PUT', { credentials: { ...shown, models: [...models, { model: 'toy-rerank', model_type: 'rerank' }] } })).status, 200)
  t.is((await embed(app, workspaceId, { provider: 'bring', model: 'toy-embed' })).vectors.length, 1)
  t.is(usedKey(elsewhere), `Bearer ${ownKey}`)
  t.is(elsewhere.received.at(-1)?.headers['x-gateway'], undefined, 'what the operator sends along goes to the address of the operator')

  const before = elsewhere.received.length + server.received.length
  for (const base_url of [`${elsewhere.url}/other`, server.url, 'https://collector.example.org/v1']) {
    for (const [method, to] of [['PUT', ''], ['POST', '/validate']] as const) {
      const { body } = await send(app, owner, method, path + to, { credentials: { ...shown, base_url } })
      t.regex((body.message ?? body.error) as string, /enter the secret itself/, base_url)
    }
  }
  t.is(elsewhere.received.length + server.received.length, before, 'nobody was asked')
})

test.serial('an address of a workspace is looked at when it is saved and when it is called; one of the operator needs no permission', async (t) => {
  const { owner, workspaceId } = await team(app, 'guarded')
  const models = [{ model: 'toy-embed', model_type: 'text-embedding' }]
  const before = server.received.length
  for (const base_url of [server.url, 'http://169.254.169.254/latest', 'http://[::1]:9/v1', 'http://2130706433/v1', 'http://user:secret@127.0.0.1/v1', 'file:///etc/passwd', 'gopher://127.0.0.1/']) {
    for (const provider of ['openai', 'bring']) {
      const { status, body } = await send(app, owner, 'POST', `${place}/${provider}/credentials`, credentials({ base_url, models }))
      t.is(status, 400, base_url)
      t.true(['credentials_validate_failed', 'invalid_param'].includes(body.code as string), body.code as string)
    }
  }
  t.is(server.received.length, before, 'the server of the operator was not reached by way of a workspace')

  t.is((await send(app, owner, 'POST', `${place}/bring/credentials`, credentials({ api_key: ownKey, base_url: elsewhere.url, models }))).status, 201)
  const stricter = await restart(t, app, { httpClient: { guarded: {} } })
  const refused = await t.throwsAsync(embed(stricter, workspaceId, { provider: 'bring', model: 'toy-embed' }), { instanceOf: HttpError })
  t.deepEqual([refused.status, refused.code], [400, 'provider_not_initialize'])
  t.regex(refused.message, /may not be called/)
})

/** Another server on the same database; the first one ends. */
const restart = async (t: ExecutionContext, of: TestApp, adapters: object = {}, env: NodeJS.ProcessEnv = {}): Promise<TestApp> => {
  const url = process.env['TEST_DATABASE_URL']
  const [{ name }] = await of.resolve(database).query<{ name: string }>('SELECT current_database() AS name') as [{ name: string }]
  await of.kernel.stop()
  const there = url === undefined ? { embedded: {} } : { postgres: { url: Object.assign(new URL(url), { pathname: `/${name}` }).href } }
  const next = await testApp({ config: settings({ adapters: { database: there, ...adapters } }), dataDir: of.dataDir, env, fakes: { logger: log } })
  t.teardown(() => next.close())
  return next
}

test.serial('nothing at rest has a secret in it, a sealed one opens in its own row alone, and it outlives a restart and a new key of the server', async (t) => {
  const place_ = `${place}/openai/credentials`
  const own = await testApp({ config: settings(), fakes: { cache, logger: log } })
  const [mine, theirs] = [await team(own, 'sealed'), await team(own, 'other')]
  t.is((await send(own, mine.owner, 'POST', place_, credentials())).status, 201)
  t.is((await send(own, mine.owner, 'PUT', place_, credentials({ api_key: newKey }))).status, 200)
  await embed(own, mine.workspaceId)
  t.is(usedKey(), `Bearer ${newKey}`, 'a change holds at once')
  const db = own.resolve(database)
  const [row] = await db.query<{ id: string; sealed: string }>('SELECT id, sealed FROM model_credentials WHERE workspace_id = $1', [mine.workspaceId]) as [{ id: string; sealed: string }]
  const owner = `${mine.workspaceId}/model_credentials/${row.id}`
  t.like(JSON.parse(await own.resolve(vault).open(row.sealed, owner)), { api_key: newKey })
  for (const other of [`${theirs.workspaceId}/model_credentials/${row.id}`, `${mine.workspaceId}/model_credentials/${mine.workspaceId}`]) await t.throwsAsync(own.resolve(vault).open(row.sealed, other))
  const tables = await db.query<{ table: string }>(`SELECT table_name AS table FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
  const dump = await Promise.all(tables.map(async ({ table }) => JSON.stringify(await db.query(`SELECT * FROM "${table}"`))))
  t.true(dump.join('').includes(row.sealed) && JSON.stringify(remembered).includes('ask'))
  const secret = /sk-first-key|sk-second-key|sk-server-of|first-key-abcdefgh|a secret of the operator/
  t.notRegex(dump.join('\n'), secret, 'the database')
  t.notRegex(JSON.stringify(remembered), secret, 'the cache')
  t.notRegex(JSON.stringify(lines), secret, 'the log')
  t.regex(await readFile(new URL(import.meta.url), 'utf8'), secret, 'it would be found')

  const again = await restart(t, own, { vault: { local: { secretKeysBefore: ['a secret key that only tests would use'] } } }, { SECRET_KEY: 'another secret key that only tests would use' })
  await embed(again, mine.workspaceId)
  t.is(usedKey(), `Bearer ${newKey}`)
  let asked = 0
  const other = again.resolve(database) as { query: (sql: string, values?: readonly unknown[]) => Promise<unknown> }
  const { query } = other
  other.query = (sql, values) => { if (sql.includes('model_credentials')) asked += 1; return query(sql, values) }
  for (let times = 0; times < 5; times++) await embed(again, mine.workspaceId)
  other.query = query
  t.is(asked, 0, 'what a workspace entered is remembered')
  const lost = await restart(t, again, {}, { SECRET_KEY: 'a third secret key that only tests would use' })
  await t.throwsAsync(embed(lost, mine.workspaceId), { message: /cannot be opened/ })
  const session = await signIn(lost, { email: 'sealed@example.org', password })
  t.like((await send(lost, session, 'GET', place)).body.data.find(({ provider }: { provider: string }) => provider === 'openai'), { custom_configuration: { status: 'no-configure' } })
  t.is((await send(lost, session, 'PUT', place_, credentials())).status, 200, 'it can be entered anew')
  await embed(lost, mine.workspaceId)
  await own.close()
})

test.serial("a default model is the workspace's choice, else the configuration's, else the first that is offered", async (t) => {
  const config = settings({ plugins: { models: { defaults: { 'text-embedding': { provider: 'second', model: 'use-lite' } } } } })
  const own = await testApp({ config: { ...config, adapters: { ...config.adapters, modelProvider: { ...config.adapters?.['modelProvider'], second: { $adapter: 'local' } } } } })
  t.teardown(own.close)
  const [mine, theirs] = [await team(own, 'chooser'), await team(own, 'bystander')]
  const port = own.resolve(models)
  const defaults = async (who: Team, type: 'text-embedding' | 'rerank' = 'text-embedding'): Promise<string | null> => {
    const { data } = (await send(own, who.editor, 'GET', `/workspaces/current/default-model?model_type=${type}`)).body
    const chosen = await port.defaultModel(who.workspaceId, type)
    t.is(data?.provider.provider ?? undefined, chosen?.provider)
    t.is(data?.model ?? undefined, chosen?.model)
    return data && `${data.provider.provider as string}/${data.model as string}`
  }
  const choose = (who: Record<string, string>, ...model_settings: object[]) => send(own, who, 'POST', '/workspaces/current/default-model', { model_settings })
  t.is(await defaults(mine), 'second/use-lite')
  t.is(await defaults(mine, 'rerank'), 'local/lexical')
  const embedWith = { model_type: 'text-embedding', provider: 'langgenius/openai/openai', model: 'toy-embed' }
  t.is((await choose(mine.owner, embedWith)).body.code, 'model_currently_not_support', 'it is not there without a key')
  t.is((await send(own, mine.owner, 'POST', `${place}/openai/credentials`, credentials())).status, 201)
  t.is((await choose(mine.editor, embedWith)).status, 403)
  t.is((await choose(mine.owner, { ...embedWith, model: 'no-such' }, { model_type: 'rerank', provider: 'openai', model: 'toy-rerank' })).status, 400)
  t.is(await defaults(mine, 'rerank'), 'local/lexical', 'all or nothing')
  t.is((await choose(mine.owner, { ...embedWith, provider: 'no\0such' })).status, 400)
  t.is((await choose(mine.owner, embedWith, embedWith)).status, 400)
  t.is((await choose(mine.owner, embedWith, { model_type: 'rerank', provider: 'openai', model: 'toy-rerank' })).status, 200)
  t.deepEqual([await defaults(mine), await defaults(mine, 'rerank'), await defaults(theirs)], ['openai/toy-embed', 'openai/toy-rerank', 'second/use-lite'])
  t.is((await choose(mine.owner, { model_type: 'rerank' })).status, 200)
  t.is(await defaults(mine, 'rerank'), 'local/lexical')
  t.is((await send(own, mine.owner, 'DELETE', `${place}/openai/credentials`)).status, 200)
  t.is(await defaults(mine), 'second/use-lite', 'what is not offered any more does not count')
  t.is((await send(own, mine.editor, 'GET', '/workspaces/current/default-model?model_type=tts')).body.data, null)
})
