/** What a caller may not learn, and what a caller may not pretend: addresses, hosts, other people's names, counts, scores and ids. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import { database } from '../core/index.ts'
import type { Database } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { client } from './support/client.ts'
import { knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { makeWorkspace, signIn } from './support/world.ts'
import type { Workspace } from './support/world.ts'

let app: TestApp
let mine: Workspace
let theirs: Workspace
test.before(async () => {
  app = await testApp({ config: { server: { trustedProxies: ['127.0.0.1', '10.0.0.0/8'] } } })
  mine = await makeWorkspace(app, 'mine')
  theirs = await makeWorkspace(app, 'theirs')
})
test.after.always(() => app.close())

/** Makes a key that is taken from one address alone. */
const keyFor = async (of: TestApp, who: Pick<Workspace, 'email' | 'password'>, allowed_ips: string[]): Promise<string> =>
  ((await (await of.fetch('/console/api/datasets/api-keys', { json: { allowed_ips }, headers: await signIn(of, who) })).json()) as { token: string }).token

test('an address is believed from trusted proxies alone, and only as far as they reach', async (t) => {
  const from = async (of: TestApp, token: string, headers: Record<string, string>): Promise<number> => (await of.fetch('/v1/datasets', { token, headers })).status
  const far = await keyFor(app, mine, ['203.0.113.7'])
  const forms: [Record<string, string>, number][] = [
    [{ 'x-forwarded-for': '203.0.113.7' }, 200], [{ 'x-forwarded-for': '203.0.113.7, 10.1.2.3' }, 200],
    // What a client wrote itself stands further left than the address from which the first proxy saw it come.
    [{ 'x-forwarded-for': '203.0.113.7, 198.51.100.1' }, 403], [{ 'x-forwarded-for': '203.0.113.7, 198.51.100.1, 10.1.2.3' }, 403],
    [{ 'x-forwarded-for': '203.0.113.7 198.51.100.1' }, 403], [{ 'x-forwarded-for': '' }, 403], [{ 'x-forwarded-for': 'nonsense' }, 403],
    [{ 'x-real-ip': '203.0.113.7' }, 403], [{ forwarded: 'for=203.0.113.7' }, 403], [{ 'x-client-ip': '203.0.113.7' }, 403], [{}, 403],
  ]
  for (const [headers, status] of forms) t.is(await from(app, far, headers), status, JSON.stringify(headers))
  const alone = await testApp()
  t.teardown(alone.close)
  const untrusting = await keyFor(alone, await makeWorkspace(alone, 'alone'), ['203.0.113.7'])
  for (const [headers] of forms) t.is(await from(alone, untrusting, headers), 403, `no proxy is trusted: ${JSON.stringify(headers)}`)
})

