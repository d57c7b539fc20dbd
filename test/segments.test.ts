/** Segments and child chunks made, changed and deleted by hand: indexed before the answer is there, or nothing has changed. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import { database } from '../core/index.ts'
import type { EmbedRequest } from '../plugins/models/ports.ts'
import { knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { toyModels } from './support/toy-models.ts'
import { signIn } from './support/world.ts'

/** What was embedded, call by call; a test says what happens before each. */
let asked: EmbedRequest[] = []
let before: () => void | Promise<void> = () => undefined
let known: Knowledge
let headers: Record<string, string>
test.before(async () => {
  known = await knowledge({ fakes: { modelProvider: new Map([['toy', toyModels((request) => { asked.push(request); return before() })]]) } })
  headers = await signIn(known.app, { email: 'ann@example.org', password: 'correct horse 42' })
})
test.after.always(() => known.app.close())
test.beforeEach(() => { asked = []; before = () => undefined })

const rule = { mode: 'custom', rules: { pre_processing_rules: [], segmentation: { separator: '\n', max_tokens: 100, chunk_overlap: 0 } } }
const family = { mode: 'hierarchical', rules: { ...rule.rules, parent_mode: 'paragraph', segmentation: { separator: '\n\n', max_tokens: 500 }, subchunk_segmentation: { separator: '\n', max_tokens: 50 } } }
interface Made { readonly dataset: { readonly id: string }; readonly at: string; readonly id: string }
const newDocument = async (text: string, more: object = {}, into?: { id: string }): Promise<Made> => {
  const dataset = into ?? await known.newDataset({})
  const { body } = await known.addText(dataset, `paper ${randomUUID()}`, text, { indexing_technique: 'high_quality', process_rule: rule, ...more })
  await known.api.indexed(dataset.id, body.batch)
  asked = []
  return { dataset, id: body.document.id, at: `/v1/datasets/${dataset.id}/documents/${body.document.id as string}` }
}
const send = (method: string, path: string, body?: object) => known.api.send(method, path, body)
const found = async ({ dataset }: Made, query: string, search_method = 'semantic_search'): Promise<string[]> => {
  const retrieval_model = { search_method, reranking_enable: false, top_k: 5, score_threshold_enabled: true, score_threshold: search_method === 'semantic_search' ? 0.6 : 0.3 }
  const { status, body } = await send('POST', `/v1/datasets/${dataset.id}/retrieve`, { query, retrieval_model })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body.records.map((one: any) => one.segment.content)
}
const document = async ({ at }: Made): Promise<any> => (await send('GET', at)).body
const list = async ({ at }: Made, query = ''): Promise<any[]> => (await send('GET', `${at}/segments${query}`)).body.data
/** Rows of a document that has been touched, with what the indexes have of it. */
const left = async ({ id }: Made): Promise<Record<string, number>> => {
  const [row] = await known.app.resolve(database).query<Record<string, number>>(
    `SELECT (SELECT count(*)::int FROM document_segments WHERE document_id = $1) AS segments, (SELECT count(*)::int FROM child_chunks WHERE document_id = $1) AS children,
       (SELECT count(*)::int FROM text_index_segments WHERE document_id = $1) AS texts, (SELECT count(*)::int FROM vector_index_segments WHERE document_id = $1) AS vectors`, [id])
  return row ?? {}
}
const ask = async (method: string, path: string, json?: object): Promise<{ status: number; body: any }> => {
  const response = await known.app.fetch(path.replace('/v1', '/console/api'), { method, headers, ...json ? { json } : {} })
  return { status: response.status, body: response.status === 204 ? undefined : await response.json() }
}

