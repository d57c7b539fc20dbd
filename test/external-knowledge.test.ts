/** Knowledge that lies in services elsewhere, and ours as others ask for it: over HTTP both ways, each limited to what its key reaches. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { database, HttpError } from '../core/index.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import type { RetrievalSettings } from '../plugins/datasets/ports.ts'
import { client } from './support/client.ts'
import type { Answer } from './support/client.ts'
import { knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { retrievalServer } from './support/retrieval-server.ts'
import type { RetrievalServer, Says } from './support/retrieval-server.ts'
import { toyModels } from './support/toy-models.ts'
import { makeWorkspace, signIn } from './support/world.ts'

const password = 'correct horse 42'
const key = 'sk-external-abcdefgh12345678'
const PATIENCE = 1_000

let service: RetrievalServer
/** Where no server of ours may ask. */
let hidden: RetrievalServer
let { app, owner, api, newToken, newDataset, addText } = {} as Knowledge
let [session, member]: [Record<string, string>, Record<string, string>] = [{}, {}]
const lines: string[] = []
test.before(async () => {
  [service, hidden] = await Promise.all([retrievalServer(), retrievalServer()])
  const written = (fields: unknown, message?: string): void => { lines.push(`${JSON.stringify(fields)} ${String((fields as { err?: Error }).err?.stack)} ${message ?? ''}`) }
  const log = { debug: written, info: written, warn: written, error: written, child: () => log };
  ({ app, owner, api, newToken, newDataset, addText } = await knowledge({
    config: { plugins: { datasets: { externalMs: PATIENCE } }, adapters: { httpClient: { guarded: { allow: [new URL(service.url).host] } } } },
    fakes: { logger: log, modelProvider: new Map([['toy', toyModels(undefined, true)]]) },
  }))
  const port = app.resolve(accounts)
  const { accountId } = await port.createAccount({ email: 'member@example.org', name: 'Member', password })
  await port.setRole(owner.workspaceId, accountId, 'editor')
  session = await signIn(app, { email: 'ann@example.org', password })
  member = await signIn(app, { email: 'member@example.org', password })
})
test.after.always(() => Promise.all([app.close(), service.close(), hidden.close()]))
test.beforeEach(() => {
  service.asked.length = 0
  service.says = { body: { records: [] } }
})

const say = async (method: string, path: string, json?: object, headers = session): Promise<Answer> => {
  const response = await app.fetch(`/console/api${path}`, { method, headers, ...json ? { json } : {} })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers }
}
const place = '/datasets/external-knowledge-api'
const settings = (more: object = {}) => ({ endpoint: service.url, api_key: key, ...more })
let made = 0
const newApi = async (more: object = {}): Promise<{ id: string; name: string }> => (await say('POST', place, { name: `service ${made += 1}`, settings: settings(more) })).body
const newExternal = async (apiId: string, more: object = {}): Promise<{ id: string; name: string }> =>
  (await api.send('POST', '/v1/datasets', { name: `external ${made += 1}`, provider: 'external', external_knowledge_api_id: apiId, external_knowledge_id: 'shelf-7', ...more })).body
const records = [
  { content: 'The heron waits.', score: 0.4, title: 'birds.md', metadata: { path: 's3://shelf/birds.md', page: 3 } },
  { content: 'The fox sleeps.', score: 1.7, title: 'foxes.md', metadata: null },
  { content: 'The owl hunts.\0', score: 0.9, title: null, extra: 1 },
  { content: '  ', score: 0.8 }, { content: null, score: 0.8, title: 'none' }, { content: 'The crow calls.', title: 'crows', score: -3 },
]
const model = { search_method: 'semantic_search', reranking_enable: false, top_k: 5, score_threshold_enabled: false }

