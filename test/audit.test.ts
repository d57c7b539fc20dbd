/** Who did what: the right actor, all or nothing, no secrets, bounded. */
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { database, definePlugin, errors, Joi, queue, route } from '../core/index.ts'
import type { Logger } from '../core/index.ts'
import { testApp, testPort } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { auditContract } from '../plugins/audit/contracts/index.ts'
import { forgetOld } from '../plugins/audit/jobs/forget-old.ts'
import { audit } from '../plugins/audit/ports.ts'
import { keyUses, WAITING } from '../plugins/audit/services/key-uses.ts'
import type { Happened } from '../plugins/audit/services/entries.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { middlewareContract } from '../plugins/platform/contracts/index.ts'
import { makeWorkspace, signIn } from './support/world.ts'
import type { Workspace } from './support/world.ts'

testPort(test.serial, auditContract, { name: 'audit builtin' })
testPort(test.serial, middlewareContract, { name: 'middleware of audit', config: { adapters: { middleware: { audit: {} } } } })

/** A door without a lock, behind which something is recorded. */
const open = definePlugin({
  name: 'acme', kernel: '^1',
  routes: [route({
    surface: 'console', credential: 'none', method: 'POST', path: '/acme', access: 'public', resource: 'none', summary: 'Does something', uses: { audit, db: database },
    body: Joi.object<{ workspace: string; fail: boolean }, true>({ workspace: Joi.string().required(), fail: Joi.boolean().required() }),
    reply: Joi.object<{ done: boolean }, true>({ done: Joi.boolean().required() }),
    handle: ({ body }, { audit, db }) => db.transaction(async () => {
      await audit.record({ workspaceId: body.workspace, action: 'door.opened', resource: { type: 'door', id: '1' } })
      if (body.fail) throw errors.conflict()
      return { done: true }
    }),
  })],
})

interface Item { id: string; at: number; actor: { kind: string; id: string | null }; action: string; resource: { type: string; id: string }; details: object; address: string | null; request_id: string | null }
interface Page { data: Item[]; page: number; limit: number; total: number; has_more: boolean }
let app: TestApp
let acme: Workspace
let other: Workspace
let cookies: Record<string, string>
test.before(async () => {
  app = await testApp({ plugins: [open] })
  acme = await makeWorkspace(app, 'acme')
  other = await makeWorkspace(app, 'other')
  cookies = await signIn(app, acme)
})
test.after.always(() => app.close())

const path = '/console/api/workspaces/current/audit-logs'
const read = async (query = '', headers = cookies): Promise<Page> => (await app.fetch(`${path}${query}`, { headers })).json() as Promise<Page>
/** Once what waits in memory is written. */
const settled = (): Promise<unknown> => sleep(1_500)
const ofKeys = async (): Promise<Item[]> => {
  await settled()
  return (await read('?limit=100')).data.filter(({ actor }) => actor.kind === 'key')
}

test.serial('an entry tells who did it, from where and in which request', async (t) => {
  const made = await app.fetch('/console/api/datasets/api-keys', { json: { name: 'ci' }, headers: { ...cookies, 'x-request-id': 'a-request-of-mine' } })
  const { id, token } = await made.json() as { id: string; token: string }
  const byAccount = (await read('?action=api-key.created&limit=1')).data[0]
  t.like(byAccount, { actor: { kind: 'account', id: acme.accountId }, resource: { type: 'api-key', id, name: 'ci' }, address: '127.0.0.1', request_id: 'a-request-of-mine' })
  t.true(Math.abs((byAccount?.at ?? 0) - Date.now() / 1000) < 60)

  const dataset = await (await app.fetch('/v1/datasets', { json: { name: 'by a key' }, token })).json() as { id: string }
  await app.fetch(`/v1/datasets/${dataset.id.toUpperCase()}`, { method: 'DELETE', token })
  await settled()
  const [removed, created] = (await read(`?actor_id=${id}`)).data
  t.like(created, { actor: { kind: 'key', id }, action: 'dataset.create', resource: { type: 'workspace', id: acme.workspaceId }, details: { method: 'POST', path: '/v1/datasets', status: 200 } })
  t.like(removed, { action: 'dataset.delete', resource: { type: 'dataset', id: dataset.id }, details: { method: 'DELETE', path: '/v1/datasets/{dataset_id}', status: 204 }, address: '127.0.0.1' })

  await app.fetch('/console/api/acme', { json: { workspace: acme.workspaceId, fail: false } })
  t.like((await read('?action=door.opened')).data[0], { actor: { kind: 'anonymous', id: null }, address: '127.0.0.1' })
  await app.resolve(audit).record({ workspaceId: acme.workspaceId, action: 'thing.done', resource: { type: 'thing', id: '1' } })
  t.like((await read('?action=thing.done')).data[0], { actor: { kind: 'operator', id: null }, address: null, request_id: null })
})