test.serial('segments are added behind the last one, all by one call of the model, and are found at once', async (t) => {
  const made = await newDocument('The heron waits.\nThe fox sleeps.')
  const { word_count, tokens } = await document(made)
  const answer = await send('POST', `${made.at}/segments`, { segments: [
    { content: 'The owl hunts at night.', keywords: ['Nocturnal   birds', 'Nocturnal birds', ' '] }, { content: 'A 🦉 counts once.', answer: 'ignored', attachment_ids: [], summary: null },
  ] })
  t.is(answer.status, 200, JSON.stringify(answer.body))
  t.is(answer.body.doc_form, 'text_model')
  t.like(answer.body.data, [
    { position: 3, content: 'The owl hunts at night.', answer: '', word_count: 23, tokens: 5, keywords: ['Nocturnal birds'], status: 'completed', enabled: true, error: null, created_by: known.owner.accountId, child_chunks: [] },
    { position: 4, word_count: 16, answer: '' },
  ])
  t.true(answer.body.data[1].keywords.includes('counts'))
  t.deepEqual(asked.map(({ texts, purpose }) => [texts.length, purpose]), [[2, 'document']])
  t.like(await document(made), { word_count: Number(word_count) + 39, tokens: Number(tokens) + 9, segment_count: 4 })
  t.deepEqual(await found(made, 'owl hunts night'), ['The owl hunts at night.'])
  t.deepEqual(await found(made, 'nocturnal', 'full_text_search'), ['The owl hunts at night.'])
  t.deepEqual(await left(made), { segments: 4, children: 0, texts: 4, vectors: 4 })
  const { id } = answer.body.data[0]
  const one = await send('GET', `${made.at}/segments/${id as string}`)
  t.deepEqual([one.status, one.body], [200, { data: answer.body.data[0], doc_form: 'text_model' }])

  const refused = async (segments: unknown, params: string): Promise<void> => {
    t.like(await send('POST', `${made.at}/segments`, { segments }), { status: 400, body: { code: 'invalid_param', params } }, JSON.stringify(segments).slice(0, 80))
  }
  await refused([], 'segments')
  await refused('x', 'segments')
  for (const content of ['', ' \n', 'a\0b', '\ud800', 7, null, 'x'.repeat(100_001)]) await refused([{ content: 'fine' }, { content }], 'segments.1.content')
  await refused([{ content: 'a', keywords: ['\0'] }], 'segments.0.keywords.0')
  await refused([{ content: 'a', attachment_ids: [randomUUID()] }], 'segments.0.attachment_ids')
  await refused([{ content: 'a', summary: 'short' }], 'segments.0.summary')
  await refused(Array.from({ length: 1001 }, () => ({ content: 'a' })), 'segments')
  t.deepEqual(await left(made), { segments: 4, children: 0, texts: 4, vectors: 4 })
})

test.serial('a changed segment is found by what it says now, and a model that fails changes nothing', async (t) => {
  const made = await newDocument('The heron waits.\nThe fox sleeps.')
  const [heron] = await list(made)
  const at = `${made.at}/segments/${heron.id as string}`
  const change = (segment: object) => send('POST', at, { segment })
  const start = await document(made)
  const changed = await change({ content: 'A glacier melts slowly.' })
  t.is(changed.status, 200, JSON.stringify(changed.body))
  t.like(changed.body, { doc_form: 'text_model', data: { id: heron.id, position: 1, content: 'A glacier melts slowly.', word_count: 23, tokens: 4, updated_by: known.owner.accountId } })
  t.true(changed.body.data.keywords.includes('glacier') && !changed.body.data.keywords.includes('heron'))
  t.not(changed.body.data.index_node_hash, heron.index_node_hash)
  t.like(await document(made), { word_count: Number(start.word_count) + 7, tokens: Number(start.tokens) + 1 })
  t.deepEqual([await found(made, 'heron waits'), await found(made, 'heron', 'full_text_search'), await found(made, 'glacier melts')], [[], [], ['A glacier melts slowly.']])
  t.is(asked.filter(({ purpose }) => purpose === 'document').length, 1)

  // Words that somebody chose stay when the text changes, and need no model.
  asked = []
  t.deepEqual((await change({ keywords: ['ice age'] })).body.data.keywords, ['ice age'])
  t.deepEqual((await change({ keywords: [], content: '' })).body.data.keywords, ['ice age'])
  t.is(asked.length, 0)
  t.deepEqual((await change({ content: 'A glacier grows.' })).body.data.keywords, ['ice age'])
  t.deepEqual(await found(made, 'ice age', 'full_text_search'), ['A glacier grows.'])

  before = () => { throw new Error('the provider is out of order: secret') }
  const failed = await change({ content: 'A volcano.' })
  t.like(failed, { status: 400, body: { code: 'completion_request_error' } })
  t.notRegex(failed.body.message, /secret/)
  t.like(await send('POST', `${made.at}/segments`, { segments: [{ content: 'A volcano.' }] }), { status: 400, body: { code: 'completion_request_error' } })
  before = () => undefined
  t.deepEqual((await list(made)).map(({ content }) => content), ['A glacier grows.', 'The fox sleeps.'])
  t.deepEqual(await found(made, 'glacier grows'), ['A glacier grows.'])

  // Disabled: not found, nor changed, until it is enabled.
  t.like((await change({ enabled: false, content: 'ignored' })).body.data, { enabled: false, content: 'A glacier grows.', disabled_by: known.owner.accountId })
  t.deepEqual([await found(made, 'glacier grows'), await found(made, 'glacier', 'full_text_search')], [[], []])
  const disabled = await change({ enabled: false })
  t.like(disabled, { status: 200, body: { data: { enabled: false } } })
  t.like(await change({ content: 'x' }), { status: 400, body: { code: 'invalid_param', params: 'segment.enabled' } })
  t.like((await change({ content: 'A glacier shrinks.', enabled: true })).body.data, { enabled: true, disabled_at: null, disabled_by: null })
  t.deepEqual(await found(made, 'glacier shrinks'), ['A glacier shrinks.'])

  // What somebody else changes while the model is asked is not overwritten.
  before = async () => { before = () => undefined; await change({ content: 'Somebody else was here.' }) }
  t.like(await change({ content: 'Too late.' }), { status: 409, body: { code: 'conflict' } })
  before = async () => { before = () => undefined; await send('DELETE', at) }
  t.like(await change({ content: 'Too late.' }), { status: 409 })
  t.deepEqual((await list(made)).map(({ content }) => content), ['The fox sleeps.'])
  t.deepEqual(await left(made), { segments: 1, children: 0, texts: 1, vectors: 1 })
})

