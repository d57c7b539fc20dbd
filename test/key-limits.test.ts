/** What a key is held to: its rate, its maker, its secret, and the limit of how many there are. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { Audit, AuditEvent } from '../plugins/audit/ports.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import { explaining } from '../plugins/api-keys/services/explaining.ts'
import { usage } from '../plugins/api-keys/services/usage.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import { database, HttpError, rateLimiter } from '../core/index.ts'
import { run } from '../core/cli.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { ownRedis, redisProgram } from './support/services.ts'
import { signIn } from './support/world.ts'

const owner = { email: 'ada@example.org', name: 'Ada', password: 'correct horse 42' }
interface Answer { readonly status: number; readonly body: any; readonly headers: Headers }
interface World {
  readonly app: TestApp
  readonly workspaceId: string
  readonly accountId: string
  dataset(name: string): Promise<string>
  console(method: string, path: string, json?: unknown): Promise<Answer>
  ask(token: string, path: string, method?: string): Promise<Answer>
  /** Statuses of so many requests, one after the other. */
  times(count: number, token: string, path?: string): Promise<number[]>
}
const answer = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) as unknown }
}
const worldOn = async (app: TestApp, home?: { workspaceId: string; accountId: string }): Promise<World> => {
  const made = home ?? await app.resolve(accounts).setup(owner)
  if (!made) throw new Error('the database was not empty')
  const headers = await signIn(app, owner)
  const ask: World['ask'] = async (token, path, method = 'GET') => answer(await app.fetch(`/v1${path}`, { token, method }))
  return {
    app, ...made, ask,
    dataset: async (name) => (await app.resolve(datasets).create(made, { name, indexingTechnique: 'economy' })).id,
    console: async (method, path, json) => answer(await app.fetch(`/console/api/datasets${path}`, { method, headers, ...json === undefined ? {} : { json } })),
    times: async (count, token, path = '/datasets') => {
      const statuses: number[] = []
      for (let one = 0; one < count; one++) statuses.push((await ask(token, path)).status)
      return statuses
    },
  }
}
const events: AuditEvent[] = []
const recorder: Audit = { record: async (event) => { events.push(event) } } as Audit
const options = (more: TestAppOptions = {}, keys: Record<string, unknown> = { limit: 100 }): TestAppOptions => ({
  ...more, config: { ...more.config, plugins: { bootstrap: null, provision: null, 'api-keys': keys }, adapters: { keyScope: { grants: {} }, command: { 'explain-key': {} }, ...more.config?.adapters } },
})

let world: World
test.before(async () => { world = await worldOn(await testApp(options({ fakes: { audit: recorder } }))) })
test.after.always(() => world.app.close())

test.serial('a key has so many requests a minute, on every address that takes it, and is told how long to wait', async (t) => {
  const { console, ask, times, dataset } = world
  const id = await dataset('rated')
  const { status, body } = await console('POST', '/api-keys', { rate_limit: 5 })
  t.deepEqual([status, body.rate_limit], [201, 5])
  const token = body.token as string
  t.is((await ask(token, '/whoami')).body.rate_limit, 5)
  t.deepEqual([...await times(2, token), (await ask(token, `/datasets/${id}`)).status, (await ask(token, `/datasets/${randomUUID()}`)).status], [200, 200, 200, 404])
  for (const path of ['/whoami', '/datasets', `/datasets/${id}/documents`]) {
    const refused = await ask(token, path)
    t.deepEqual([refused.status, refused.body.code], [429, 'too_many_requests'])
    const wait = Number(refused.headers.get('retry-after'))
    t.true(Number.isInteger(wait) && wait >= 1 && wait <= 60, String(wait))
  }
  const other = (await console('POST', '/api-keys', { rate_limit: 5 })).body as { token: string }
  t.is((await ask(other.token, '/datasets')).status, 200, 'each key is counted by itself')

  t.like(await console('PATCH', `/api-keys/${body.id as string}`, { rate_limit: 100 }), { status: 200, body: { rate_limit: 100 } })
  t.deepEqual(await times(2, token), [200, 200], 'the limit was raised')
  await console('PATCH', `/api-keys/${body.id as string}`, { rate_limit: 3 })
  t.deepEqual(await times(1, token), [429], 'and lowered: what was used stays used')
  const { body: rotated } = await console('POST', `/api-keys/${body.id as string}/rotate`)
  t.deepEqual(await times(1, rotated.token as string), [429], 'another secret is no other key')
  await console('PATCH', `/api-keys/${body.id as string}`, { rate_limit: null })
  t.deepEqual(await times(3, rotated.token as string), [200, 200, 200])
  t.is((await ask(rotated.token as string, '/whoami')).body.rate_limit, null)
  for (const wrong of [0, -1, 1.5, 100_001, 'many', [], {}, true]) t.is((await console('POST', '/api-keys', { rate_limit: wrong })).status, 400, JSON.stringify(wrong))
  const listed = (await console('GET', '/api-keys')).body.data as { id: string; rate_limit: unknown }[]
  t.is(listed.find((key) => key.id === body.id)?.rate_limit, null)
})