test.serial('a service is entered, shown without its key, changed, and forgotten once nobody asks it', async (t) => {
  const created = await say('POST', place, { name: ' Shelf ', description: 'Books', settings: settings({ endpoint: `${service.url}/v1//` }) })
  t.is(created.status, 201, JSON.stringify(created.body))
  const { id } = created.body
  t.like(created.body, {
    tenant_id: owner.workspaceId, name: 'Shelf', description: 'Books', settings: { endpoint: `${service.url}/v1`, api_key: '[__HIDDEN__]' }, dataset_bindings: [], created_by: owner.accountId,
  })
  t.deepEqual((await say('GET', `${place}/${id as string}`)).body, created.body)
  const [row] = await app.resolve(database).query<{ sealed: string }>('SELECT * FROM external_knowledge_apis WHERE id = $1', [id])
  t.false(JSON.stringify(row).includes(key))
  t.is(service.asked.length, 0, 'nobody is asked before somebody searches')
  t.like((await say('GET', `${place}?keyword=SHEL&limit=1`)).body, { total: 1, has_more: false, limit: 1, page: 1, data: [{ id }] })
  t.like((await say('GET', `${place}?keyword=nothing`)).body, { total: 0, data: [] })

  const change = (json: object, headers?: Record<string, string>) => say('PATCH', `${place}/${id as string}`, json, headers)
  t.like(await change({ name: 'Shelves', description: null, settings: { endpoint: `${service.url}/v1`, api_key: '[__HIDDEN__]' } }), { status: 200, body: { name: 'Shelves', description: 'Books' } })
  t.like(await change({ settings: { endpoint: service.url, api_key: '[__HIDDEN__]' } }), { status: 400, body: { code: 'secret_needed' } })
  t.like(await change({ settings: { endpoint: service.url } }), { status: 400, body: { code: 'secret_needed' } })
  t.like(await change({ settings: { endpoint: service.url, api_key: key } }), { status: 200, body: { settings: { endpoint: service.url } } })
  t.like(await say('POST', place, { name: 'x', settings: { endpoint: service.url, api_key: '[__HIDDEN__]' } }), { status: 400, body: { code: 'secret_needed' } })

  for (const endpoint of [
    'ftp://a.example', 'nonsense', '', 'https://user:secret@a.example', 'https://a.example/?code=1', 'https://a.example/#x', 'https://a.example/?', `${service.url}/retrieval`,
    hidden.url, 'http://169.254.169.254/latest', 'http://127.1/', `http://[::ffff:127.0.0.1]:${new URL(hidden.url).port}`, 7, null,
  ]) {
    for (const answer of [await say('POST', place, { name: 'x', settings: settings({ endpoint }) }), await change({ settings: settings({ endpoint }) })]) {
      t.like(answer, { status: 400, body: { code: 'invalid_param', params: 'settings.endpoint' } }, String(endpoint))
      t.notRegex(JSON.stringify(answer.body), /secret|sk-external/)
    }
  }
  for (const api_key of ['', 'two words', 'x\ny', 'ключ', 7]) {
    const answer = await say('POST', place, { name: 'x', settings: settings({ api_key }) })
    t.like(answer, { status: 400, body: { params: 'settings.api_key' } })
    t.false(JSON.stringify(answer.body).includes('two words'))
  }
  for (const name of ['', ' ', 'x'.repeat(101), 'a\0', null]) t.like(await say('POST', place, { name, settings: settings() }), { status: 400, body: { params: 'name' } })
  t.is((await say('POST', place, { name: 'x' })).body.params, 'settings')

  const dataset = await newExternal(id)
  const secret = await say('POST', '/datasets/external', { name: 'of a member', external_knowledge_api_id: id, external_knowledge_id: 'x' }, member)
  t.is(secret.status, 201, JSON.stringify(secret.body))
  t.deepEqual((await say('GET', `${place}/${id as string}/use-check`)).body, { is_using: true, count: 2 })
  t.deepEqual((await say('GET', `${place}/${id as string}`)).body.dataset_bindings, [{ id: dataset.id, name: dataset.name }, { id: secret.body.id, name: 'of a member' }].sort((a, b) => a.name < b.name ? -1 : 1))
  t.deepEqual((await say('GET', place, undefined, member)).body.data.find((one: { id: string }) => one.id === id).dataset_bindings, [{ id: secret.body.id, name: 'of a member' }])
  const inUse = await say('DELETE', `${place}/${id as string}`)
  t.like(inUse, { status: 409, body: { code: 'external_knowledge_api_in_use' } })
  t.true(inUse.body.message.includes(`"${dataset.name}", "of a member"`), inUse.body.message)

  for (const [method, path, json] of [['POST', place, { name: 'x', settings: settings() }], ['PATCH', `${place}/${id as string}`, {}], ['DELETE', `${place}/${id as string}`]] as const) {
    t.is((await say(method, path, json, member)).status, 403, method)
  }
  for (const one of [dataset.id, secret.body.id as string]) t.is((await say('DELETE', `/datasets/${one}`)).status, 204)
  t.deepEqual((await say('GET', `${place}/${id as string}/use-check`)).body, { is_using: false, count: 0 })
  t.is((await say('DELETE', `${place}/${id as string}`)).status, 204)
  for (const [method, more] of [['GET', ''], ['PATCH', ''], ['DELETE', ''], ['GET', '/use-check']] as const) {
    for (const unknown of [id as string, randomUUID()]) t.is((await say(method, `${place}/${unknown}${more}`, method === 'PATCH' ? {} : undefined)).status, 404)
  }
  t.deepEqual((await say('GET', '/workspaces/current/audit-logs?limit=100')).body.data.map(({ action }: { action: string }) => action).filter((action: string) => action.startsWith('external')),
    ['deleted', 'changed', 'changed', 'created'].map((what) => `external-knowledge-api.${what}`))
})

