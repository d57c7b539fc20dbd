/** Knowledge bases over the wire: their whole life, the edges, the search, and what is refused. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import { database } from '../core/index.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import { client } from './support/client.ts'
import type { Answer } from './support/client.ts'
import { bySeparator, knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { toyModels } from './support/toy-models.ts'

let { app, owner, api, newToken, newDataset, addText } = {} as Knowledge
/** What happens before the model answers. */
let before = async (): Promise<unknown> => undefined
test.before(async () => {
  ({ app, owner, api, newToken, newDataset, addText } = await knowledge({ fakes: { modelProvider: new Map([['toy', toyModels(async () => { await before() })]]) } }))
})
test.after.always(() => app.close())

test.serial('a dataset is made, read, changed, listed and deleted', async (t) => {
  const { status, body: dataset } = await api.send('POST', '/v1/datasets', { name: '  Handbook 📗 ', description: 'For all', indexing_technique: 'high_quality' })
  t.is(status, 200)
  t.like(dataset, {
    name: 'Handbook 📗', description: 'For all', provider: 'vendor', permission: 'only_me', data_source_type: null, indexing_technique: 'high_quality',
    app_count: 0, document_count: 0, word_count: 0, created_by: owner.accountId, author_name: 'Ann', updated_by: owner.accountId,
    embedding_model_provider: 'toy', embedding_model: 'words', embedding_available: true, tags: [], doc_form: null, external_knowledge_info: null,
    built_in_field_enabled: false, enable_api: true, is_multimodal: false, total_documents: 0, total_available_documents: 0, doc_metadata: [], summary_index_setting: null,
  })
  t.deepEqual(dataset.retrieval_model_dict, {
    search_method: 'semantic_search', reranking_enable: false, reranking_mode: null, reranking_model: { reranking_provider_name: '', reranking_model_name: '' },
    weights: null, top_k: 2, score_threshold_enabled: false, score_threshold: null,
  })
  t.true(Math.abs(dataset.created_at - Date.now() / 1000) < 60)
  const at = `/v1/datasets/${dataset.id as string}`
  t.deepEqual((await api.send('GET', at)).body, dataset)
  t.deepEqual((await api.send('GET', at.toUpperCase().replace('/V1/DATASETS', '/v1/datasets'))).body, dataset)

  const changed = await api.send('PATCH', at, {
    name: 'Manual', description: null, permission: 'all_team_members', retrieval_model: { search_method: 'full_text_search', reranking_enable: false, top_k: 7, score_threshold_enabled: true, score_threshold: 0.2 },
  })
  t.is(changed.status, 200)
  t.like(changed.body, { id: dataset.id, name: 'Manual', description: '', permission: 'all_team_members', partial_member_list: [], embedding_model: 'words' })
  t.like(changed.body.retrieval_model_dict, { search_method: 'full_text_search', top_k: 7, score_threshold_enabled: true, score_threshold: 0.2, weights: null })
  t.like((await api.send('PATCH', at, { name: null, permission: null })).body, { name: 'Manual', permission: 'all_team_members' })
  const friend = randomUUID()
  t.deepEqual((await api.send('PATCH', at, { permission: 'partial_members', partial_member_list: [{ user_id: friend }, { user_id: friend.toUpperCase() }] })).body.partial_member_list, [friend])
  t.deepEqual((await api.send('GET', at)).body.partial_member_list, [friend])
  t.deepEqual((await api.send('PATCH', at, { permission: 'partial_members' })).body.partial_member_list, [friend])
  t.deepEqual((await api.send('PATCH', at, { permission: 'only_me' })).body.partial_member_list, [])
  const asElsewhere = { embedding_model_provider: 'langgenius/toy/toy', embedding_model: 'words' }
  t.like((await api.send('PATCH', at, asElsewhere)).body, { ...asElsewhere, embedding_available: true }, 'a provider may be written as clients of other servers do')
  t.false('partial_member_list' in (await api.send('GET', at)).body)

  const { body: page } = await api.send('GET', '/v1/datasets?keyword=MANU&limit=5')
  t.like(page, { total: 1, has_more: false, limit: 5, page: 1 })
  t.is(page.data[0].id, dataset.id)
  const gone = await api.send('DELETE', at)
  t.is(gone.status, 204)
  t.is(gone.body, undefined)
  for (const method of ['GET', 'DELETE']) t.like(await api.send(method, at), { status: 404, body: { code: 'not_found', message: 'Dataset not found.', status: 404 } })
})