test.serial('many at once get no more than the rate, and a refused request does not count as the last use of the key', async (t) => {
  const { app, console, ask } = world
  const { body: { id, token } } = await console('POST', '/api-keys', { rate_limit: 7 })
  const statuses = (await Promise.all(Array.from({ length: 20 }, () => ask(token as string, '/datasets')))).map(({ status }) => status)
  t.deepEqual([statuses.filter((status) => status === 200).length, statuses.filter((status) => status === 429).length], [7, 13])
  await app.resolve(usage).flush()
  const db = app.resolve(database)
  await db.query('UPDATE api_tokens SET last_used_at = NULL WHERE id = $1', [id])
  await ask(token as string, '/datasets')
  await app.resolve(usage).flush()
  t.deepEqual(await db.query('SELECT last_used_at FROM api_tokens WHERE id = $1', [id]), [{ last_used_at: null }])
})

test.serial('what is known of a key tells its workspace by name', async (t) => {
  const { console, ask, workspaceId } = world
  const { body: { token } } = await console('POST', '/api-keys', { name: 'Named' })
  const { body } = await ask(token as string, '/whoami')
  t.deepEqual(body.workspace, { id: workspaceId, name: "Ada's workspace" })
  t.deepEqual(Object.keys(body.reach as object), ['datasets'])
})

test.serial('keys are made only by who may, and end with their maker', async (t) => {
  const { app, workspaceId, accountId, times, dataset } = world
  const [members, keys] = [app.resolve(accounts), app.resolve(apiKeys)]
  const create = (createdBy: string) => keys.create({ type: 'dataset', workspaceId, datasetId: null, createdBy })
  const stranger = await members.createAccount({ email: `${randomUUID()}@example.org`, name: 'Grace' })
  for (const nobody of [randomUUID(), stranger.accountId]) await t.throwsAsync(create(nobody), { instanceOf: HttpError, message: /may not make keys/ })
  const id = await dataset('of Grace')
  for (const lessened of ['editor', 'normal', null] as const) {
    await members.setRole(workspaceId, stranger.accountId, 'admin')
    const made = [
      await create(stranger.accountId), await keys.create({ type: 'dataset', workspaceId, datasetId: id, createdBy: stranger.accountId }),
      await keys.create({ type: 'dataset', workspaceId, datasetId: null, grants: [{ datasetId: id, rights: ['read'] }], createdBy: stranger.accountId }),
    ]
    const ofOwner = await create(accountId)
    for (const { token } of [...made, ofOwner]) t.is((await times(1, token, `/datasets/${id}`))[0], 200)
    events.length = 0
    await members.setRole(workspaceId, stranger.accountId, lessened)
    for (const { token } of made) t.is((await times(1, token, `/datasets/${id}`))[0], 401, String(lessened))
    t.is((await times(1, ofOwner.token, `/datasets/${id}`))[0], 200)
    t.deepEqual(events.filter(({ action }) => action === 'api-key.deleted').map(({ resource }) => resource.id).sort(), made.map((key) => key.id).sort())
    t.true(events.filter(({ action }) => action === 'api-key.deleted').every(({ details }) => /may not make keys/.test(JSON.stringify(details))))
    await t.throwsAsync(create(stranger.accountId), { message: /may not make keys/ })
    await keys.remove(workspaceId, ofOwner.id)
  }
})

