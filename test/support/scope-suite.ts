/** What keys reach under every scoping strategy, and that whatever takes something from them holds on the next request, wherever that arrives. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { base64, sessionOf } from './browser.ts'
import { client } from './client.ts'
import type { Answer } from './client.ts'

/** What a key is answered: of the three datasets which are listed; an address without a dataset; search, read and write on two; another workspace's dataset. */
interface Seen { readonly list: string | number; readonly nameless: number; readonly a: string; readonly b: string; readonly other: number }
/** How keys are made: of everything; bound to a; with all rights on a and search on b; of the tag that a bears. */
type Kind = 'workspace' | 'bound' | 'granted' | 'tagged'

const whole: Seen = { list: 'a b c', nameless: 200, a: 's r w', b: 's r w', other: 404 }
const none: Seen = { list: 403, nameless: 403, a: '403 403 403', b: '403 403 403', other: 403 }
const unknown: Seen = { list: 401, nameless: 401, a: '401 401 401', b: '401 401 401', other: 401 }
const reached: Record<Kind, Seen> = {
  workspace: whole, bound: { ...none, a: 's r w' }, granted: { ...none, list: 'a', a: 's r w', b: 's 403 403' }, tagged: { ...none, list: 'a', a: 's r w' },
}
/** Where a strategy looks its datasets up, one that is gone may be remembered for a while, and found missing. */
const withoutA: Record<Kind, readonly Seen[]> = {
  workspace: [{ ...whole, list: 'b c', a: '404 404 404' }], bound: [unknown], granted: [{ ...none, b: 's 403 403' }], tagged: [none, { ...none, list: '', a: '404 404 404' }],
}
/** What is asked of a key of some kind, with the answer, and what it reaches then. */
interface Narrowing { readonly of: Kind; readonly to: (ids: Ids) => object; readonly status: number; readonly then: Seen }
interface Ids { readonly a: string; readonly b: string }

export const strategies: Record<string, { readonly makes: readonly Kind[]; readonly narrows: readonly Narrowing[] }> = {
  workspace: { makes: ['workspace'], narrows: [{ of: 'workspace', to: ({ a }) => ({ dataset_ids: [a] }), status: 400, then: whole }] },
  dataset: {
    makes: ['workspace', 'bound'],
    narrows: [
      { of: 'workspace', to: ({ a }) => ({ dataset_ids: [a] }), status: 200, then: reached.bound },
      { of: 'bound', to: ({ b }) => ({ dataset_ids: [b] }), status: 400, then: reached.bound },
      { of: 'workspace', to: ({ a }) => ({ grants: [{ dataset_id: a, rights: ['read'] }] }), status: 400, then: whole },
    ],
  },
  grants: {
    makes: ['workspace', 'bound', 'granted'],
    narrows: [
      { of: 'workspace', to: ({ a, b }) => ({ dataset_ids: [a, b] }), status: 200, then: { ...none, list: 'a b', a: 's r w', b: 's r w' } },
      { of: 'workspace', to: ({ a }) => ({ grants: [{ dataset_id: a, rights: ['read'] }] }), status: 200, then: { ...none, list: 'a', a: 's r 403' } },
      { of: 'bound', to: () => ({ grants: [] }), status: 200, then: none },
      { of: 'granted', to: ({ b }) => ({ grants: [{ dataset_id: b, rights: ['retrieve'] }] }), status: 200, then: { ...none, b: 's 403 403' } },
      { of: 'granted', to: ({ a, b }) => ({ dataset_ids: [a, b] }), status: 400, then: reached.granted },
    ],
  },
  tag: {
    makes: ['workspace', 'tagged'],
    narrows: [
      { of: 'workspace', to: ({ a }) => ({ dataset_ids: [a] }), status: 400, then: whole },
      { of: 'tagged', to: () => ({ grants: [] }), status: 400, then: reached.tagged },
    ],
  },
}
const KINDS: readonly Kind[] = ['workspace', 'bound', 'granted', 'tagged']

const owner = { email: 'ada@example.org', name: 'Ada', password: 'correct horse 42' }
const member = { email: 'max@example.org', name: 'Max', password: 'another horse 42' }
const stranger = { email: 'eve@example.org', name: 'Eve', password: 'a third horse 42' }