test.serial('a deleted segment is gone from everywhere; the next one stands behind the last that is left', async (t) => {
  const made = await newDocument('one a\ntwo b\nthree c')
  const [first] = await list(made)
  const start = await document(made)
  t.is((await send('DELETE', `${made.at}/segments/${first.id as string}`)).status, 204)
  t.like(await document(made), { word_count: start.word_count - 5, tokens: start.tokens - 2, segment_count: 2 })
  t.deepEqual(await left(made), { segments: 2, children: 0, texts: 2, vectors: 2 })
  t.deepEqual([await found(made, 'one a'), await found(made, 'one', 'full_text_search')], [[], []])
  for (const answer of [await send('DELETE', `${made.at}/segments/${first.id as string}`), await send('GET', `${made.at}/segments/${first.id as string}`), await send('POST', `${made.at}/segments/${first.id as string}`, { segment: { content: 'x' } })]) {
    t.like(answer, { status: 404, body: { code: 'not_found', message: 'Segment not found.' } })
  }
  t.is((await send('POST', `${made.at}/segments`, { segments: [{ content: 'four' }] })).body.data[0].position, 4)
  await Promise.all(Array.from({ length: 4 }, (_, n) => send('POST', `${made.at}/segments`, { segments: [{ content: `at once ${n}` }] })))
  t.deepEqual((await list(made)).map(({ position }) => position), [2, 3, 4, 5, 6, 7, 8])
})

test.serial('what belongs elsewhere, is archived, unfinished or disabled is told apart', async (t) => {
  const [made, other] = [await newDocument('a b c'), await newDocument('d e f')]
  const [own] = await list(made)
  const [theirs] = await list(other)
  const change = { segment: { content: 'x' } }
  const id = own.id as string
  for (const path of [`${made.at}/segments/${theirs.id as string}`, `${made.at}/segments/${randomUUID()}`]) {
    for (const answer of [await send('GET', path), await send('POST', path, change), await send('DELETE', path), await send('GET', `${path}/child_chunks`)]) t.like(answer, { status: 404, body: { message: 'Segment not found.' } })
  }
  const elsewhere = `/v1/datasets/${other.dataset.id}/documents/${made.id}/segments/${id}`
  for (const answer of [await send('GET', elsewhere), await send('POST', elsewhere, change), await send('DELETE', elsewhere)]) t.like(answer, { status: 404, body: { message: 'Document not found.' } })
  const set = (change: string) => known.app.resolve(database).query(`UPDATE documents SET ${change} WHERE id = $1`, [made.id])
  const all = async () => [await send('POST', `${made.at}/segments`, { segments: [{ content: 'x' }] }), await send('POST', `${made.at}/segments/${id}`, change), await send('DELETE', `${made.at}/segments/${id}`)]
  await set('archived = true')
  for (const answer of await all()) t.like(answer, { status: 403, body: { code: 'archived_document_immutable' } })
  await set(`archived = false, indexing_status = 'indexing'`)
  for (const answer of await all()) t.like(answer, { status: 404, body: { code: 'not_found' } })
  t.is((await send('GET', `${made.at}/segments/${id}`)).status, 200)
  await set(`indexing_status = 'completed', enabled = false`)
  t.regex((await all())[0]?.body.message, /^Document is disabled\./)
  t.is((await list(other)).length, 1)
})