test.serial('a key that is made while its maker is removed does not survive', async (t) => {
  const { app, workspaceId } = world
  const [members, keys, db] = [app.resolve(accounts), app.resolve(apiKeys), app.resolve(database)]
  for (let round = 0; round < 5; round++) {
    const { accountId } = await members.createAccount({ email: `${randomUUID()}@example.org`, name: 'Racing' })
    await members.setRole(workspaceId, accountId, 'admin')
    const making = Array.from({ length: 4 }, () => keys.create({ type: 'dataset', workspaceId, datasetId: null, createdBy: accountId }).then(() => 1, () => 0))
    await Promise.all([...making.slice(0, 2), sleep(round * 3).then(() => members.setRole(workspaceId, accountId, null)), ...making.slice(2)])
    t.deepEqual(await db.query('SELECT id FROM api_tokens WHERE created_by = $1', [accountId]), [])
  }
})

test.serial('a key acts as the present owner from the moment there is another, and not at all while its workspace is archived', async (t) => {
  const { app, workspaceId, accountId, console, times } = world
  const members = app.resolve(accounts)
  const { body: { token } } = await console('POST', '/api-keys', {})
  t.deepEqual(await times(1, token as string), [200])
  await members.archive(workspaceId, true)
  t.deepEqual(await times(1, token as string), [401])
  await members.archive(workspaceId, false)
  t.deepEqual(await times(1, token as string), [200])
  const next = await members.createAccount({ email: `${randomUUID()}@example.org`, name: 'Next' })
  await members.setRole(workspaceId, next.accountId, 'owner')
  const made = await answer(await app.fetch('/v1/datasets', { token: token as string, json: { name: randomUUID() } }))
  t.is(made.body.created_by, next.accountId)
  await members.suspend(next.accountId, true)
  t.deepEqual(await times(1, token as string), [401])
  await members.suspend(next.accountId, false)
  t.deepEqual(await times(1, token as string), [200])
  await members.setRole(workspaceId, accountId, 'owner')
  const back = await answer(await app.fetch('/v1/datasets', { token: token as string, json: { name: randomUUID() } }))
  t.is(back.body.created_by, accountId)
})