test.serial('a name is unique in its workspace, also when many ask at once', async (t) => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.send('POST', '/v1/datasets', { name: 'only one' })))
  t.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409, 409, 409, 409])
  t.like(answers.find(({ status }) => status === 409)?.body, { code: 'dataset_name_duplicate', status: 409 })
  const other = await newDataset()
  t.like(await api.send('PATCH', `/v1/datasets/${other.id as string}`, { name: 'only one' }), { status: 400, body: { code: 'invalid_param', params: 'name' } })
  t.like(await api.send('PATCH', `/v1/datasets/${other.id as string}`, { name: other.name }), { status: 200 })
  t.is((await api.send('POST', '/v1/datasets', { name: 'Only One' })).status, 200)
})

test.serial('what a dataset cannot be is refused with the field that is to blame', async (t) => {
  const refused = async (body: object, params: string | undefined, words = /./): Promise<void> => {
    const answer = await api.send('POST', '/v1/datasets', { name: `refused ${randomUUID()}`.slice(0, 40), ...body })
    t.like(answer, { status: 400, body: { code: 'invalid_param', status: 400 } }, JSON.stringify(body))
    t.is(answer.body.params, params)
    t.regex(answer.body.message, words)
  }
  await refused({ name: undefined }, 'name')
  for (const name of ['', '   ', 'x'.repeat(41), '📗'.repeat(41), 'a\0b', 7, null]) await refused({ name }, 'name')
  await refused({ description: 'x'.repeat(401) }, 'description')
  for (const field of ['id', 'workspace_id', 'created_by', 'enable_api']) await refused({ [field]: randomUUID() }, field)
  await refused({ indexing_technique: 'cheap' }, 'indexing_technique')
  await refused({ provider: 'external' }, 'external_knowledge_api_id')
  await refused({ summary_index_setting: { enable: true } }, 'summary_index_setting')
  await refused({ embedding_model: 'words' }, undefined, /together/)
  await refused({ embedding_model: 'nonsense', embedding_model_provider: 'toy' }, undefined, /toy\/words/)
  await refused({ retrieval_model: { search_method: 'semantic_search', reranking_enable: false, score_threshold_enabled: false } }, 'retrieval_model.top_k')
  await refused({ retrieval_model: { search_method: 'semantic_search', reranking_enable: true, reranking_model: { reranking_provider_name: 'toy', reranking_model_name: 'x' }, top_k: 3, score_threshold_enabled: false } }, undefined, /reranking/)
  t.is((await api.send('POST', '/v1/datasets', { name: '📗'.repeat(40) })).status, 200)
  t.like(await api.send('GET', '/v1/datasets/7'), { status: 404, body: { code: 'not_found' } })
})