test.serial('requests at the same time are not mixed up, and one that fails leaves nothing', async (t) => {
  const before = (await read('?action=door.opened')).total
  const ids = Array.from({ length: 20 }, (_, n) => `request-number-${n}`)
  await Promise.all(ids.map((id, n) => app.fetch('/console/api/acme', { json: { workspace: acme.workspaceId, fail: n % 2 === 1 }, headers: { 'x-request-id': id } })))
  const { data, total } = await read('?action=door.opened&limit=100')
  t.is(total, before + 10)
  t.deepEqual(data.slice(0, 10).map((item) => item.request_id).sort(), ids.filter((_, n) => n % 2 === 0).sort())
})

test.serial('of keys it notes what changes something and what they were refused, not what they read or got wrong', async (t) => {
  const [first, second] = acme.datasetIds
  const before = (await ofKeys()).length
  const asked: [string, string, object | undefined, number][] = [
    ['GET', `/v1/datasets/${first}`, undefined, 200], ['POST', `/v1/datasets/${first}/retrieve`, { query: 'canary' }, 200],
    ['POST', `/v1/datasets/${first}/document/create-by-text`, { name: 1 }, 400], ['DELETE', `/v1/datasets/${first}/documents/${first}`, undefined, 404],
    ['PATCH', `/v1/datasets/${second}`, { name: 'stolen' }, 403], ['PATCH', `/v1/datasets/${other.datasetIds[0]}`, { name: 'stolen' }, 403],
    ['PATCH', `/v1/datasets/${first}`, { description: 'changed' }, 200],
  ]
  for (const [method, address, json, status] of asked) {
    const answer = await app.fetch(address, { method, token: acme.boundKey, ...json === undefined ? {} : { json } })
    t.is(answer.status, status, `${method} ${address}`)
  }
  const noted = (await ofKeys()).slice(0, -before)
  t.deepEqual(noted.map(({ action, resource, details }) => [action, resource.id, (details as { status: number }).status]), [
    ['dataset.update', first, 200], ['dataset.update', other.datasetIds[0], 403], ['dataset.update', second, 403],
  ])
  t.is((await app.fetch(`/v1/datasets/${first}`, { method: 'PATCH', json: { name: 'x' }, token: 'dataset-nobody' })).status, 401)
  t.is((await ofKeys()).length, before + 3, 'whoever has no key is nobody')
})

test.serial('nobody sees the log of another workspace, and members who may not see none', async (t) => {
  await settled()
  const theirs = await read('?limit=100', await signIn(app, other))
  t.true(theirs.total > 0)
  t.deepEqual(theirs.data.filter(({ actor, resource }) => actor.id === acme.accountId || resource.id === acme.workspaceId), [])
  t.is((await read(`?actor_id=${acme.accountId}`, await signIn(app, other))).total, 0)
  const people = app.resolve(accounts)
  for (const [role, status] of [['admin', 200], ['editor', 403], ['normal', 403], ['dataset_operator', 403]] as const) {
    const email = `${role}@example.org`
    const { accountId } = await people.createAccount({ email, name: role, password: 'correct horse 42' })
    await people.setRole(acme.workspaceId, accountId, role)
    t.is((await app.fetch(path, { headers: await signIn(app, { email, password: 'correct horse 42' }) })).status, status, role)
  }
  t.is((await app.fetch(path, { token: acme.workspaceKey })).status, 401)
})

test.serial('the list goes page by page, filtered, and says what is wrong with a filter', async (t) => {
  const whole = await read('?limit=100')
  t.true(whole.total > 5 && whole.total <= 100)
  const pages: Item[] = []
  for (let page = 1, more = true; more; page += 1) {
    const one = await read(`?limit=3&page=${page}`)
    t.like(one, { page, limit: 3, total: whole.total })
    pages.push(...one.data)
    more = one.has_more
  }
  t.deepEqual(pages.map(({ id }) => id), whole.data.map(({ id }) => id))
  t.deepEqual([...whole.data].sort((a, b) => b.at - a.at).map(({ at }) => at), whole.data.map(({ at }) => at))
  const oldest = whole.data.at(-1) as Item
  t.is((await read(`?before=${oldest.at}`)).total, 0)
  t.is((await read(`?after=${oldest.at}`)).total, whole.total)
  t.like(await read(), { page: 1, limit: 20 })
  for (const query of ['limit=0', 'limit=101', 'page=0', 'after=x', 'before=-1', 'before=99999999999999', 'action=%00']) t.is((await app.fetch(`${path}?${query}`, { headers: cookies })).status, 400, query)
})