test.serial('a key can be made with a secret from elsewhere, be found, changed, rotated and deleted by other plugins', async (t) => {
  const { app, workspaceId, accountId, dataset, times } = world
  const keys = app.resolve(apiKeys)
  const id = await dataset('by port')
  const request = { type: 'dataset', workspaceId, datasetId: id, createdBy: accountId } as const
  const token = keys.newSecret('dataset', true)
  t.regex(token, /^ds-/)
  const end = new Date(Date.now() + 3_600_000)
  const made = await keys.create({ ...request, token, name: 'Given', expiresAt: end, allowedIps: ['127.0.0.0/8'], rateLimit: 50 })
  t.is(made.token, token)
  t.deepEqual(await times(1, token, `/datasets/${id}`), [200])
  const found = await keys.find(workspaceId, made.id)
  t.deepEqual(found && { ...found, lastUsedAt: null, createdAt: null }, {
    id: made.id, workspaceId, type: 'dataset', appId: null, datasetId: id, grants: null, terms: null, expiresAt: end, allowedIps: ['127.0.0.0/8'], rateLimit: 50,
    name: 'Given', createdBy: accountId, prefix: token.slice(0, 5), last4: token.slice(-4), lastUsedAt: null, createdAt: null,
  })
  t.is(await keys.find(randomUUID(), made.id), undefined)
  for (const wrong of ['', 'x', `${token}x`, token.slice(0, -1), keys.newSecret('app', false), `ds-${'a'.repeat(30)}`]) {
    await t.throwsAsync(keys.create({ ...request, token: wrong }), { instanceOf: HttpError, message: /no(t a)? secret/ }, wrong)
  }
  await t.throwsAsync(keys.create({ ...request, token }), { message: /has this secret already/ })

  t.true(await keys.isSecretOf(workspaceId, made.id, token))
  for (const wrong of ['', 'x', keys.newSecret('dataset', true)]) t.false(await keys.isSecretOf(workspaceId, made.id, wrong))
  t.false(await keys.isSecretOf(randomUUID(), made.id, token))
  const second = keys.newSecret('dataset', true)
  t.is((await keys.rotate(workspaceId, made.id, 60, second)).token, second)
  t.deepEqual([await keys.isSecretOf(workspaceId, made.id, second), await keys.isSecretOf(workspaceId, made.id, token)], [true, false], 'the secret, not of an earlier rotation')
  await t.throwsAsync(keys.create({ ...request, token }), { message: /has this secret already/ }, 'it is still taken')
  t.deepEqual([...await times(1, token, `/datasets/${id}`), ...await times(1, second, `/datasets/${id}`)], [200, 200])
  t.is((await keys.rotate(workspaceId, made.id, 0, token)).token, token, 'and back')
  t.deepEqual([...await times(1, token, `/datasets/${id}`), ...await times(1, second, `/datasets/${id}`)], [200, 401])
  await t.throwsAsync(keys.rotate(workspaceId, made.id, 0, token), { message: /has this secret already/ })

  await keys.change(workspaceId, made.id, { name: 'Changed', reach: { datasetId: null, grants: [{ datasetId: id, rights: ['retrieve'] }] } })
  t.like(await keys.find(workspaceId, made.id), { name: 'Changed', datasetId: null, grants: [{ datasetId: id, rights: ['retrieve'] }] })
  t.deepEqual(await times(1, token, `/datasets/${id}`), [403])
  await keys.remove(workspaceId, made.id)
  for (const gone of [keys.remove(workspaceId, made.id), keys.change(workspaceId, made.id, {}), keys.rotate(workspaceId, made.id, 0)]) await t.throwsAsync(gone, { instanceOf: HttpError, message: /not found/ })
  const racing = keys.newSecret('dataset', false)
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => keys.create({ ...request, datasetId: null, token: racing })))
  t.is(results.filter(({ status }) => status === 'fulfilled').length, 1)
})

test.serial('a secret whose key was deleted opens at once where another key is made with it', async (t) => {
  const { app, workspaceId, accountId, times } = world
  const keys = app.resolve(apiKeys)
  const token = keys.newSecret('dataset', false)
  const create = () => keys.create({ type: 'dataset', workspaceId, datasetId: null, createdBy: accountId, token })
  t.deepEqual(await times(1, token), [401], 'too early')
  const first = await create()
  t.deepEqual(await times(1, token), [200])
  await keys.remove(workspaceId, first.id)
  t.deepEqual(await times(1, token), [401])
  const second = await create()
  t.deepEqual(await times(2, token), [200, 200])
  await keys.remove(workspaceId, second.id)
  t.deepEqual(await times(1, token), [401])
})