test.serial('lists have pages whose edges are told right', async (t) => {
  const name = `paged ${randomUUID()}`
  for (let n = 0; n < 5; n += 1) await api.send('POST', '/v1/datasets', { name: `${name.slice(0, 30)} ${n}` })
  const read = async (query: string): Promise<any> => (await api.send('GET', `/v1/datasets?keyword=${encodeURIComponent(name.slice(0, 30))}&${query}`)).body
  const names = (page: any): string[] => page.data.map((one: any) => one.name.slice(-1))
  t.deepEqual(names(await read('limit=5')), ['4', '3', '2', '1', '0'])
  t.like(await read('limit=5'), { has_more: false, total: 5 })
  t.like(await read('limit=4'), { has_more: true })
  const last = await read('limit=2&page=3')
  t.deepEqual([names(last), last.has_more, last.page], [['0'], false, 3])
  t.deepEqual(await read('page=4&limit=2'), { data: [], has_more: false, limit: 2, total: 5, page: 4 })
  t.like(await read('limit=1000'), { limit: 100, page: 1 })
  t.like(await read('limit=0&page=-1'), { limit: 20, page: 1 })
  t.is((await api.send('GET', '/v1/datasets?limit=many')).body.params, 'limit')
  t.is((await api.send('GET', '/v1/datasets?keyword=100%25_')).body.total, 0)

  // What another account keeps to itself is listed only on request.
  const hidden = await newDataset()
  await app.resolve(database).query('UPDATE datasets SET created_by = $2 WHERE id = $1', [hidden.id, randomUUID()])
  const has = async (query: string): Promise<boolean> => (await api.send('GET', `/v1/datasets?limit=100&${query}`)).body.data.some((one: any) => one.id === hidden.id)
  t.deepEqual([await has(''), await has('include_all=true')], [false, true])
  await api.send('PATCH', `/v1/datasets/${hidden.id as string}`, { permission: 'partial_members', partial_member_list: [{ user_id: owner.accountId }] })
  t.true(await has(''))
})

test.serial('search answers in full, within the limits that are asked for', async (t) => {
  const dataset = await newDataset({ indexing_technique: 'high_quality' })
  const { body } = await addText(dataset, 'animals', 'The heron waits in the water.\nThe fox sleeps in the den.\nThe owl hunts in the night.', { process_rule: bySeparator('\n') })
  await api.indexed(dataset.id, body.batch)
  const ask = (query: string, model: object = {}, path = 'retrieve'): Promise<Answer> => api.send('POST', `/v1/datasets/${dataset.id as string}/${path}`, {
    query, retrieval_model: { search_method: 'semantic_search', reranking_enable: false, top_k: 2, score_threshold_enabled: false, ...model },
  })
  const { status, body: answer } = await ask('where does the heron wait in the water')
  t.is(status, 200)
  t.deepEqual(answer.query, { content: 'where does the heron wait in the water' })
  t.is(answer.records.length, 2)
  const [best, next] = answer.records
  t.like(best, { child_chunks: [], tsne_position: null, files: [], summary: null })
  t.like(best.segment, { content: 'The heron waits in the water.', position: 1, document_id: body.document.id, enabled: true, status: 'completed', answer: '' })
  t.deepEqual(best.segment.document, { id: body.document.id, data_source_type: 'upload_file', name: 'animals', doc_type: null, doc_metadata: null })
  t.true(best.score <= 1 && best.score > next.score && next.score >= 0)
  for (const search_method of ['full_text_search', 'keyword_search', 'hybrid_search']) t.is((await ask('owl night', { search_method })).body.records[0].segment.position, 3, search_method)
  const strict = await ask('owl hunts night', { score_threshold_enabled: true, score_threshold: 0.5 })
  t.true(strict.body.records.length >= 1 && strict.body.records.every((one: any) => one.score >= 0.5))
  t.is((await ask('owl', {}, 'hit-testing')).status, 200)
  t.like((await api.send('POST', `/v1/datasets/${dataset.id as string}/retrieve`, { query: 'fox' })).body.query, { content: 'fox' })
  const asked = await app.resolve(database).query('SELECT content, source, created_by FROM dataset_queries WHERE dataset_id = $1 ORDER BY created_at', [dataset.id])
  t.deepEqual(asked[0], { content: 'where does the heron wait in the water', source: 'hit_testing', created_by: owner.accountId })

  t.is((await ask('🦊'.repeat(250))).status, 200)
  for (const query of ['🦊'.repeat(251), '', ' ', 'a\0']) t.like(await ask(query), { status: 400, body: { code: 'invalid_param', params: 'query' } })
  t.is((await ask('fox', { top_k: 0 })).status, 400)
  t.is((await ask('fox', { metadata_filtering_conditions: { logical_operator: 'and', conditions: [] } })).status, 200)
  const condition = { name: 'year', comparison_operator: 'like', value: 1 }
  t.deepEqual((await ask('fox', { metadata_filtering_conditions: { conditions: [{ ...condition, comparison_operator: '=' }] } })).body.records, [])
  t.is((await ask('fox', { metadata_filtering_conditions: { conditions: [condition] } })).status, 400)
  t.is((await ask('fox', { search_method: 'hybrid_search', weights: { vector_setting: { vector_weight: 0 }, keyword_setting: { keyword_weight: 0 } } })).body.params, 'retrieval_model.weights')
  t.deepEqual((await api.send('POST', `/v1/datasets/${(await newDataset({})).id as string}/retrieve`, { query: 'fox' })).body.records, [])

  // What no search could use is refused when it is made a setting.
  const model = { search_method: 'hybrid_search', reranking_enable: false, top_k: 2, score_threshold_enabled: false }
  for (const wrong of [{ metadata_filtering_conditions: { conditions: [condition] } }, { weights: { vector_setting: { vector_weight: 0 }, keyword_setting: { keyword_weight: 0 } } }]) {
    t.is((await api.send('PATCH', `/v1/datasets/${dataset.id as string}`, { retrieval_model: { ...model, ...wrong } })).status, 400)
  }

  // Without vectors every method goes by words.
  const economy = await newDataset()
  await api.indexed(economy.id, (await addText(economy, 'a', 'The heron waits.')).body.batch)
  t.is((await api.send('GET', `/v1/datasets/${economy.id as string}`)).body.retrieval_model_dict.search_method, 'keyword_search')
  t.is((await api.send('POST', `/v1/datasets/${economy.id as string}/retrieve`, { query: 'heron' })).body.records.length, 1)
})