test.serial('a dataset stands for what a service knows, and says so', async (t) => {
  const [first, second] = [await newApi(), await newApi()]
  const { status, body: dataset } = await api.send('POST', '/v1/datasets', {
    name: 'Outside', provider: 'external', external_knowledge_api_id: first.id.toUpperCase(), external_knowledge_id: 'shelf 7', indexing_technique: 'high_quality', description: 'Far away',
  })
  t.is(status, 200, JSON.stringify(dataset))
  const info = (of: { id: string; name: string }, id: string) =>
    ({ external_knowledge_id: id, external_knowledge_api_id: of.id, external_knowledge_api_name: of.name, external_knowledge_api_endpoint: service.url })
  t.like(dataset, { provider: 'external', description: 'Far away', indexing_technique: null, embedding_model: null, embedding_available: true, document_count: 0 })
  t.deepEqual([dataset.external_knowledge_info, dataset.external_retrieval_model], [info(first, 'shelf 7'), { top_k: 2, score_threshold: 0, score_threshold_enabled: false }])
  const at = `/v1/datasets/${dataset.id as string}`
  t.deepEqual((await api.send('GET', at)).body, dataset)
  t.deepEqual((await api.send('GET', '/v1/datasets')).body.data.find(({ id }: { id: string }) => id === dataset.id).external_knowledge_info, info(first, 'shelf 7'))

  const changed = await api.send('PATCH', at, { external_knowledge_id: 'shelf 8', external_retrieval_model: { top_k: 3, score_threshold: 0.5, score_threshold_enabled: true }, indexing_technique: 'economy' })
  t.is(changed.status, 200, JSON.stringify(changed.body))
  t.deepEqual([changed.body.external_knowledge_info, changed.body.external_retrieval_model, changed.body.indexing_technique],
    [info(first, 'shelf 8'), { top_k: 3, score_threshold: 0.5, score_threshold_enabled: true }, null])
  const moved = await api.send('PATCH', at, { external_knowledge_api_id: second.id, external_retrieval_model: { top_k: 4 }, external_knowledge_id: '' })
  t.deepEqual([moved.body.external_knowledge_info, moved.body.external_retrieval_model], [info(second, 'shelf 8'), { top_k: 4, score_threshold: 0.5, score_threshold_enabled: true }])

  const [theirs] = await app.resolve(database).query<{ id: string }>(
    `INSERT INTO external_knowledge_apis (id, workspace_id, name, description, endpoint, sealed, created_by, created_at, updated_by, updated_at)
     SELECT gen_random_uuid(), gen_random_uuid(), name, description, endpoint, sealed, created_by, now(), created_by, now() FROM external_knowledge_apis WHERE id = $1 RETURNING id`, [first.id])
  const refusals: [object, string][] = [
    [{ external_knowledge_api_id: randomUUID() }, 'external_knowledge_api_id'], [{ external_knowledge_api_id: theirs?.id }, 'external_knowledge_api_id'], [{ external_knowledge_api_id: 'nonsense' }, 'external_knowledge_api_id'],
    [{ external_knowledge_api_id: null }, 'external_knowledge_api_id'], [{ external_knowledge_id: null }, 'external_knowledge_id'], [{ external_knowledge_id: '' }, 'external_knowledge_id'],
    [{ external_knowledge_id: 'a\0b' }, 'external_knowledge_id'], [{ external_retrieval_model: { top_k: 0 } }, 'external_retrieval_model.top_k'],
  ]
  for (const [more, params] of refusals) {
    const answer = await api.send('POST', '/v1/datasets', { name: 'Refused', provider: 'external', external_knowledge_api_id: first.id, external_knowledge_id: 'x', ...more })
    t.like(answer, { status: 400, body: { code: 'invalid_param', params } }, JSON.stringify(more))
    if ('external_knowledge_api_id' in more && more.external_knowledge_api_id) t.regex(answer.body.message, /^External API template not found\./)
  }
  t.like(await api.send('PATCH', at, { external_knowledge_api_id: theirs?.id }), { status: 400, body: { params: 'external_knowledge_api_id' } })
  t.is((await api.send('GET', '/v1/datasets?keyword=Refused')).body.total, 0)
  t.like(await say('POST', '/datasets/external', { name: 'Outside', external_knowledge_api_id: first.id, external_knowledge_id: 'x' }), { status: 409, body: { code: 'dataset_name_duplicate' } })

  for (const answer of [
    await addText(dataset, 'a', 'b'), await api.upload(`${at}/document/create-by-file`, { name: 'a.txt', content: 'b' }, { indexing_technique: 'economy', process_rule: { mode: 'automatic' } }),
  ]) {
    t.like(answer, { status: 400, body: { code: 'invalid_param' } })
    t.regex(answer.body.message, /takes no documents/)
  }
  const inside = await newDataset()
  t.like((await api.send('PATCH', `/v1/datasets/${inside.id as string}`, { external_knowledge_api_id: first.id, external_knowledge_id: 'x' })).body, { external_knowledge_info: null, external_retrieval_model: null })
})

