/** The console's knowledge bases, as people of several roles meet them: who sees which, who changes what, and what was asked of them. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import type Joi from 'joi'
import { database } from '../core/index.ts'
import { fullPath } from '../core/route.ts'
import type { Route } from '../core/route.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import { accounts } from '../plugins/auth/ports.ts'
import type { Role } from '../plugins/auth/ports.ts'
import { questions } from '../plugins/datasets/services/questions.ts'
import { client } from './support/client.ts'
import { knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { sample } from './support/sample.ts'
import { signIn } from './support/world.ts'

const password = 'correct horse 42'
interface Answer { readonly status: number; readonly body: any }
interface Person { readonly id: string; ask(method: string, path: string, json?: unknown): Promise<Answer> }

let { app, owner, api, addText } = {} as Knowledge
const people = {} as Record<'owner' | 'admin' | 'editor' | 'friend' | 'operator' | 'reader', Person>
test.before(async () => {
  ({ app, owner, api, addText } = await knowledge())
  people.owner = await person(owner.accountId, 'ann@example.org')
  const others: [keyof typeof people, Role][] = [['admin', 'admin'], ['editor', 'editor'], ['friend', 'editor'], ['operator', 'dataset_operator'], ['reader', 'normal']]
  for (const [name, role] of others) people[name] = await join(name, role)
})
test.after.always(() => app.close())

const join = async (name: string, role: Role, workspaceId = owner.workspaceId): Promise<Person> => {
  const email = `${name}@example.org`
  const { accountId } = await app.resolve(accounts).createAccount({ email, name, password })
  await app.resolve(accounts).setRole(workspaceId, accountId, role)
  return person(accountId, email)
}
const person = async (id: string, email: string): Promise<Person> => {
  const headers = await signIn(app, { email, password })
  return {
    id,
    ask: async (method, path, json) => {
      const response = await app.fetch(`/console/api${path}`, { method, headers, ...json === undefined ? {} : json instanceof FormData ? { body: json } : { json } })
      const text = await response.text()
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) as unknown }
    },
  }
}
let made = 0
const newDataset = async (by: Person, more: object = {}): Promise<any> => {
  const { status, body } = await by.ask('POST', '/datasets', { name: `kept ${made += 1}`, indexing_technique: 'economy', ...more })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body
}
const share = (by: Person, { id }: { id: string }, permission: string, ...members: Person[]): Promise<Answer> =>
  by.ask('PATCH', `/datasets/${id}`, { permission, ...permission === 'partial_members' ? { partial_member_list: members.map((one) => ({ user_id: one.id })) } : {} })
const notShared = { status: 403, body: { code: 'forbidden', message: 'You do not have permission to access this dataset.', status: 403 } }
const missing = { status: 404, body: { code: 'not_found', message: 'Dataset not found.', status: 404 } }
const idsSeen = async (by: Person, query = ''): Promise<string[]> => (await by.ask('GET', `/datasets?limit=100${query}`)).body.data.map((one: { id: string }) => one.id)

test.serial('a knowledge base is made, read, changed, listed and deleted in the console', async (t) => {
  const { editor } = people
  const answer = await editor.ask('POST', '/datasets', { name: ' Travel ', description: 'How we travel', indexing_technique: 'high_quality' })
  t.is(answer.status, 201)
  t.like(answer.body, { name: 'Travel', permission: 'only_me', created_by: editor.id, author_name: 'editor', embedding_available: true, enable_api: true })
  const at = `/datasets/${answer.body.id as string}`
  t.deepEqual((await editor.ask('GET', at)).body, answer.body)
  t.like(await editor.ask('POST', '/datasets', { name: 'Travel' }), { status: 409, body: { code: 'dataset_name_duplicate' } })
  t.like(await editor.ask('PATCH', at, { name: 'Journeys', description: null }), { status: 200, body: { name: 'Journeys', description: '', partial_member_list: [], updated_by: editor.id } })
  for (const id of [randomUUID()]) t.like(await editor.ask('GET', `/datasets/${id}`), missing)
  t.is((await editor.ask('GET', '/datasets/none')).status, 404)

  t.deepEqual((await editor.ask('GET', '/datasets/retrieval-setting')).body, { retrieval_method: ['semantic_search', 'full_text_search', 'hybrid_search'] })
  t.deepEqual((await editor.ask('GET', `${at}/use-check`)).body, { is_using: false })
  t.deepEqual((await editor.ask('GET', `${at}/related-apps`)).body, { data: [], total: 0 })
  t.deepEqual((await editor.ask('GET', `${at}/auto-disable-logs`)).body, { document_ids: [], count: 0 })
  t.deepEqual(await editor.ask('DELETE', at), { status: 204, body: undefined })
  for (const path of [at, `${at}/use-check`, `${at}/queries`, `${at}/related-apps`, `${at}/auto-disable-logs`, `${at}/permission-part-users`]) t.like(await editor.ask('GET', path), missing)
  for (const what of ['enable', 'disable']) t.like(await editor.ask('POST', `${at}/api-keys/${what}`), missing)
})

test.serial('everybody sees what is theirs, shared with all, or with them, and nothing else, however it is asked for', async (t) => {
  const { admin, editor, friend, operator, reader } = people
  const mine = await newDataset(editor)
  const all = await newDataset(editor, { permission: 'all_team_members' })
  const some = await newDataset(editor)
  t.deepEqual((await share(editor, some, 'partial_members', friend, reader, friend)).body.partial_member_list, [friend.id, reader.id].sort())
  t.deepEqual((await friend.ask('GET', `/datasets/${some.id as string}/permission-part-users`)).body, { data: [friend.id, reader.id].sort() })
  const shown = [mine, all, some].map(({ id }) => id as string)
  const which = async (by: Person, query = ''): Promise<string[]> => {
    const seen = await idsSeen(by, query)
    return ['mine', 'all', 'some'].filter((_, at) => seen.includes(shown[at] ?? ''))
  }
  const named = `&${new URLSearchParams(shown.map((id): [string, string] => ['ids', id])).toString()}`
  const expected: [Person, string[], string[]][] = [
    [editor, ['mine', 'all', 'some'], ['mine', 'all', 'some']], [friend, ['all', 'some'], ['all', 'some']], [reader, ['all', 'some'], ['all', 'some']], [operator, ['all'], ['all']],
    [admin, ['all'], ['mine', 'all', 'some']], [people.owner, ['all'], ['mine', 'all', 'some']],
  ]
  for (const [one, listed, withAll] of expected) {
    t.deepEqual(await which(one), listed)
    t.deepEqual(await which(one, '&include_all=true'), withAll)
    t.deepEqual(await which(one, named), listed)
    const { body } = await one.ask('GET', `/datasets?keyword=${encodeURIComponent(mine.name as string)}&include_all=true`)
    t.is(body.total, withAll.includes('mine') ? 1 : 0, 'a total does not tell either')
    for (const [at, id] of shown.entries()) {
      const may = withAll.includes(['mine', 'all', 'some'][at] ?? '')
      t.like(await one.ask('GET', `/datasets/${id}`), may ? { status: 200 } : notShared)
    }
  }
  const page = (await friend.ask('GET', `/datasets?limit=1${named}`)).body
  t.like(page, { total: 2, has_more: true, limit: 1, page: 1 })
  t.deepEqual(page.data.map(({ id }: { id: string }) => id), [some.id], 'the newest first')
  const items = (await friend.ask('GET', `/datasets?${named}`)).body.data
  t.deepEqual(items.map((one: any) => [one.id, one.partial_member_list, one.author_name]), [[some.id, [friend.id, reader.id].sort(), 'editor'], [all.id, [], 'editor']])
  t.is((await friend.ask('GET', `/datasets?ids=${randomUUID()}`)).body.total, 0)
  t.like(await friend.ask('GET', '/datasets?ids=nonsense'), { status: 400, body: { code: 'invalid_param' } })

  t.is((await share(editor, some, 'only_me')).status, 200)
  t.like(await friend.ask('GET', `/datasets/${some.id as string}`), notShared)
  t.deepEqual((await editor.ask('GET', `/datasets/${some.id as string}/permission-part-users`)).body, { data: [] })
  await share(editor, some, 'partial_members', friend)
  t.is((await friend.ask('GET', `/datasets/${some.id as string}`)).status, 200)
  t.is((await friend.ask('DELETE', `/datasets/${some.id as string}`)).status, 204, 'whom it is shared with works with it')
})

test.serial('every route of the console that names a knowledge base is closed to whom it is not shared with', async (t) => {
  const { editor, friend, admin } = people
  const dataset = await newDataset(editor)
  const made = await addText(dataset, 'secret.txt', 'The canary sings.')
  const { document, batch } = made.body as { document: { id: string }; batch: string }
  await api.indexed(dataset.id as string, batch)
  const [segment] = (await api.send('GET', `/v1/datasets/${dataset.id as string}/documents/${document.id}/segments`)).body.data
  const known: Record<string, string> = { dataset_id: dataset.id, document_id: document.id, segment_id: segment.id, batch }
  const rows = async (): Promise<unknown> => app.resolve(database).query(`SELECT to_jsonb(s) AS row, to_jsonb(d) AS d, to_jsonb(k) AS k FROM document_segments s
    JOIN documents d ON d.id = s.document_id JOIN datasets k ON k.id = s.dataset_id WHERE s.dataset_id = $1`, [dataset.id])
  const before = await rows()
  const routes = app.kernel.catalogue.routes.filter(({ surface, path }) => surface === 'console' && path.includes('{dataset_id}'))
  t.true(routes.length > 30)
  for (const route of routes) {
    const answer = await call(friend, route, known)
    if (route.access.startsWith('api-key:') && route.access !== 'api-key:read') t.is(answer.status, 403)
    else t.like(answer, notShared, `${route.method} ${fullPath(route)}: ${JSON.stringify(answer)}`)
  }
  t.deepEqual(await rows(), before, 'and nothing was changed')
  // The same requests of somebody who reaches it are answered otherwise: what was refused was refused for this reason.
  for (const route of routes.filter(({ method }) => method === 'GET')) t.not((await call(admin, route, known)).status, 403, `${route.method} ${fullPath(route)}`)
})
/** A request that the route takes, with the ids that there are. */
const call = async (by: Person, route: Route, known: Record<string, string>): Promise<Answer> => {
  const params = { ...fit(route.params) as Record<string, string>, ...known }
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(fit(route.query))) for (const one of [value].flat()) query.append(key, String(one))
  const form = new FormData()
  if (route.upload) form.set(route.upload.field, new Blob(['content']), 'a.csv')
  return by.ask(route.method, `${path}?${query.toString()}`, route.method === 'GET' ? undefined : route.upload ? form : fit(route.body))
}
/** An input with the fields that are needed, and no more. */
const fit = (schema: Joi.Schema | undefined): object => {
  const { keys = {} } = (schema?.describe() ?? {}) as { keys?: Record<string, { flags?: { presence?: string } }> }
  return Object.fromEntries(Object.entries(schema ? sample(schema) as object : {}).filter(([key]) => keys[key]?.flags?.presence === 'required'))
}