test.serial('another technique or model indexes everything anew', async (t) => {
  const dataset = await newDataset()
  const at = `/v1/datasets/${dataset.id as string}`
  await api.indexed(dataset.id, (await addText(dataset, 'a', 'The heron waits.')).body.batch)
  const vectors = async (): Promise<number> => (await app.resolve(database).query('SELECT 1 FROM vector_index_segments WHERE dataset_id = $1', [dataset.id])).length
  const finds = async (): Promise<number> => {
    await app.runJobs()
    return (await api.send('POST', `${at}/retrieve`, { query: 'heron' })).body.records.length
  }
  t.is(await vectors(), 0)
  t.like((await api.send('PATCH', at, { indexing_technique: 'high_quality' })).body, { indexing_technique: 'high_quality', embedding_model: 'words' })
  t.deepEqual([await finds(), await vectors()], [1, 1])
  t.like((await api.send('PATCH', at, { embedding_model: 'words-2', embedding_model_provider: 'toy' })).body, { embedding_model: 'words-2' })
  t.is(await finds(), 1)
  t.like((await api.send('PATCH', at, { indexing_technique: 'economy' })).body, { indexing_technique: 'economy', embedding_model: null })
  t.deepEqual([await finds(), await vectors()], [1, 0])
  t.like((await api.send('GET', at)).body, { document_count: 1, total_available_documents: 1 })
})

test.serial('a dataset that is deleted while it is searched is not found', async (t) => {
  const dataset = await newDataset({ indexing_technique: 'high_quality' })
  before = () => api.send('DELETE', `/v1/datasets/${dataset.id as string}`)
  const answer = await api.send('POST', `/v1/datasets/${dataset.id as string}/retrieve`, { query: 'heron' })
  before = async () => undefined
  t.like(answer, { status: 404, body: { code: 'not_found', message: 'Dataset not found.' } })
})