test.serial('a search goes to the service with its key, and what it finds comes back in every form', async (t) => {
  const dataset = await newExternal((await newApi({ endpoint: `${service.url}/deep/` })).id)
  service.says = { body: { records, more: 'fields' } }
  const retrieve = (body: object) => api.send('POST', `/v1/datasets/${dataset.id}/retrieve`, { query: 'heron', ...body })
  const answer = await retrieve({ external_retrieval_model: { top_k: 5 } })
  t.is(answer.status, 200, JSON.stringify(answer.body))
  t.like(service.asked[0], { path: '/deep/retrieval', body: { knowledge_id: 'shelf-7', query: 'heron', retrieval_setting: { top_k: 5, score_threshold: 0 } } })
  t.false('metadata_condition' in service.asked[0]?.body)
  t.is(service.asked[0]?.headers.authorization, `Bearer ${key}`)
  const found = answer.body.records
  t.deepEqual(found.map((one: any) => [one.segment.content, one.score, one.segment.document.name, one.segment.document.doc_metadata]), [
    ['The fox sleeps.', 1, 'foxes.md', {}], ['The owl hunts.', 0.9, '', {}], ['The heron waits.', 0.4, 'birds.md', { path: 's3://shelf/birds.md', page: 3 }], ['The crow calls.', 0, 'crows', {}],
  ])
  t.like(found[0], { child_chunks: [], segment: { position: 1, word_count: 15, enabled: true, document: { data_source_type: 'external' } } })
  const again = await api.send('POST', `/v1/datasets/${dataset.id}/hit-testing`, { query: 'heron', retrieval_model: model })
  t.deepEqual(again.body.records, found, 'the same passage has the same id, also by the older address')

  t.is((await retrieve({})).body.records.length, 2, 'as many as the dataset says')
  const filter = { logical_operator: 'or', conditions: [{ name: 'year', comparison_operator: '>', value: 2000 }, { name: 'author', comparison_operator: 'empty' }] }
  const strict = await retrieve({ retrieval_model: { ...model, metadata_filtering_conditions: filter }, external_retrieval_model: { top_k: 9, score_threshold: 0.5, score_threshold_enabled: true } })
  t.deepEqual(service.asked.at(-1)?.body, { knowledge_id: 'shelf-7', query: 'heron', retrieval_setting: { top_k: 9, score_threshold: 0.5 }, metadata_condition: filter })
  t.deepEqual(strict.body.records.map(({ score }: { score: number }) => score), [1, 0.9], 'a service that heeds no threshold is held to it')
  const reranked = await retrieve({ retrieval_model: { ...model, reranking_enable: true, reranking_model: { reranking_provider_name: 'toy', reranking_model_name: 'cosines' }, score_threshold_enabled: true, score_threshold: 0.3 } })
  t.is(service.asked.at(-1)?.body.retrieval_setting.score_threshold, 0)
  t.deepEqual(reranked.body.records.map((one: any) => one.segment.content), ['The heron waits.'])

  const tested = await say('POST', `/datasets/${dataset.id}/external-hit-testing`, { query: 'heron', external_retrieval_model: { top_k: 3 }, metadata_filtering_conditions: filter })
  t.deepEqual(tested.body, { query: { content: 'heron' }, records: [
    { content: 'The fox sleeps.', score: 1, title: 'foxes.md', metadata: {} }, { content: 'The owl hunts.', score: 0.9, title: '', metadata: {} },
    { content: 'The heron waits.', score: 0.4, title: 'birds.md', metadata: { path: 's3://shelf/birds.md', page: 3 } },
  ] })
  t.deepEqual(service.asked.at(-1)?.body.metadata_condition, filter)
  const inside = await newDataset()
  t.like(await say('POST', `/datasets/${inside.id as string}/external-hit-testing`, { query: 'heron' }), { status: 400, body: { params: 'dataset_id' } })
  t.is((await say('POST', `/datasets/${dataset.id}/external-hit-testing`, { query: 'heron' }, member)).status, 403)
  t.is((await say('POST', `/datasets/${randomUUID()}/external-hit-testing`, { query: 'heron' })).status, 404)
})