test.serial('what happens to a key is written down with it, and never its secret', async (t) => {
  const { app, workspaceId, console, dataset, ask } = world
  events.length = 0
  const id = await dataset('audited')
  const { body: { id: keyId, token } } = await console('POST', '/api-keys', { name: 'Audited', dataset_ids: [id] })
  await console('PATCH', `/api-keys/${keyId as string}`, { name: 'Audited', allowed_ips: ['127.0.0.1'], rate_limit: 9, grants: [{ dataset_id: id, rights: ['read'] }] })
  await console('PATCH', `/api-keys/${keyId as string}`, {})
  const { body: { token: second } } = await console('POST', `/api-keys/${keyId as string}/rotate`, { overlap_seconds: 5 })
  const keeper = (await console('POST', '/api-keys', {})).body as { id: string; token: string }
  t.is((await ask(keeper.token, `/datasets/${id}`, 'DELETE')).status, 204)
  await console('DELETE', `/api-keys/${keeper.id}`)
  const own = events.filter(({ resource }) => resource.type === 'api-key')
  t.deepEqual(own.map(({ action, resource }) => [action, resource.id]), [
    ['api-key.created', keyId], ['api-key.changed', keyId], ['api-key.rotated', keyId], ['api-key.created', keeper.id], ['api-key.deleted', keyId], ['api-key.deleted', keeper.id],
  ])
  t.true(own.every((event) => event.workspaceId === workspaceId))
  t.deepEqual(own[1]?.details, { fields: ['name', 'reach', 'allowed_ips', 'rate_limit'] })
  t.regex(JSON.stringify(own[4]?.details), /dataset/)
  for (const secret of [token as string, second as string, keeper.token]) t.false(JSON.stringify(events).includes(secret.slice(-10)))
  await t.throwsAsync(app.resolve(database).transaction(async () => {
    await app.resolve(apiKeys).remove(workspaceId, randomUUID())
  }))
})

const redisUrl = process.env['TEST_REDIS_URL']
const databaseUrl = process.env['TEST_DATABASE_URL']
/** Of the database on which a server was made. */
const urlOf = async (app: TestApp, place: string): Promise<string> => {
  const [found] = await app.resolve(database).query<{ name: string }>('SELECT current_database() AS name')
  return Object.assign(new URL(place), { pathname: `/${found?.name ?? ''}` }).href
}
if (redisUrl !== undefined && databaseUrl !== undefined) {
  test.serial('over several processes a key has one rate, and a secret that was deleted opens everywhere once it is of a key again', async (t) => {
    const prefix = `test-${randomUUID()}`
    const shared = { cache: { layered: { redis: redisUrl, prefix } }, rateLimiter: { redis: { url: redisUrl, prefix } }, signal: { redis: { url: redisUrl, prefix } } }
    const first = await testApp(options({ config: { adapters: shared } }))
    t.teardown(() => first.close())
    const one = await worldOn(first)
    const url = await urlOf(first, databaseUrl)
    const second = await testApp(options({ config: { adapters: { ...shared, database: { postgres: { url } } } } }))
    t.teardown(() => second.close())
    const two = await worldOn(second, one)

    const { body: { id, token } } = await one.console('POST', '/api-keys', { rate_limit: 10 })
    const statuses = (await Promise.all(Array.from({ length: 30 }, (_, at) => (at % 2 === 0 ? one : two).ask(token as string, '/datasets')))).map(({ status }) => status)
    t.is(statuses.filter((status) => status === 200).length, 10)
    await two.console('PATCH', `/api-keys/${id as string}`, { rate_limit: 1_000 })
    t.deepEqual([...await one.times(1, token as string), ...await two.times(1, token as string)], [200, 200])
    await one.console('PATCH', `/api-keys/${id as string}`, { rate_limit: 3 })
    t.deepEqual([...await one.times(1, token as string), ...await two.times(1, token as string)], [429, 429])

    const [keys, others] = [first.resolve(apiKeys), second.resolve(apiKeys)]
    const secret = keys.newSecret('dataset', false)
    const create = (on: typeof keys) => on.create({ type: 'dataset', workspaceId: one.workspaceId, datasetId: null, createdBy: one.accountId, token: secret })
    const seen = async (): Promise<number[]> => [...await one.times(2, secret), ...await two.times(2, secret)]
    for (const [making, removing] of [[keys, others], [others, keys], [keys, keys]] as const) {
      t.deepEqual(await seen(), [401, 401, 401, 401])
      const made = await create(making)
      t.deepEqual(await seen(), [200, 200, 200, 200])
      await removing.remove(one.workspaceId, made.id)
    }
    t.deepEqual(await seen(), [401, 401, 401, 401])
  })
}