test.serial('who decides whom it is shared with, and with whom it can be', async (t) => {
  const { editor, friend, operator, reader, admin } = people
  const dataset = await newDataset(editor)
  const at = `/datasets/${dataset.id as string}`
  await share(editor, dataset, 'partial_members', friend, operator)
  const mayNot = { status: 403, body: { code: 'forbidden' } }
  t.like(await share(operator, dataset, 'all_team_members'), mayNot)
  t.like(await share(operator, dataset, 'partial_members', operator), mayNot)
  t.like(await share(operator, dataset, 'partial_members', friend, operator, reader), mayNot)
  t.regex((await share(operator, dataset, 'only_me')).body.message, /ask an editor/)
  t.like(await operator.ask('POST', '/datasets', { name: 'for everybody', permission: 'all_team_members' }), mayNot)
  const form = { name: 'as the page sends it', permission: 'partial_members', partial_member_list: [{ user_id: operator.id }, { user_id: friend.id }] }
  t.like(await operator.ask('PATCH', at, form), { status: 200, body: { name: form.name, permission: 'partial_members', partial_member_list: [friend.id, operator.id].sort() } })
  t.like(await operator.ask('PATCH', at, { partial_member_list: [] }), { status: 200, body: { partial_member_list: [friend.id, operator.id].sort() } })
  t.like(await reader.ask('PATCH', at, { name: 'no' }), mayNot)

  const stranger = randomUUID()
  const answer = await editor.ask('PATCH', at, { permission: 'partial_members', partial_member_list: [{ user_id: friend.id }, { user_id: stranger }] })
  t.like(answer, { status: 400, body: { code: 'invalid_param', params: 'partial_member_list' } })
  t.true((answer.body.message as string).includes(stranger))
  t.deepEqual((await editor.ask('GET', at)).body.partial_member_list, [friend.id, operator.id].sort(), 'nothing of it was done')
  for (const partial_member_list of [[{ user_id: 'x' }], [{}], 'all', [{ user_id: friend.id, role: 'owner' }]]) t.is((await editor.ask('PATCH', at, { permission: 'partial_members', partial_member_list })).status, 400)
  t.is((await admin.ask('PATCH', at, { permission: 'partial_members', partial_member_list: [] })).status, 200, 'an admin reaches what is not theirs')
  t.like(await friend.ask('GET', at), notShared)

  const guest = await join('guest', 'editor')
  await share(editor, dataset, 'partial_members', guest, friend)
  t.is((await guest.ask('GET', at)).status, 200)
  await app.resolve(accounts).setRole(owner.workspaceId, guest.id, 'normal')
  t.is((await guest.ask('GET', at)).status, 200, 'another role is no leaving')
  await app.resolve(accounts).setRole(owner.workspaceId, guest.id, null)
  t.deepEqual((await editor.ask('GET', at)).body.partial_member_list, [friend.id])
  await app.resolve(accounts).setRole(owner.workspaceId, guest.id, 'editor')
  const back = await person(guest.id, 'guest@example.org')
  t.like(await back.ask('GET', at), notShared)
})