test.serial('a service that fails is told of in words of ours', async (t) => {
  const entered = await newApi()
  const dataset = await newExternal(entered.id)
  const internal = 'internal-host.corp'
  const quoted = { headers: { 'x-quoted': key }, body: { error_msg: `${internal} 10.1.2.3 ${key}` } }
  const failures: [Says, RegExp][] = [
    [{ ...quoted, status: 401 }, /refuses the key \(401\)/], [{ ...quoted, status: 404 }, /answers 404/], [{ ...quoted, status: 500 }, /not able to answer now \(500\)/], [{ ...quoted, status: 400 }, /does not take the question \(400\)/],
    [{ ...quoted, status: 201 }, /does not take the question \(201\)/], [{ status: 302, headers: { location: `${hidden.url}/retrieval` } }, /may not be asked/], [{ status: 307, headers: { location: `http://${internal}/` } }, /could not be asked|within/],
    [{ body: `<p>${internal}</p>` }, /look at the whole/], [{ body: [] }, /look at the whole/], [{ body: {} }, /look at records/], [{ body: { records: null } }, /look at records/],
    [{ body: { records: [{ content: 'a', score: internal }] } }, /look at records\.0\.score/], [{ body: { records: [{ content: 'a', score: 1, metadata: [internal] }] } }, /look at records\.0\.metadata/],
    [{ body: { records: [{ content: 7, score: 1 }] } }, /look at records\.0\.content/], [{ body: '{"records":[{"content":"a","score":1e999}]}' }, /look at records\.0\.score/],
    [{ body: `{"records":[{"content":"a","score":1,"metadata":${'{"a":'.repeat(60_000)}1${'}'.repeat(60_000)}}]}` }, /look at/],
    [{ body: `"${'x'.repeat(9 * 1024 * 1024)}"` }, /could not be asked|within/], ['silence', /within 1000 ms/], ['drops', /within 1000 ms/],
  ]
  for (const [says, words] of failures) {
    service.says = says
    const started = Date.now()
    const answer = await api.send('POST', `/v1/datasets/${dataset.id}/retrieve`, { query: 'heron' })
    t.like(answer, { status: 400, body: { code: 'completion_request_error', status: 400 } }, words.source)
    t.regex(answer.body.message, words)
    t.true(answer.body.message.includes(`"${entered.name}"`))
    t.notRegex(JSON.stringify(answer.body), /127\.0\.0\.1|corp|10\.1|sk-external/)
    t.true(Date.now() - started < PATIENCE + 3_000)
  }
  t.is(hidden.asked.length, 0)
  await app.resolve(database).query('UPDATE external_knowledge_apis SET sealed = $2 WHERE id = $1', [entered.id, 'broken'])
  const answer = await api.send('POST', `/v1/datasets/${dataset.id}/retrieve`, { query: 'heron' })
  t.like(answer, { status: 400, body: { code: 'completion_request_error' } })
  t.regex(answer.body.message, /cannot read/)
  t.deepEqual(lines.filter((line) => line.includes(key)), [], 'the key is in no line of the log')
})