test.serial('while Redis is away each process counts by itself: the limit neither opens nor closes, and nobody waits', async (t) => {
  if (redisProgram() === undefined) {
    t.pass('there is no Redis here')
    return
  }
  const redis = await ownRedis()
  t.teardown(() => redis.remove())
  const app = await testApp(options({ config: { adapters: { rateLimiter: { redis: { url: redis.url } } } } }))
  t.teardown(() => app.close())
  const { console, times } = await worldOn(app)
  const limiter = app.resolve(rateLimiter)
  const take = async (key: string): Promise<{ wait: number; ms: number }> => {
    const began = performance.now()
    const wait = await limiter.take(key, 3, 60_000)
    return { wait, ms: performance.now() - began }
  }
  const waits = async (key: string, count: number): Promise<boolean[]> => {
    const all: boolean[] = []
    for (let one = 0; one < count; one++) {
      const { wait, ms } = await take(key)
      t.true(ms < 2_000, `it waited ${ms} ms`)
      all.push(wait > 0)
    }
    return all
  }
  const { body: { token } } = await console('POST', '/api-keys', { rate_limit: 4 })
  t.deepEqual(await times(2, token as string), [200, 200])
  t.deepEqual(await waits('before', 4), [false, false, false, true])
  await redis.stop()
  t.deepEqual(await waits('stopped', 5), [false, false, false, true, true])
  t.deepEqual(await times(6, token as string), [200, 200, 200, 200, 429, 429], 'it begins anew, and ends')
  t.is((await app.fetch('/readyz')).status, 503)
  await redis.start()
  const until = async (state: number): Promise<boolean> => {
    for (let tries = 0; tries < 100; tries++) {
      if ((await app.fetch('/readyz')).status === state) return true
      await sleep(50)
    }
    return false
  }
  t.true(await until(200))
  t.deepEqual(await waits('before', 1), [true], 'what was counted there still counts')
  t.deepEqual(await waits('back', 4), [false, false, false, true])
  // One that stands still is waited for once, and not by everybody after that.
  redis.pause()
  const standing: number[] = []
  for (let one = 0; one < 12; one++) standing.push((await take('still')).ms)
  t.true(Math.max(...standing) < 2_000, standing.join())
  t.true(standing.slice(-5).every((ms) => ms < 100), standing.map(Math.round).join())
  redis.resume()
  t.true(await until(200))
})

test.serial('the limit of how many there are is a setting, and holds however they are asked for at once', async (t) => {
  const app = await testApp(options({}, { limit: 4 }))
  t.teardown(() => app.close())
  const { workspaceId, accountId, console, dataset } = await worldOn(app)
  const keys = app.resolve(apiKeys)
  const [one, two] = [await dataset('limited'), await dataset('other')]
  const granted = (...ids: string[]) => keys.create({ type: 'dataset', workspaceId, datasetId: null, grants: ids.map((datasetId) => ({ datasetId, rights: ['read'] })), createdBy: accountId })
  const bound = (datasetId: string) => keys.create({ type: 'dataset', workspaceId, datasetId, createdBy: accountId })
  const results = await Promise.allSettled(Array.from({ length: 12 }, (_, at) => at % 3 === 0 ? bound(one) : granted(one, two)))
  t.is(results.filter(({ status }) => status === 'fulfilled').length, 4)
  for (const result of results) if (result.status === 'rejected') t.regex((result.reason as Error).message, /There are 4 keys already that reach .*, which is the limit. Delete one first/)
  t.deepEqual([(await console('POST', '/api-keys', {})).status, (await console('POST', `/${one}/api-keys`)).status], [400, 400], 'a key of the workspace would reach the full dataset, too')
  const { body } = await console('POST', '/api-keys', { dataset_ids: [one] })
  t.deepEqual([body.code, /4 keys/.test(body.message as string)], ['bad_request', true])
  const { body: { data } } = await console('GET', '/api-keys')
  await console('DELETE', `/api-keys/${(data as { id: string }[])[0]?.id ?? ''}`)
  t.is((await console('POST', '/api-keys', { dataset_ids: [one] })).status, 201)
})