test.serial('API keys are let in and shut out', async (t) => {
  const { editor, reader, owner: ann } = people
  const dataset = await newDataset(editor, { permission: 'all_team_members' })
  const at = `/datasets/${dataset.id as string}`
  const status = async (): Promise<number> => (await api.send('GET', `/v1${at}`)).status
  t.is(await status(), 200)
  t.is((await reader.ask('POST', `${at}/api-keys/disable`)).status, 403)
  for (let n = 0; n < 2; n++) t.deepEqual(await editor.ask('POST', `${at}/api-keys/disable`), { status: 200, body: { result: 'success' } })
  t.is(await status(), 403)
  t.like((await editor.ask('GET', at)).body, { enable_api: false, updated_by: editor.id })
  t.deepEqual(await editor.ask('POST', `${at}/api-keys/enable`), { status: 200, body: { result: 'success' } })
  t.is(await status(), 200)
  // The addresses of keys are beside these, and still there.
  const key = await ann.ask('POST', `${at}/api-keys`, {})
  t.is(key.status, 201)
  t.true((await editor.ask('GET', `${at}/api-keys`)).body.data.some(({ id }: { id: string }) => id === key.body.id))
  t.is((await ann.ask('DELETE', `${at}/api-keys/enable`)).status, 404)
  t.is((await ann.ask('DELETE', `${at}/api-keys/${key.body.id as string}`)).status, 204)
})