test.serial('a search over many datasets mixes what is inside and outside, and loses nothing unseen', async (t) => {
  const [near, far, other] = [await newDataset(), await newExternal((await newApi()).id), await newExternal((await newApi()).id)]
  await api.indexed(near.id as string, (await addText(near, 'near.txt', 'The heron stands near.')).body.batch as string)
  const find = async (ids: string[], more: Partial<RetrievalSettings> = {}) => (await app.resolve(datasets).retrieve(owner.workspaceId, ids, 'heron', { method: 'full_text_search', topK: 10, ...more }))
  service.says = { body: { records: records.slice(0, 2) } }
  const ids = [near.id as string, far.id]
  const found = await find(ids)
  t.deepEqual(found.map(({ content }) => content).sort(), ['The fox sleeps.', 'The heron stands near.', 'The heron waits.'])
  t.deepEqual(found.map(({ score }) => score), found.map(({ score }) => score).toSorted((a, b) => b - a))
  t.like(found[0], { datasetId: far.id, documentName: 'foxes.md', score: 1, answer: null, children: [] })
  t.is((await find(ids, { topK: 2 })).length, 2)
  t.deepEqual((await find(ids, { rerank: { provider: 'toy', model: 'cosines' } })).map(({ content }) => content)[2], 'The fox sleeps.', 'a model that scores anew makes them comparable')
  t.is(new Set((await find([far.id, other.id])).map(({ segmentId }) => segmentId)).size, 4)

  service.says = { status: 500 }
  await t.throwsAsync(find(ids), { instanceOf: HttpError, message: /not able to answer/ })
  const told: [string, string][] = []
  const onUnanswered = (id: string, message: string): void => { told.push([id, message]) }
  t.deepEqual((await find([...ids, other.id], { onUnanswered })).map(({ content }) => content), ['The heron stands near.'])
  t.deepEqual(told.map(([id]) => id).sort(), [far.id, other.id].sort())
  t.regex(told[0]?.[1] ?? '', /not able to answer/)
  await t.throwsAsync(find([far.id, other.id], { onUnanswered }), { instanceOf: HttpError })
  await app.resolve(database).query('DELETE FROM external_knowledge_bindings WHERE dataset_id = $1', [far.id])
  await t.throwsAsync(find([far.id]), { message: /bound to no external knowledge API/ })
})

/** As Dify asks an external knowledge base: `{endpoint}/retrieval`, where the endpoint is this server up to and with `/v1`. */
const asDify = (token: string, body: object): Promise<Answer> => client(`${app.url}/v1`, token).send('POST', '/retrieval', body)