test.serial('mortise explain key tells what a key reaches, and which grant its last refusal lacked', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mortise-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const app = await testApp(options({ dataDir, ...databaseUrl === undefined ? { config: { adapters: { database: { embedded: {} } } } } : {} }))
  t.teardown(() => app.close())
  const { workspaceId, accountId, console, dataset, ask } = await worldOn(app)
  const [one, two] = [await dataset('The handbook'), await dataset('The minutes')]
  const made = (await console('POST', '/api-keys', { name: 'Search', grants: [{ dataset_id: one, rights: ['read'] }], allowed_ips: ['127.0.0.0/8'], rate_limit: 90 })).body as { id: string; token: string }
  const bound = await app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: two, createdBy: accountId })
  const said = async (id: string): Promise<string> => (await app.resolve(explaining).explain(id) ?? []).join('\n')
  t.regex(await said(made.id), /last refusal\n {2}none/)
  for (const [key, method, path, words] of [
    [made, 'DELETE', `/datasets/${one}`, `dataset:delete on the dataset ${one}\n  it lacks: the right "manage" on that dataset, on which it has: retrieve, read`],
    [made, 'GET', `/datasets/${two}`, `dataset:read on the dataset ${two}\n  it lacks: the right "read" on that dataset, on which it has no grant`],
    [made, 'POST', '/datasets', 'only a key of the whole workspace may do that'],
    [bound, 'GET', `/datasets/${one}`, `the key is bound to another dataset, ${two}`],
    [bound, 'GET', '/datasets', 'the key is bound to one dataset, and may list none'],
  ] as const) {
    t.is((await ask(key.token, path, method)).status, 403, path)
    await app.resolve(usage).flush()
    const text = await said(key.id)
    t.true(text.includes(words), text)
  }
  const db = app.resolve(database)
  const refuse = (what: object): Promise<unknown> => db.query('UPDATE api_tokens SET last_refusal = $2::jsonb WHERE id = $1', [made.id, JSON.stringify(what)])
  await refuse({ permission: 'api-key:create', resource: { type: 'workspace', id: workspaceId } })
  t.regex(await said(made.id), /this type of key can never hold api-key:create/)
  await refuse({ permission: 'dataset:read', resource: { type: 'dataset', id: one } })
  t.regex(await said(made.id), /by now the key may do that/)
  // Whatever somebody puts into an address.
  app.resolve(usage).refused(made.id, { permission: 'dataset:read', resource: { type: 'dataset', id: 'a\0\ud800\u001b[31m' } })
  await app.resolve(usage).flush()
  t.regex(await said(made.id), /on the dataset a\?\?\?\[31m\n/)

  const env = { MORTISE_PROFILE: 'test', MORTISE_CONFIG: join(dataDir, 'explain.yaml'), SECRET_KEY: 'a secret key that only tests would use', DATA_DIR: dataDir }
  await writeFile(env.MORTISE_CONFIG, 'plugins: {bootstrap: null, provision: null}\nadapters: {keyScope: {grants: }, command: {explain-key: }}\n')
  const place = databaseUrl === undefined ? {} : { DATABASE_URL: await urlOf(app, databaseUrl) }
  const explain = async (...words: string[]): Promise<[number, string]> => {
    let text = ''
    const write = (more: string): void => { text += more }
    return [await run(['explain', ...words], { root: process.cwd(), env: { ...env, ...place }, out: write, err: write }), text]
  }
  // On the embedded database a command runs while no server does.
  if (databaseUrl === undefined) await app.kernel.stop()
  const [code, text] = await explain('key', made.id.toUpperCase())
  t.is(code, 0, text)
  for (const part of ['Search', owner.email, "Ada's workspace", '127.0.0.0/8', '90 requests a minute', 'grants', `${one} "The handbook": retrieve, read`, 'last refusal']) t.true(text.includes(part), `${part} in ${text}`)
  t.false(text.includes(made.token))
  for (const [words, problem, exit] of [
    [['key'], /needs to know which key/, 1], [['key', 'x'], /no id of a key/, 1], [['key', randomUUID()], /there is no key/, 1], [['nonsense'], /Take one of: key/, 2],
  ] as const) {
    const [status, message] = await explain(...words)
    t.is(status, exit, message)
    t.regex(message, problem)
  }
})