test('the addresses that a server tells come from its configuration, never from a request', async (t) => {
  const headers = { ...await signIn(app, mine), host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example', origin: 'https://evil.example' }
  for (const [method, path, json] of [['GET', '/datasets/api-base-info'], ['POST', '/workspaces/current/members/invite-email', { emails: ['eve@example.org'], role: 'normal' }]] as const) {
    const response = await app.fetch(`/console/api${path}`, { method, headers, ...json ? { json } : {} })
    const text = await response.text()
    t.true(response.status < 300, text)
    t.regex(text, /http:\/\/127\.0\.0\.1:/)
    t.false(text.includes('evil.example'), text)
  }
  for (const path of ['/console/api/login?redirect_url=https://evil.example', '//evil.example/', '/console/api//evil.example']) {
    t.is((await app.fetch(path, { redirect: 'manual' })).headers.get('location'), null, `${path} leads nowhere`)
  }
})

test("what others have moves no score, takes no name and fills no limit", async (t) => {
  const own: Knowledge = await knowledge()
  t.teardown(own.app.close)
  const other = await makeWorkspace(own.app, 'other')
  const [one, two] = [await own.newDataset(), await own.newDataset()]
  const put = async (api: Knowledge['api'], id: string, text: string): Promise<void> => {
    const { body } = await api.send('POST', `/v1/datasets/${id}/document/create-by-text`, { name: 'a.txt', text, indexing_technique: 'economy', process_rule: { mode: 'automatic' } })
    await api.indexed(id, body.batch as string)
  }
  await put(own.api, one.id as string, 'The heron waits at the pond.')
  await put(own.api, one.id as string, 'The owl hunts by night.')
  const bound = client(own.app.url, await own.newToken(one.id as string))
  const ask = async (): Promise<unknown> => (await bound.send('POST', `/v1/datasets/${one.id as string}/retrieve`, { query: 'heron at the pond' })).body.records.map(
    ({ segment, score }: { segment: { content: string }; score: number }) => [segment.content, score])
  const before = await ask()
  const theirs = client(own.app.url, other.workspaceKey)
  for (const [api, id] of [[own.api, two.id as string], [theirs, other.datasetIds[0]]] as const) for (let n = 0; n < 5; n++) await put(api, id, `The heron number ${n} waits at the pond, heron by heron.`)
  t.deepEqual(await ask(), before)
  t.is((await own.api.send('GET', '/v1/datasets?limit=100')).body.total, 2)

  const { body: named } = await theirs.send('GET', `/v1/datasets/${other.datasetIds[0]}`)
  t.is((await own.api.send('POST', '/v1/datasets', { name: named.name as string })).status, 200, 'a name is free although another workspace has it')
  for (let n = 0; n < 8; n++) await own.newToken()
  const session = await signIn(own.app, other)
  t.is((await own.app.fetch('/console/api/datasets/api-keys', { json: {}, headers: session })).status, 200, 'the limit counts the own keys')
})

test.serial('a key that is bound to one dataset cannot tell another from one that nobody has', async (t) => {
  const db = app.resolve(database) as { -readonly [K in keyof Database]: Database[K] }
  const { query } = db
  // What is asked of knowledge bases; queues and clocks ask things of their own all the time.
  let statements = 0
  const count = async (work: () => Promise<unknown>): Promise<number> => {
    const before = statements
    await work()
    return statements - before
  }
  db.query = ((sql: string, values?: readonly unknown[]) => {
    if (/datasets|documents|segments/.test(sql)) statements++
    return query(sql, values)
  })
  t.teardown(() => { db.query = query })
  const ask = (id: string, path = '', json?: object) => async (): Promise<unknown> => {
    const response = await app.fetch(`/v1/datasets/${id}${path}`, { token: mine.boundKey, ...json ? { json } : {} })
    return [response.status, (await response.text()).replaceAll(id, '<id>')]
  }
  for (const [path, json] of [['', undefined], ['/documents', undefined], ['/retrieve', { query: 'canary' }]] as const) {
    await ask(mine.datasetIds[0], path, json)()
    t.true(await count(ask(mine.datasetIds[0], path, json)) > 0, 'the count counts')
    const nobodys = randomUUID()
    const expected = await ask(nobodys, path, json)()
    for (const id of [mine.datasetIds[1], theirs.datasetIds[0]]) {
      t.deepEqual(await ask(id, path, json)(), expected)
      t.is(await count(ask(id, path, json)), await count(ask(nobodys, path, json)), 'and the same work is done')
    }
  }
})

test('an Idempotency-Key says nothing of what somebody else did under the same words', async (t) => {
  const send = async (token: string, dataset: string, text: string): Promise<{ status: number; id: unknown; body: string }> => {
    const response = await app.fetch(`/v1/datasets/${dataset}/document/create-by-text`, {
      token, headers: { 'idempotency-key': 'import 1' }, json: { name: 'same.txt', text, duplicate: false, indexing_technique: 'economy', process_rule: { mode: 'automatic' } },
    })
    const body = await response.text()
    return { status: response.status, id: (JSON.parse(body) as { document?: { id: string } }).document?.id, body }
  }
  const [dataset] = mine.datasetIds
  const first = await send(mine.workspaceKey, dataset, 'The first of the same name.')
  t.is(first.status, 200, first.body)
  t.is((await send(mine.workspaceKey, dataset, 'The first of the same name.')).id, first.id, 'the same request again')
  // Another key of the workspace, another dataset, another workspace: each is a client of its own, and none is told that the words were used.
  const others = [await send(mine.boundKey, dataset, 'The second.'), await send(mine.workspaceKey, mine.datasetIds[1], 'The third.'), await send(theirs.workspaceKey, theirs.datasetIds[0], 'The fourth.')]
  for (const { status, body } of others) t.is(status, 200, body)
  t.is(new Set([first, ...others].map(({ id }) => id)).size, 4)
  const nobodys = await send(mine.boundKey, randomUUID(), 'x')
  for (const id of [mine.datasetIds[1], theirs.datasetIds[0]]) t.deepEqual(await send(mine.boundKey, id, 'x'), nobodys, 'a dataset out of reach is one that nobody has')
})