test.serial('a dataset that is closed to the API, or out of the reach of a key, answers 403', async (t) => {
  const [dataset, other] = [await newDataset(), await newDataset()]
  const bound = client(app.url, await newToken(dataset.id))
  t.is((await bound.send('GET', `/v1/datasets/${dataset.id as string}`)).status, 200)
  t.is((await bound.send('GET', `/v1/datasets/${other.id as string}`)).status, 403)
  t.is((await bound.send('POST', '/v1/datasets', { name: 'mine' })).status, 403)
  await app.resolve(database).query('UPDATE datasets SET enable_api = false WHERE id = $1', [dataset.id])
  for (const [method, path, body] of [['GET', ''], ['PATCH', '', {}], ['DELETE', ''], ['GET', '/documents'], ['POST', '/document/create-by-text', { name: 'a', text: 'b' }], ['POST', '/retrieve', { query: 'a' }]] as const) {
    t.like(await api.send(method, `/v1/datasets/${dataset.id as string}${path}`, body), { status: 403, body: { code: 'forbidden', message: 'Dataset api access is not enabled.' } })
  }
  const port = app.resolve(datasets)
  t.deepEqual(await port.existing(owner.workspaceId, [dataset.id, randomUUID()]), [dataset.id])
  t.deepEqual(await port.existing(randomUUID(), [dataset.id]), [])
  await t.throwsAsync(port.addTexts({ ...owner, workspaceId: randomUUID() }, dataset.id, [{ name: 'a', text: 'b' }]), { message: 'Dataset not found.' })
  const ids = await port.addTexts(owner, dataset.id, [{ name: 'a', text: 'The heron waits.' }, { name: 'a', text: 'The fox sleeps.' }])
  await app.runJobs()
  const [hit] = await port.retrieve(owner.workspaceId, [dataset.id], 'fox', { method: 'full_text_search', topK: 1 })
  t.like(hit, { documentId: ids[1], documentName: 'a', datasetId: dataset.id, content: 'The fox sleeps.' })
})

test.serial('datasets show their tags, and a list can be of those that bear one of some', async (t) => {
  const shelves = app.resolve(datasets)
  const [one, two, bare] = [await newDataset(), await newDataset(), await newDataset()]
  await shelves.tag(owner, one.id as string, ['hr', 'it'])
  await shelves.tag(owner, two.id as string, ['it'])
  const tagsOf = async (id: string): Promise<{ id: string; name: string; type: string }[]> => (await api.send('GET', `/v1/datasets/${id}`)).body.tags
  t.deepEqual((await tagsOf(one.id as string)).map(({ name, type }) => [name, type]), [['hr', 'knowledge'], ['it', 'knowledge']])
  t.deepEqual(await tagsOf(bare.id as string), [])
  const [hr, it] = (await tagsOf(one.id as string)).map(({ id }) => id)
  const listed = async (query: string, as = api): Promise<string[]> => {
    const { status, body } = await as.send('GET', `/v1/datasets?limit=100&${query}`)
    t.is(status, 200)
    t.is(body.total, body.data.length)
    return (body.data as { id: string }[]).map(({ id }) => id).sort()
  }
  t.deepEqual(await listed(`tag_ids=${hr ?? ''}`), [one.id])
  t.deepEqual(await listed(`tag_ids=${hr ?? ''}&tag_ids=${(it ?? '').toUpperCase()}`), [one.id, two.id].sort())
  t.deepEqual(await listed(`tag_ids=${randomUUID()}`), [])
  t.true((await listed('tag_ids=')).includes(bare.id as string), 'an empty one is none')
  t.is((await api.send('GET', '/v1/datasets?tag_ids=x')).status, 400)
  await api.send('DELETE', `/v1/datasets/${one.id as string}`)
  t.deepEqual(await listed(`tag_ids=${hr ?? ''}`), [])
  t.deepEqual(await app.resolve(database).query('SELECT 1 FROM dataset_tag_bindings WHERE dataset_id = $1', [one.id]), [])
})