test.serial('questions keep their answers', async (t) => {
  const dataset = await known.newDataset({})
  const { body } = await known.addFile(dataset, 'faq.csv', 'question,answer\nWhere is it?,In the box.', { indexing_technique: 'high_quality', doc_form: 'qa_model', process_rule: rule })
  await known.api.indexed(dataset.id, body.batch)
  const made = { dataset, id: body.document.id, at: `/v1/datasets/${dataset.id as string}/documents/${body.document.id as string}` }
  for (const answer of [undefined, '', ' ']) t.like(await send('POST', `${made.at}/segments`, { segments: [{ content: 'Who?', answer }] }), { status: 400, body: { code: 'invalid_param', params: 'segments.0.answer' } })
  const { body: { data: [made2] } } = await send('POST', `${made.at}/segments`, { segments: [{ content: 'Who made it?', answer: 'A carpenter.' }] })
  t.like(made2, { answer: 'A carpenter.', word_count: 24 })
  t.deepEqual(await found(made, 'carpenter', 'full_text_search'), ['Who made it?'])
  const change = (segment: object) => send('POST', `${made.at}/segments/${made2.id as string}`, { segment })
  t.like((await change({ content: 'Who built it?' })).body.data, { content: 'Who built it?', answer: 'A carpenter.' })
  t.like((await change({ answer: 'A mason.' })).body.data, { content: 'Who built it?', answer: 'A mason.', word_count: 21 })
  t.deepEqual([await found(made, 'carpenter', 'full_text_search'), await found(made, 'mason', 'full_text_search')], [[], ['Who built it?']])
})