/** @param urls of processes of one deployment: what one of them did is asked of the others at once */
export const scopeSuite = async (t: ExecutionContext, strategy: string, urls: readonly string[]): Promise<void> => {
  const { makes, narrows } = strategies[strategy] as (typeof strategies)[string]
  let [turn, asked] = [0, 0]
  const here = (): string => urls[(turn += 1) % urls.length] ?? ''
  const elsewhere = (): string => urls.length === 1 ? urls[0] ?? '' : urls[(turn + 1 + (asked += 1) % (urls.length - 1)) % urls.length] ?? ''
  const post = async (path: string, json: object, headers: Record<string, string> = {}, method = 'POST'): Promise<Answer> => {
    const response = await fetch(here() + path, { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) as unknown }
  }
  const desk = async (what: string, json: object): Promise<any> => {
    const { status, body } = await post(`/desk/${what}`, json)
    if (status >= 300) throw new Error(`the desk answered ${status} ${JSON.stringify(body)}`)
    return body
  }
  const signIn = async ({ email, password }: typeof owner): Promise<Record<string, string>> => {
    const { cookie, csrf } = sessionOf(await post('/console/api/login', { email, password: base64(password) }))
    return { cookie, 'x-csrf-token': csrf }
  }

  t.is((await post('/console/api/setup', owner)).status, 201)
  const session = await signIn(owner)
  const { body: root } = await post('/console/api/datasets/api-keys', {}, session)
  const rootHeaders = { authorization: `Bearer ${root.token as string}` }
  const dataset = async (name: string, headers: Record<string, string>): Promise<string> => (await post('/v1/datasets', { name, indexing_technique: 'economy' }, headers)).body.id as string
  const [a, b] = [await dataset('a', rootHeaders), await dataset('b', rootHeaders), await dataset('c', rootHeaders)]
  const { body: { workspace: { id: workspaceId } } } = await client(elsewhere(), root.token as string).send('GET', '/v1/whoami')
  const { id: ownerId } = await (await fetch(`${elsewhere()}/console/api/account/profile`, { headers: session })).json() as { id: string }
  const { accountId: strangerId } = await desk('accounts', stranger)
  const { workspaceId: foreign } = await desk('workspaces', { name: 'Other', ownerId: strangerId })
  const { token: foreignToken } = await desk('keys', { workspaceId: foreign, createdBy: strangerId })
  const other = await dataset('x', { authorization: `Bearer ${foreignToken as string}` })
  const { accountId } = await desk('accounts', member)
  await desk('members', { workspaceId, accountId, role: 'admin' })
  await desk('tags', { workspaceId, datasetId: a, tag: 'open', on: true })

  const keys = '/console/api/datasets/api-keys'
  const ask = async (token: string, method: string, path: string, json?: object): Promise<Answer> => client(elsewhere(), token).send(method, `/v1${path}`, json)
  const rights = async (token: string, id: string): Promise<string> => {
    const document = { name: 'a.txt', text: 'A canary sings.', indexing_technique: 'economy', process_rule: { mode: 'automatic' } }
    const answers = [
      await ask(token, 'POST', `/datasets/${id}/retrieve`, { query: 'canary' }), await ask(token, 'GET', `/datasets/${id}`), await ask(token, 'POST', `/datasets/${id}/document/create-by-text`, document),
    ]
    return answers.map(({ status }, index) => status === 200 ? 'srw'[index] : String(status)).join(' ')
  }
  const see = async (token: string): Promise<Seen> => {
    // What was taken away last is looked for first.
    const [first, second] = [await rights(token, a), await rights(token, b)]
    const list = await ask(token, 'GET', '/datasets?limit=100')
    return {
      a: first, b: second, list: list.status === 200 ? (list.body.data as { name: string }[]).map(({ name }) => name).sort().join(' ') : list.status,
      nameless: (await ask(token, 'GET', '/workspaces/current/models/model-types/text-embedding')).status, other: (await ask(token, 'GET', `/datasets/${other}`)).status,
    }
  }
  /** Every process has taken the key. */
  const known = async (...tokens: readonly string[]): Promise<void> => {
    for (const url of urls) for (const token of tokens) t.is((await client(url, token).send('GET', '/v1/whoami')).status, 200)
  }
  /** Of a key of which nothing is left, wherever it is asked. */
  const isGone = async (token: string, why: string): Promise<void> => {
    for (const path of [`/datasets/${a}`, `/datasets/${b}`, '/datasets', '/whoami']) t.is((await ask(token, 'GET', path)).status, 401, `${why}: ${path}`)
  }
  const tries: Record<Kind, (by: Record<string, string>, createdBy: string) => Promise<Answer>> = {
    workspace: (by) => post(keys, { name: 'of everything' }, by),
    bound: (by) => post(`/console/api/datasets/${a}/api-keys`, {}, by),
    granted: (by) => post(keys, { grants: [{ dataset_id: a, rights: ['manage'] }, { dataset_id: b, rights: ['retrieve'] }] }, by),
    tagged: (_by, createdBy) => post('/desk/keys', { workspaceId, createdBy, tag: 'open' }),
  }
  const make = async (kind: Kind, by = session, createdBy = ownerId): Promise<{ id: string; token: string }> => {
    const { status, body } = await tries[kind](by, createdBy)
    t.true(status < 300, `${kind}: ${status} ${JSON.stringify(body)}`)
    await known(body.token as string)
    return body as { id: string; token: string }
  }

  for (const kind of KINDS.filter((one) => !makes.includes(one))) t.is((await tries[kind](session, ownerId)).status, 400, `a key ${kind} is not made`)
  for (const wrong of ['dataset-', 'ds-', 'app-'].map((prefix) => `${prefix}${'a'.repeat(30)}`).concat('x', root.token.slice(0, -1) as string)) await isGone(wrong, 'an unknown key')

  for (const kind of makes) {
    const { token } = (await tries[kind](session, ownerId)).body as { token: string }
    t.deepEqual(await see(token), reached[kind], `a key ${kind}, as it is made`)
    await known(token)
    t.deepEqual(await see(token), reached[kind], `a key ${kind}, as it is remembered`)
  }
  for (const { of: kind, to, status, then } of narrows) {
    const { id, token } = await make(kind)
    t.is((await post(`${keys}/${id}`, to({ a, b }), session, 'PATCH')).status, status)
    t.deepEqual(await see(token), then, `a key ${kind}, changed to ${JSON.stringify(to({ a: 'a', b: 'b' }))}`)
  }
  if (makes.includes('tagged')) {
    const { token } = await make('tagged')
    await desk('tags', { workspaceId, datasetId: a, tag: 'open', on: false })
    t.deepEqual(await see(token), none, 'without its tag')
    await desk('tags', { workspaceId, datasetId: b, tag: 'open', on: true })
    t.deepEqual(await see(token), { ...none, list: 'b', b: 's r w' }, 'with another of its tag')
    await desk('tags', { workspaceId, datasetId: b, tag: 'open', on: false })
    await desk('tags', { workspaceId, datasetId: a, tag: 'open', on: true })
  }

  for (const kind of makes) {
    const first = await make(kind)
    const { body: second } = await post(`${keys}/${first.id}/rotate`, {}, session)
    await isGone(first.token, `the old secret of a key ${kind}`)
    t.deepEqual(await see(second.token as string), reached[kind], `the new secret of a key ${kind}`)
    const { body: third } = await post(`${keys}/${first.id}/rotate`, { overlap_seconds: 60 }, session)
    for (const token of [second.token, third.token] as string[]) t.is((await ask(token, 'GET', `/datasets/${a}`)).status, 200, 'both are taken meanwhile')
    await known(second.token as string, third.token as string)
    t.is((await post(`${keys}/${first.id}`, {}, session, 'DELETE')).status, 204)
    for (const token of [second.token, third.token] as string[]) await isGone(token, `a deleted key ${kind}`)
  }

  const ending = await Promise.all(makes.map((kind) => make(kind)))
  const end = Math.ceil(Date.now() / 1000) + 1
  for (const { id } of ending) t.is((await post(`${keys}/${id}`, { expires_at: end }, session, 'PATCH')).status, 200)
  await sleep(end * 1000 - Date.now() + 5)
  for (const { token } of ending) await isGone(token, 'an expired key')

  const theirs = await signIn(member)
  const made = []
  for (const kind of makes) made.push(await make(kind, theirs, accountId))
  t.is((await post(`/console/api/workspaces/current/members/${accountId as string}`, {}, session, 'DELETE')).status, 200)
  for (const { token } of made) await isGone(token, 'a key whose maker is gone')
  t.is((await ask(root.token as string, 'GET', '/datasets')).status, 200)

  const reaching: [Kind, string][] = []
  for (const kind of makes) reaching.push([kind, (await make(kind)).token])
  t.is((await post(`/v1/datasets/${a}`, {}, rootHeaders, 'DELETE')).status, 204)
  for (const [kind, token] of reaching) {
    const [seen, [expected, otherwise]] = [await see(token), withoutA[kind]]
    t.deepEqual(seen, otherwise?.list === seen.list ? otherwise : expected, `a key ${kind}, when a dataset of it is gone`)
  }
}