test.serial('a question is answered in the console as to a key, kept, listed, and let go when it is old', async (t) => {
  const { editor, reader, friend } = people
  const dataset = await newDataset(editor, { permission: 'all_team_members' })
  const other = await newDataset(editor)
  const added = await addText(dataset, 'leave.txt', 'Parents may stay at home for sixteen weeks.')
  await api.indexed(dataset.id as string, added.body.batch as string)
  const at = `/datasets/${dataset.id as string}`
  const question = { query: 'How many weeks?', retrieval_model: { search_method: 'keyword_search', reranking_enable: false, top_k: 3, score_threshold_enabled: false } }
  const answer = await reader.ask('POST', `${at}/hit-testing`, question)
  t.is(answer.status, 200)
  t.deepEqual(answer.body, (await api.send('POST', `/v1${at}/hit-testing`, question)).body)
  t.is(answer.body.records[0].segment.content, 'Parents may stay at home for sixteen weeks.')
  t.is((await reader.ask('POST', `${at}/hit-testing`, { query: '  ' })).status, 400)
  t.like(await friend.ask('POST', `/datasets/${other.id as string}/hit-testing`, question), notShared)
  t.is((await editor.ask('GET', `/datasets/${other.id as string}/queries`)).body.total, 0, 'what was refused was not kept')

  await app.resolve(database).query(
    `INSERT INTO dataset_queries (id, workspace_id, dataset_id, content, source, created_by, created_at)
     SELECT gen_random_uuid(), $1, $2, 'old ' || n, 'hit_testing', $3, now() - interval '89 days' - n * interval '1 second' FROM generate_series(1, 30) n`, [owner.workspaceId, dataset.id, editor.id])
  const first = (await reader.ask('GET', `${at}/queries`)).body
  t.like(first, { total: 32, has_more: true, limit: 20, page: 1 })
  t.is(first.data.length, 20)
  t.like(first.data[1], { content: 'How many weeks?', source: 'hit_testing', source_app_id: null, created_by_role: 'account', created_by: reader.id })
  t.like(first.data[0], { content: 'How many weeks?', created_by: owner.accountId })
  t.deepEqual(first.data.slice(2).map(({ content }: { content: string }) => content), Array.from({ length: 18 }, (_, n) => `old ${n + 1}`))
  const last = (await reader.ask('GET', `${at}/queries?page=2`)).body
  t.like(last, { total: 32, has_more: false, page: 2 })
  t.deepEqual([last.data[0].content, last.data.at(-1).content, last.data.length], ['old 19', 'old 30', 12])
  t.deepEqual((await reader.ask('GET', `${at}/queries?page=9`)).body.data, [])

  const forget = () => app.resolve(questions).forget(new AbortController().signal)
  t.is(await forget(), 0)
  await app.resolve(database).query(`UPDATE dataset_queries SET created_at = created_at - interval '1 day' WHERE content <> 'old 1' AND created_at < now() - interval '1 day'`)
  await app.resolve(database).query(
    `INSERT INTO dataset_queries (id, workspace_id, dataset_id, content, source, created_by, created_at)
     SELECT gen_random_uuid(), $1, $2, 'older', 'hit_testing', $3, now() - interval '91 days' FROM generate_series(1, 2100)`, [owner.workspaceId, other.id, editor.id])
  t.is(await forget(), 2129)
  t.deepEqual((await reader.ask('GET', `${at}/queries`)).body.data.map(({ content }: { content: string }) => content), ['How many weeks?', 'How many weeks?', 'old 1'])
})

test.serial('an owner of another workspace finds nothing of this one', async (t) => {
  const dataset = await newDataset(people.editor, { permission: 'all_team_members' })
  const port = app.resolve(accounts)
  const { accountId } = await port.createAccount({ email: 'elsewhere@example.org', name: 'elsewhere', password })
  const { workspaceId } = await port.createWorkspace('Elsewhere', accountId)
  const stranger = await person(accountId, 'elsewhere@example.org')
  t.deepEqual(await idsSeen(stranger, `&include_all=true&ids=${dataset.id as string}`), [])
  const known = { dataset_id: dataset.id as string }
  for (const route of app.kernel.catalogue.routes.filter(({ surface, path }) => surface === 'console' && path.startsWith('/datasets/{dataset_id}') && path.split('{').length === 2)) {
    t.is((await call(stranger, route, known)).status, 404, `${route.method} ${fullPath(route)}`)
  }
  const token = (await app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: null, createdBy: accountId })).token
  t.is((await client(app.url, token).send('GET', `/v1/datasets/${dataset.id as string}`)).status, 404)
})