test.serial('parents and children: made by the rule, changed by hand, embedded anew by another model', async (t) => {
  const made = await newDocument('The heron waits.\nThe fox sleeps.', { doc_form: 'hierarchical_model', process_rule: family })
  const { body: { data: [parent] } } = await send('POST', `${made.at}/segments`, { segments: [{ content: 'An owl hunts.\nA bat flies.' }] })
  t.deepEqual(parent.child_chunks.map((one: any) => [one.position, one.content, one.type]), [[1, 'An owl hunts.', 'automatic'], [2, 'A bat flies.', 'automatic']])
  t.deepEqual(asked.map(({ texts }) => texts), [['An owl hunts.', 'A bat flies.']])
  const at = `${made.at}/segments/${parent.id as string}`
  const children = `${at}/child_chunks`
  t.deepEqual(await left(made), { segments: 2, children: 4, texts: 2, vectors: 4 })

  const added = await send('POST', children, { content: 'Moths swarm.' })
  t.like(added, { status: 200, body: { data: { segment_id: parent.id, position: 3, content: 'Moths swarm.', type: 'customized', word_count: 12 } } })
  t.deepEqual(await found(made, 'moths swarm'), ['An owl hunts.\nA bat flies.'])
  const child = added.body.data.id as string
  t.like((await send('PATCH', `${children}/${child}`, { content: 'Beetles crawl.' })).body.data, { id: child, content: 'Beetles crawl.', type: 'customized' })
  t.deepEqual([await found(made, 'moths swarm'), await found(made, 'beetles crawl')], [[], ['An owl hunts.\nA bat flies.']])
  const page = await send('GET', `${children}?limit=2&page=2`)
  t.like(page.body, { total: 3, total_pages: 2, page: 2, limit: 2 })
  t.deepEqual(page.body.data.map((one: any) => one.id), [child])
  t.is((await send('GET', `${children}?keyword=BEETLE`)).body.total, 1)
  for (const content of ['', '  ', '\0', 3]) t.like(await send('POST', children, { content }), { status: 400, body: { params: 'content' } })
  t.like(await send('PATCH', `${children}/${randomUUID()}`, { content: 'x' }), { status: 404, body: { message: 'Child chunk not found.' } })
  const [first] = await list(made)
  t.like(await send('DELETE', `${made.at}/segments/${first.id as string}/child_chunks/${child}`), { status: 404, body: { message: 'Child chunk not found.' } })
  before = () => { throw new Error('away') }
  t.like(await send('POST', children, { content: 'Lost.' }), { status: 400, body: { code: 'completion_request_error' } })
  before = () => undefined

  // The text of a parent alone; then its children too.
  t.is((await send('POST', at, { segment: { content: 'A cat prowls.' } })).body.data.child_chunks.length, 3)
  t.deepEqual(await found(made, 'beetles crawl'), ['A cat prowls.'])
  const anew = await send('POST', at, { segment: { content: 'A dog barks.\nA cow moos.', regenerate_child_chunks: true } })
  t.deepEqual(anew.body.data.child_chunks.map((one: any) => [one.content, one.type]), [['A dog barks.', 'automatic'], ['A cow moos.', 'automatic']])
  t.deepEqual([await found(made, 'beetles crawl'), await found(made, 'cow moos')], [[], ['A dog barks.\nA cow moos.']])
  t.deepEqual(await left(made), { segments: 2, children: 4, texts: 2, vectors: 4 })

  // All at once, by people.
  const [dog, cow] = anew.body.data.child_chunks
  const all = await ask('PATCH', children, { chunks: [{ id: cow.id, content: 'A calf moos.' }, { content: 'A hen clucks.' }] })
  t.is(all.status, 200, JSON.stringify(all.body))
  t.deepEqual(all.body.data.map((one: any) => [one.content, one.type]), [['A calf moos.', 'customized'], ['A hen clucks.', 'customized']])
  t.deepEqual([await found(made, 'dog barks'), await found(made, 'hen clucks')], [[], ['A dog barks.\nA cow moos.']])
  t.like(await ask('PATCH', children, { chunks: [{ id: dog.id, content: 'x' }] }), { status: 404 })
  t.like(await ask('PATCH', children, { chunks: [{ id: cow.id, content: 'x' }, { id: cow.id, content: 'y' }] }), { status: 400, body: { params: 'chunks' } })
  t.is((await ask('GET', children)).body.total, 2)
  const one = await ask('POST', children, { content: 'A duck quacks.' })
  t.is((await ask('PATCH', `${children}/${one.body.data.id as string}`, { content: 'A goose honks.' })).body.data.content, 'A goose honks.')
  t.is((await ask('DELETE', `${children}/${one.body.data.id as string}`)).status, 204)
  t.is((await send('DELETE', `${children}/${all.body.data[0].id as string}`)).status, 204)
  t.deepEqual(await left(made), { segments: 2, children: 3, texts: 2, vectors: 3 })

  // Another technique, and back: what was made by hand goes along.
  const settle = async (more: object): Promise<void> => { t.is((await send('PATCH', `/v1/datasets/${made.dataset.id}`, more)).status, 200); await known.app.runJobs() }
  await settle({ indexing_technique: 'economy' })
  t.is((await left(made))['vectors'], 0)
  t.is((await send('POST', children, { content: 'A mole digs.' })).status, 200)
  t.is((await send('POST', `${made.at}/segments`, { segments: [{ content: 'A whale sings.' }] })).body.data[0].tokens, 0)
  t.is((await left(made))['vectors'], 0)
  await settle({ indexing_technique: 'high_quality', embedding_model: 'words-2', embedding_model_provider: 'toy' })
  t.is((await document(made)).indexing_status, 'completed')
  t.deepEqual(await left(made), { segments: 3, children: 5, texts: 3, vectors: 5 })
  t.deepEqual([await found(made, 'mole digs'), await found(made, 'whale sings')], [['A dog barks.\nA cow moos.'], ['A whale sings.']])
  t.is((await send('DELETE', at)).status, 204)
  t.deepEqual(await left(made), { segments: 2, children: 3, texts: 2, vectors: 3 })

  const flat = await newDocument('no children')
  const [segment] = await list(flat)
  t.like(await send('POST', `${flat.at}/segments/${segment.id as string}/child_chunks`, { content: 'x' }), { status: 400, body: { code: 'invalid_param' } })
  t.deepEqual((await send('GET', `${flat.at}/segments/${segment.id as string}/child_chunks`)).body, { data: [], total: 0, total_pages: 0, page: 1, limit: 20 })
})