test.serial('others ask our knowledge bases in the same form, each as far as its key reaches', async (t) => {
  const [dataset, sibling, outside] = [await newDataset(), await newDataset(), await newExternal((await newApi()).id)]
  const text = 'The heron waits in the water.\n\nThe fox sleeps in its den.\n\nA heron flies.'
  const rule = { process_rule: { mode: 'custom', rules: { pre_processing_rules: [], segmentation: { separator: '\n\n', max_tokens: 50, chunk_overlap: 0 } } } }
  for (const one of [dataset, sibling]) await api.indexed(one.id as string, (await addText(one, 'animals.txt', text, rule)).body.batch as string)
  const [whole, bound] = [await newToken(), await newToken(dataset.id as string)]
  const question = (more: object = {}) => ({ knowledge_id: dataset.id as string, query: 'heron', retrieval_setting: { top_k: 5, score_threshold: 0 }, ...more })

  const answer = await asDify(whole, question({ metadata_condition: null, some_day: 'more' }))
  t.is(answer.status, 200, JSON.stringify(answer.body))
  t.deepEqual(Object.keys(answer.body), ['records'])
  t.deepEqual(answer.body.records.map(({ content }: { content: string }) => content).sort(), ['A heron flies.', 'The heron waits in the water.'])
  const [best] = answer.body.records
  t.deepEqual(Object.keys(best), ['content', 'score', 'title', 'metadata'])
  t.like(best, { title: 'animals.txt', metadata: { source: 'file_upload', path: 'animals.txt', document_name: 'animals.txt', dataset_id: dataset.id } })
  t.true(best.score > 0 && best.score <= 1 && [1, 3].includes(best.metadata.position as number) && typeof best.metadata.document_id === 'string')
  t.deepEqual((await asDify(bound, question())).body, answer.body)
  t.is((await asDify(bound, question({ retrieval_setting: { top_k: 1, score_threshold: 0 } }))).body.records.length, 1)
  t.deepEqual((await asDify(bound, question({ retrieval_setting: { top_k: 5, score_threshold: 1 } }))).body.records.filter(({ score }: { score: number }) => score < 1), [])
  t.deepEqual((await asDify(bound, question({ query: ' ' }))).body, { records: [] })
  t.is((await asDify(bound, question({ query: `heron ${'x'.repeat(5_000)}` }))).body.records.length, 2)
  const named = (value: string, name: unknown) => question({ metadata_condition: { logical_operator: 'and', conditions: [{ name, comparison_operator: 'is', value }] } })
  for (const name of ['document_name', ['document_name']]) {
    t.is((await asDify(bound, named('animals.txt', name))).body.records.length, 2)
    t.deepEqual((await asDify(bound, named('plants.txt', name))).body, { records: [] })
  }
  t.true((await say('GET', `/datasets/${dataset.id as string}/queries`)).body.total >= 1)

  const refused = async (t: ExecutionContext, token: string, body: object, status: number, params?: string): Promise<void> => {
    const { body: said, ...answer } = await asDify(token, body)
    t.deepEqual([answer.status, said.status, said.params, typeof said.message], [status, status, params, 'string'], JSON.stringify([body, said]))
  }
  for (const id of [sibling.id as string, outside.id, randomUUID()]) await refused(t, bound, question({ knowledge_id: id }), 403)
  await refused(t, whole, question({ knowledge_id: randomUUID() }), 404)
  await refused(t, whole, question({ knowledge_id: outside.id }), 400, 'knowledge_id')
  await refused(t, 'dataset-nonsense', question(), 401)
  const theirs = await makeWorkspace(app, 'theirs')
  await refused(t, whole, question({ knowledge_id: theirs.datasetIds[0] }), 404)
  await refused(t, theirs.workspaceKey, question(), 404)
  await refused(t, theirs.boundKey, question(), 403)
  t.is((await asDify(theirs.boundKey, { ...question({ query: 'canary' }), knowledge_id: theirs.datasetIds[0] })).body.records.length, 1)
  const bad: [object, string][] = [
    [{ knowledge_id: 'nonsense' }, 'knowledge_id'], [{ query: undefined }, 'query'], [{ query: 'a\0' }, 'query'], [{ query: 'x'.repeat(10_001) }, 'query'], [{ retrieval_setting: undefined }, 'retrieval_setting'],
    [{ retrieval_setting: { top_k: 0 } }, 'retrieval_setting.top_k'], [{ metadata_condition: { conditions: [{ name: ['a', 'b'], comparison_operator: 'is', value: 'x' }] } }, 'metadata_condition.conditions.0.name'],
    [{ metadata_condition: { conditions: [{ name: 'a', comparison_operator: 'like', value: 'x' }] } }, 'metadata_condition.conditions.0.comparison_operator'],
  ]
  for (const [more, params] of bad) await refused(t, whole, question(more), 400, params)
  await app.resolve(database).query('UPDATE datasets SET enable_api = false WHERE id = $1', [dataset.id])
  await refused(t, whole, question(), 403)

  // What is taken away is found no more.
  const [document] = (await api.send('GET', `/v1/datasets/${sibling.id as string}/documents`)).body.data
  await app.resolve(database).query('UPDATE documents SET enabled = false WHERE id = $1', [document.id])
  t.deepEqual((await asDify(whole, question({ knowledge_id: sibling.id }))).body, { records: [] })
})