test.serial('nothing of a secret is in it', async (t) => {
  const made = await app.fetch('/console/api/datasets/api-keys', { json: { name: 'secretive', password: 'hunter2-in-a-body' }, headers: cookies })
  t.is(made.status, 400)
  const { id, token } = await (await app.fetch('/console/api/datasets/api-keys', { json: { name: 'secretive' }, headers: cookies })).json() as { id: string; token: string }
  const rotated = await (await app.fetch(`/console/api/datasets/api-keys/${id}/rotate`, { json: {}, headers: cookies })).json() as { token: string }
  await app.fetch('/v1/datasets?password=hunter2-in-a-query', { json: { name: 'x', description: 'hunter2-in-a-body' }, token: rotated.token })
  await settled()
  const rows = await app.resolve(database).query('SELECT * FROM audit_logs')
  const text = JSON.stringify(rows)
  t.true(text.includes('secretive') && text.includes(id) && text.includes('api-key.rotated'))
  for (const secret of [token, rotated.token, token.slice(8), acme.workspaceKey, acme.password, Buffer.from(acme.password).toString('base64'), 'hunter2', cookies['x-csrf-token'] ?? '?']) {
    t.false(text.includes(secret), secret)
  }
})

test.serial('old entries are removed, however many, and no others', async (t) => {
  const db = app.resolve(database)
  const { workspaceId } = other
  await db.query(
    `INSERT INTO audit_logs (id, workspace_id, at, actor_kind, action, resource_type, resource_id, details)
     SELECT gen_random_uuid(), $1, now() - n * interval '1 minute' - interval '365 days', 'operator', 'thing.old', 'thing', n::text, '{}' FROM generate_series(-60, 6000) n`, [workspaceId])
  const count = async (where: string): Promise<number> => (await db.query<{ n: number }>(`SELECT count(*)::int AS n FROM audit_logs WHERE ${where}`))[0]?.n ?? -1
  const others = await count(`action <> 'thing.old'`)
  await app.resolve(queue).enqueue(forgetOld, {})
  await app.runJobs()
  t.true(await count(`action = 'thing.old'`) <= 60)
  t.true(await count(`action = 'thing.old'`) >= 55)
  t.is(await count(`action <> 'thing.old'`), others)
})

test('a flood of keys is bounded, and a database that was away gets what is left, once', async (t) => {
  const written: Happened[] = []
  let away = true
  const lines: string[] = []
  const write = (fields: object | string, message = ''): void => { lines.push(JSON.stringify(fields) + message) }
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log }
  const uses = keyUses.create({
    config: { days: 1, retrievals: false }, log,
    entries: {
      write: async (all) => {
        await sleep(5)
        if (away) throw errors.unavailable()
        written.push(...all)
      },
      list: async () => ({ entries: [], total: 0 }), forget: async () => 0,
    },
  })
  const ctx = (n: number) => ({
    method: 'POST', params: { dataset_id: String(n) },
    state: { actor: { kind: 'key', id: 'k', workspaceId: 'w' }, route: { access: 'document:create', surface: 'service', path: '/x', resource: { dataset: 'params.dataset_id' } } },
  }) as never
  const began = performance.now()
  for (let n = 0; n < WAITING + 1_000; n += 1) uses.note(ctx(n), 200)
  t.true(performance.now() - began < 5_000)
  await uses.stop()
  t.deepEqual([written.length, lines.some((line) => line.includes('"lost":1000'))], [0, true])
  away = false
  uses.note(ctx(-1), 200)
  await uses.stop()
  t.deepEqual(written.map(({ resource }) => resource.id), Array.from({ length: WAITING }, (_, n) => String(n)), 'the first of them, in their order, each one once')
  t.true(written.every(({ ago }) => ago > 0 && ago < 60_000))
  await uses.stop()
  t.is(written.length, WAITING)
})

test('what keys retrieve is noted where that is asked for', async (t) => {
  const looking = await testApp({ config: { plugins: { audit: { retrievals: true } } } })
  t.teardown(() => looking.close())
  const { datasetIds: [first], boundKey, workspaceId } = await makeWorkspace(looking, 'acme')
  t.is((await looking.fetch(`/v1/datasets/${first}/retrieve`, { json: { query: 'canary' }, token: boundKey })).status, 200)
  await settled()
  t.is((await looking.resolve(audit).list(workspaceId, { action: 'dataset.retrieve' }, { limit: 10, offset: 0 })).total, 1)
})