test.serial('the console lists, switches and deletes many', async (t) => {
  const made = await newDocument('one a\ntwo b\nthree c')
  const single = await ask('POST', `${made.at}/segment`, { content: 'four d', keywords: ['last'] })
  t.like(single, { status: 200, body: { doc_form: 'text_model', data: { position: 4, keywords: ['last'] } } })
  const ids = (await list(made)).map(({ id }) => id as string)
  const these = (some: readonly string[]): string => some.map((id) => `segment_id=${id}`).join('&')
  t.like(await ask('PATCH', `${made.at}/segment/disable?${these([...ids.slice(0, 2), randomUUID()])}`), { status: 200, body: { result: 'success' } })
  const contents = async (query: string): Promise<string[]> => (await ask('GET', `${made.at}/segments?${query}`)).body.data.map((one: any) => one.content)
  t.deepEqual([await contents('enabled=false'), await contents('enabled=True'), await contents('enabled=all&keyword=THREE')], [['one a', 'two b'], ['three c', 'four d'], ['three c']])
  t.deepEqual([await contents('hit_count_gte=1'), await contents('hit_count_gte=0&status=completed&limit=1&page=2')], [[], ['two b']])
  t.like((await ask('GET', `${made.at}/segments?limit=3`)).body, { total: 4, total_pages: 2, has_more: true, limit: 3, page: 1, doc_form: 'text_model' })
  t.deepEqual(await found(made, 'one a'), [])
  t.is((await ask('PATCH', `${made.at}/segment/enable?${these(ids)}`)).status, 200)
  t.deepEqual(await found(made, 'one a'), ['one a'])
  t.is((await ask('PATCH', `${made.at}/segments/${ids[0] as string}`, { content: 'five e' })).body.data.content, 'five e')
  t.is((await ask('DELETE', `${made.at}/segments?${these(ids.slice(0, 2))}`)).status, 204)
  t.is((await ask('DELETE', `${made.at}/segments/${ids[2] as string}`)).status, 204)
  t.deepEqual(await contents(''), ['four d'])
  t.like(await ask('DELETE', `${made.at}/segments?${these(ids.slice(0, 3))}`), { status: 404 })
  for (const path of [`segment/enable?segment_id=x`, 'segment/enable']) t.like(await ask('PATCH', `${made.at}/${path}`), { status: 400 }, path)
  t.is((await ask('PATCH', `${made.at}/segment/explode?${these(ids)}`)).status, 404)
})

test.serial('the rows of a CSV file become segments, each once, or the file says what is wrong', async (t) => {
  const made = await newDocument('zero')
  const upload = async (name: string, content: string, to = made): Promise<{ status: number; body: any }> => {
    const form = new FormData()
    form.set('file', new Blob([content]), name)
    const response = await known.app.fetch(`${to.at.replace('/v1', '/console/api')}/segments/batch_import`, { method: 'POST', headers, body: form })
    return { status: response.status, body: await response.json() }
  }
  const state = async (id: string): Promise<any> => { await known.app.runJobs(); return (await ask('GET', `/v1/datasets/batch_import_status/${id}`)).body }
  const rows = Array.from({ length: 70 }, (_, n) => `"row, number ${n}"`)
  // The model fails once; what is stored by then stays, and is not stored again.
  let calls = 0
  before = () => { calls += 1; if (calls === 2) throw new Error('away') }
  const begun = await upload('rows.csv', ['segment content', ...rows].join('\n'))
  t.like(begun, { status: 200, body: { job_status: 'waiting', error: null, total_segments: 0, completed_segments: 0 } })
  const failed = await state(begun.body.job_id)
  t.like(failed, { job_id: begun.body.job_id, job_status: 'error', total_segments: 70, completed_segments: 32 })
  t.regex(failed.error, /did not answer.*first 32 segments/)
  before = () => undefined
  t.is((await list(made, '?limit=100')).length, 33)
  t.like(await state((await upload('rest.csv', rows.slice(32).join('\n'))).body.job_id), { job_status: 'completed', error: null, total_segments: 38, completed_segments: 38 })
  t.deepEqual((await list(made, '?limit=100')).map(({ content }) => content), ['zero', ...Array.from({ length: 70 }, (_, n) => `row, number ${n}`)])
  t.deepEqual(await left(made), { segments: 71, children: 0, texts: 71, vectors: 71 })

  for (const [content, reason] of [['', /no segments/], ['a\n"b', /quotation mark/], [`a\n${'x'.repeat(100_001)}`, /Segment 2 of the file takes at most 100000/]] as const) {
    const { body } = await upload('bad.csv', content)
    const bad = await state(body.job_id)
    t.is(bad.job_status, 'error', content.slice(0, 10))
    t.regex(bad.error, reason)
  }
  t.is((await left(made))['segments'], 71)
  t.like(await upload('rows.xlsx', 'x'), { status: 400, body: { code: 'invalid_param', params: 'file' } })
  t.is((await ask('GET', `/v1/datasets/batch_import_status/${randomUUID()}`)).status, 404)
})
