/** Documents and their segments over the wire: how they come in, what is read of them, how they are listed, replaced and deleted. */
import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { database, queue, storage } from '../core/index.ts'
import { forgetRequests } from '../plugins/datasets/jobs/forget-requests.ts'
import { automatic, bySeparator, knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'

let { app, owner, api, newToken, newDataset, addText, addFile, segmentsOf, contents } = {} as Knowledge
test.before(async () => { ({ app, owner, api, newToken, newDataset, addText, addFile, segmentsOf, contents } = await knowledge()) })
test.after.always(() => app.close())

const stored = async (): Promise<string[]> => (await readdir(join(app.dataDir, 'storage'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name).sort()

test.serial('a document by text: from waiting to its segments', async (t) => {
  const dataset = await newDataset({})
  t.like(await api.send('POST', `/v1/datasets/${dataset.id as string}/document/create-by-text`, { name: 'a', text: 'b' }), { status: 400, body: { code: 'invalid_param', params: 'indexing_technique' } })
  const text = 'Red is the first colour.\n\nGreen  is the second.\n\nBlue is the third. See https://example.org or write to ann@example.org.'
  const rule = bySeparator('\\n\\n')
  rule.rules.pre_processing_rules.push({ id: 'remove_urls_emails', enabled: true })
  const { status, body } = await addText(dataset, 'Colours', text, { indexing_technique: 'high_quality', process_rule: rule, doc_language: 'English' })
  t.is(status, 200)
  t.like(body.document, {
    position: 1, data_source_type: 'upload_file', name: 'Colours', created_from: 'api', created_by: owner.accountId, tokens: 0, error: null, enabled: true, archived: false,
    disabled_at: null, disabled_by: null, word_count: 0, hit_count: 0, doc_form: 'text_model', doc_metadata: [], summary_index_status: null, need_summary: false,
  })
  t.like(body.document.data_source_detail_dict.upload_file, { id: body.document.data_source_info.upload_file_id, name: 'Colours', extension: 'txt', mime_type: 'text/plain', size: Buffer.byteLength(text), created_by: owner.accountId })
  t.regex(body.batch, /^\d{20}$/)
  const [state] = await api.indexed(dataset.id, body.batch) as any[]
  t.like(state, { id: body.document.id, indexing_status: 'completed', error: null, completed_segments: 3, total_segments: 3, paused_at: null, stopped_at: null })
  for (const step of ['processing_started_at', 'parsing_completed_at', 'cleaning_completed_at', 'splitting_completed_at', 'completed_at']) t.true(Number.isInteger(state[step]), step)

  const segments = await segmentsOf(dataset, body.document.id)
  t.like(segments, { total: 3, has_more: false, limit: 20, page: 1, doc_form: 'text_model' })
  t.deepEqual(segments.data.map((one: any) => one.content), ['Red is the first colour.', 'Green is the second.', 'Blue is the third. See or write to .'])
  t.like(segments.data[0], { position: 1, document_id: body.document.id, answer: '', word_count: 24, hit_count: 0, enabled: true, status: 'completed', error: null, child_chunks: [], attachments: [], summary: null })
  t.true(segments.data[0].tokens > 0 && segments.data[0].keywords.includes('red'))
  const at = `/v1/datasets/${dataset.id as string}/documents/${body.document.id as string}`
  const { body: detail } = await api.send('GET', at)
  t.like(detail, { indexing_status: 'completed', display_status: 'available', segment_count: 3, word_count: 80, average_segment_length: 26, doc_type: null, doc_metadata: [], doc_language: 'English', tokens: 18 })
  t.is(detail.data_source_info.upload_file.name, 'Colours')
  t.like(detail.document_process_rule, { mode: 'custom', rules: { segmentation: { separator: '\\n\\n', max_tokens: 100, chunk_overlap: 0 } } })
  t.is(detail.dataset_process_rule_id, detail.dataset_process_rule.id)
  t.deepEqual((await api.send('GET', `${at}?metadata=only`)).body, { id: detail.id, doc_type: null, doc_metadata: [] })
  const without = Object.fromEntries(Object.entries(detail as object).filter(([key]) => !['doc_type', 'doc_metadata'].includes(key)))
  t.deepEqual((await api.send('GET', `${at}?metadata=without`)).body, without)
  t.like(await api.send('GET', `${at}?metadata=some`), { status: 400, body: { code: 'invalid_metadata' } })

  // The first document has decided for the dataset; a later one cannot decide otherwise.
  t.like((await api.send('GET', `/v1/datasets/${dataset.id as string}`)).body, {
    indexing_technique: 'high_quality', embedding_model: 'words', embedding_model_provider: 'toy', doc_form: 'text_model', data_source_type: 'upload_file', document_count: 1, word_count: 80, total_available_documents: 1,
  })
  t.is((await api.send('GET', `/v1/datasets/${dataset.id as string}`)).body.retrieval_model_dict.top_k, 4)
  const second = await addText(dataset, 'More', 'One more.\n\nAnd another.', { indexing_technique: 'economy', embedding_model: 'words-2', embedding_model_provider: 'toy' })
  await api.indexed(dataset.id, second.body.batch)
  t.like((await api.send('GET', `/v1/datasets/${dataset.id as string}`)).body, { indexing_technique: 'high_quality', embedding_model: 'words', document_count: 2 })
  t.is(second.body.document.dataset_process_rule_id, detail.dataset_process_rule_id)
  t.deepEqual(await contents(dataset, second.body.document.id), ['One more.', 'And another.'])
  t.is(second.body.document.position, 2)

  t.is((await api.send('DELETE', at)).status, 204)
  for (const path of [at, `${at}/segments`]) t.like(await api.send('GET', path), { status: 404, body: { code: 'not_found', message: 'Document not found.' } })
  t.like(await api.send('DELETE', at), { status: 404 })
  t.like(await api.send('GET', `/v1/datasets/${dataset.id as string}/documents/${body.batch as string}/indexing-status`), { status: 404, body: { message: 'Documents not found.' } })
  t.like(await api.send('GET', `/v1/datasets/${dataset.id as string}/documents/nonsense/indexing-status`), { status: 404 })
})

test.serial('documents and segments are listed by page, word and state', async (t) => {
  const dataset = await newDataset()
  const rule = bySeparator('\n')
  for (const name of ['apple', 'Apricot', 'banana']) await addText(dataset, name, Array.from({ length: 7 }, (_, n) => `${name} ${n}`).join('\n'), { process_rule: rule })
  await addText(dataset, 'broken', 'x', { process_rule: bySeparator('\n', 10) })
  await app.runJobs()
  const at = `/v1/datasets/${dataset.id as string}/documents`
  const names = async (query: string): Promise<string[]> => (await api.send('GET', `${at}?${query}`)).body.data.map((one: any) => one.name)
  t.deepEqual(await names(''), ['broken', 'banana', 'Apricot', 'apple'])
  t.deepEqual(await names('keyword=ap'), ['Apricot', 'apple'])
  t.deepEqual(await names('keyword=%25'), [])
  t.deepEqual(await names('status=available'), ['banana', 'Apricot', 'apple'])
  t.deepEqual(await names('status=error'), ['broken'])
  for (const status of ['queuing', 'indexing', 'paused', 'disabled', 'archived']) t.deepEqual(await names(`status=${status}`), [], status)
  t.is((await names('status=whatever')).length, 4)
  t.like((await api.send('GET', `${at}?limit=2`)).body, { has_more: true, total: 4, limit: 2, page: 1 })
  t.like((await api.send('GET', `${at}?limit=4`)).body, { has_more: false })
  t.like((await api.send('GET', `${at}?limit=500`)).body, { limit: 100 })

  const apple = (await api.send('GET', `${at}?keyword=apple`)).body.data[0].id as string
  t.deepEqual((await segmentsOf(dataset, apple, '?limit=3&page=2')).data.map((one: any) => one.position), [4, 5, 6])
  t.like(await segmentsOf(dataset, apple, '?limit=3&page=3'), { has_more: false, total: 7 })
  t.deepEqual((await segmentsOf(dataset, apple, '?keyword=APPLE%205')).data.map((one: any) => one.content), ['apple 5'])
  t.is((await segmentsOf(dataset, apple, '?status=completed&status=error')).total, 7)
  t.is((await segmentsOf(dataset, apple, '?status=waiting')).total, 0)
  t.is((await api.send('GET', `${at}/${apple}/segments?page=0`)).status, 400)
})

test.serial('files: what is read, and what is said of what is not', async (t) => {
  const dataset = await newDataset()
  const read = async (name: string, content: string | Buffer): Promise<string[]> => {
    const { body } = await addFile(dataset, name, content)
    const [state] = await api.indexed(dataset.id, body.batch)
    return state?.error ? [state.error] : contents(dataset, body.document.id)
  }
  t.deepEqual(await read('plain.txt', 'naïve ¿qué? ¾'), ['naïve ¿qué? ¾'])
  t.deepEqual(await read('mark.TXT', '\uFEFFwith a mark'), ['with a mark'])
  t.deepEqual(await read('wide.txt', Buffer.from('\uFEFFwide as UTF-16', 'utf16le')), ['wide as UTF-16'])
  t.deepEqual(await read('notes.md', '# Title\n\n- one\n- two'), ['# Title\n\n- one\n- two'])
  const page = '<html><head><title>Page</title><style>p{}</style></head><body><nav>menu</nav><p>One &amp; <b>two</b></p><script>bad()</script><ul><li>three</ul></body></html>'
  t.deepEqual(await read('page.html', page), ['# Page\n\nOne & two\n\n- three'])
  t.deepEqual(await read('latin.txt', Buffer.from('na\xEFve', 'latin1')), ['naïve'])
  t.deepEqual(await read('unmarked.txt', Buffer.from('wide', 'utf16le')), ['wide'])
  t.regex((await read('blank.txt', ' \n\n ')).join(), /no text in this document/)
  t.regex((await read('deep.html', '<div>'.repeat(10_000))).join(), /nested more than/)

  const unread = await addFile(dataset, 'virus.exe', 'MZ')
  t.like(unread, { status: 400, body: { code: 'invalid_param', params: 'file' } })
  t.regex(unread.body.message, /"exe".*htm, html, .*markdown, md, mdx, .*txt/)
  for (const name of ['../a.txt', 'a/b.txt', 'a\\b.txt', 'noending', '.txt/..', '\u0001\u202E']) t.is((await addFile(dataset, name, 'x')).status, 400, name)
  t.like(await api.upload(`/v1/datasets/${dataset.id as string}/document/create-by-file`, { name: 'a.txt', content: 'x' }, { process_rule: automatic, name: 'b' }), { status: 400, body: { params: 'data.name' } })
  const empty = new FormData()
  empty.set('data', '{}')
  const none = await app.fetch(`/v1/datasets/${dataset.id as string}/document/create-by-file`, { method: 'POST', body: empty, token: await newToken() })
  t.is(((await none.json()) as any).code, 'no_file_uploaded')

  const odd = await addFile(dataset, `${'é'.repeat(250)}.txt`, 'long name')
  t.is([...odd.body.document.name as string].length, 200)
  t.true((odd.body.document.name as string).endsWith('é.txt'))
  t.is((await addFile(dataset, 'a\u202Etxt.\u0085exe.txt', 'x')).body.document.name, 'atxt.exe.txt')
  t.is((await addFile(dataset, '报告 %2e%2e.txt', 'x')).body.document.name, '报告 %2e%2e.txt')
  const fresh = await newDataset()
  t.like(await addFile(fresh, 'a.txt', 'x', {}), { status: 400, body: { code: 'invalid_param', params: 'process_rule' } })
})

test.serial('a process rule is checked for what it must have at once, for its numbers by the indexing', async (t) => {
  const dataset = await newDataset()
  const refused = async (process_rule: object, params: string): Promise<void> => {
    t.like(await addText(dataset, 'a', 'b', { process_rule }), { status: 400, body: { code: 'invalid_param', params } }, JSON.stringify(process_rule))
  }
  const { rules } = bySeparator('\n')
  await refused({ mode: 'hierarchical', rules }, 'process_rule.mode')
  await refused({ mode: 'manual' }, 'process_rule.mode')
  await refused({ mode: 'custom' }, 'process_rule.rules')
  await refused({ mode: 'custom', rules: { segmentation: rules.segmentation } }, 'process_rule.rules.pre_processing_rules')
  await refused({ mode: 'custom', rules: { pre_processing_rules: [] } }, 'process_rule.rules.segmentation')
  await refused({ mode: 'custom', rules: { ...rules, segmentation: { separator: '', max_tokens: 100 } } }, 'process_rule.rules.segmentation.separator')
  await refused({ mode: 'custom', rules: { ...rules, segmentation: { separator: '\n', max_tokens: 0 } } }, 'process_rule.rules.segmentation.max_tokens')
  await refused({ mode: 'custom', rules: { ...rules, segmentation: { separator: '\n', max_tokens: 'many' } } }, 'process_rule.rules.segmentation.max_tokens')
  await refused({ mode: 'custom', rules: { ...rules, segmentation: { separator: '', delimiter: '#', max_tokens: 100 } } }, 'process_rule.rules.segmentation')
  await refused({ mode: 'custom', rules: { ...rules, subchunk_segmentation: { separator: '#' } } }, 'process_rule.rules.subchunk_segmentation.max_tokens')
  t.like(await addText(dataset, 'a', 'b', { doc_form: 'tree_model' }), { status: 400, body: { params: 'doc_form' } })
  const ends = async (process_rule: object): Promise<string | null> => {
    const { status, body } = await addText(dataset, 'a', 'some words', { process_rule })
    t.is(status, 200)
    return (await api.indexed(dataset.id, body.batch))[0]?.error ?? null
  }
  for (const size of [49, 4001, -1]) t.regex(await ends(bySeparator('\n', size)) ?? '', /max_tokens.*50 to 4000/)
  t.regex(await ends(bySeparator('\n', 60, 61)) ?? '', /chunk_overlap/)
  for (const size of [50, 4000]) t.is(await ends(bySeparator('\n', size, 50)), null)
  t.is(await ends({ mode: 'custom', rules: { pre_processing_rules: [], segmentation: { delimiter: '#', max_tokens: 100 } } }), null)
  t.is(await ends({ mode: 'custom', rules: { ...rules, pre_processing_rules: [{ id: 'remove_stopwords', enabled: true }], parent_mode: 'paragraph', subchunk_segmentation: { separator: '\n', max_tokens: 100 } } }), null)
})

test.serial('parents have children: of a paragraph or of the whole, by the rule or by the usual one', async (t) => {
  const text = 'The heron stands. It waits.\nThe fish comes.\n\nSnow falls on the hill. It is quiet.'
  const segmentation = { separator: '\n\n', max_tokens: 200 }
  const subchunk_segmentation = { separator: '. ', max_tokens: 60 }
  const rule = (more: object, mode = 'hierarchical') => ({ mode, rules: { pre_processing_rules: [], segmentation, ...more } })
  const families = async (process_rule: object): Promise<unknown> => {
    const dataset = await newDataset({ indexing_technique: 'high_quality' })
    const { status, body } = await addText(dataset, 'a', text, { doc_form: 'hierarchical_model', process_rule })
    t.is(status, 200, JSON.stringify(body))
    t.is(body.document.doc_form, 'hierarchical_model')
    const [state] = await api.indexed(dataset.id, body.batch)
    if (state?.error) return state.error
    t.is((await api.send('GET', `/v1/datasets/${dataset.id as string}`)).body.doc_form, 'hierarchical_model')
    return (await segmentsOf(dataset, body.document.id)).data.map((one: any) => [one.content, ...one.child_chunks.map((child: any) => child.content)])
  }
  const [heron, snow] = text.split('\n\n') as [string, string]
  const sentences = [[heron, 'The heron stands', 'It waits.\nThe fish comes.'], [snow, 'Snow falls on the hill', 'It is quiet.']]
  const lines = [[heron, 'The heron stands. It waits.', 'The fish comes.'], [snow, snow]]
  const whole = [[text, 'The heron stands. It waits.', 'The fish comes.', snow]]
  t.deepEqual(await families(rule({ subchunk_segmentation })), sentences)
  t.deepEqual(await families(rule({ subchunk_segmentation, parent_mode: 'paragraph' }, 'custom')), sentences)
  // Never without children, whatever the mode says.
  t.deepEqual(await families(rule({})), lines)
  t.deepEqual(await families(rule({}, 'custom')), lines)
  t.deepEqual(await families(automatic), whole)
  t.deepEqual(await families(rule({ parent_mode: 'full-doc', segmentation: {}, subchunk_segmentation: { delimiter: '\\n', max_tokens: 60 } })), whole)
  t.regex(await families(rule({ subchunk_segmentation: { max_tokens: 40 } })) as string, /max_tokens of the subchunk_segmentation is 40/)

  const dataset = await newDataset({ indexing_technique: 'high_quality' })
  const mixed = await addText(dataset, 'a', text, { process_rule: rule({}) })
  t.like(mixed, { status: 400, body: { code: 'invalid_param', params: 'process_rule.mode' } })
  t.regex(mixed.body.message, /mode hierarchical.*doc_form hierarchical_model.*text_model/)
  const long = await addText(dataset, 'long', 'Snow falls. '.repeat(10_000), { doc_form: 'hierarchical_model', process_rule: rule({ parent_mode: 'full-doc' }) })
  t.regex((await api.indexed(dataset.id, long.body.batch))[0]?.error ?? '', /more than 100000 characters.*paragraph/)
  // All documents of a dataset have one form, and what says none takes it.
  t.like(await addText(dataset, 'a', text, { doc_form: 'text_model' }), { status: 400, body: { params: 'doc_form' } })
  t.is((await addText(dataset, 'b', text)).body.document.doc_form, 'hierarchical_model')
})

test.serial('the first documents of a dataset, sent at once in two forms, end up in one', async (t) => {
  const dataset = await newDataset()
  const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => addText(dataset, `n${n}`, 'The heron waits.', { doc_form: n % 2 ? 'text_model' : 'hierarchical_model' })))
  t.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 400, 400, 400])
  t.is(new Set(answers.flatMap(({ body }) => body.document ? [body.document.doc_form as string] : [])).size, 1)
})

test.serial('questions and answers come as a CSV file, and as nothing else', async (t) => {
  const dataset = await newDataset({ indexing_technique: 'high_quality' })
  const qa = { indexing_technique: 'high_quality', doc_form: 'qa_model' }
  const { status, body } = await addFile(dataset, 'qa.csv', 'question,answer\nWho waits?,"The heron, always."\nWhat falls?,Snow.\n', qa)
  t.is(status, 200, JSON.stringify(body))
  t.is(body.document.doc_form, 'qa_model')
  t.is((await api.indexed(dataset.id, body.batch))[0]?.error, null)
  t.deepEqual((await segmentsOf(dataset, body.document.id)).data.map((one: any) => [one.content, one.answer]), [['Who waits?', 'The heron, always.'], ['What falls?', 'Snow.']])
  const before = await stored()
  for (const answer of [await addText(dataset, 'a', 'b', qa), await addFile(dataset, 'a.txt', 'b', { ...qa, process_rule: automatic }), await addText(dataset, 'a', 'b')]) {
    t.like(answer, { status: 400, body: { code: 'invalid_param', params: 'doc_form' } })
    t.regex(answer.body.message, /CSV file with the questions in its first column/)
  }
  t.deepEqual(await stored(), before)
})

const TEXT = '/document/create-by-text'
const FILE = '/document/create-by-file'
/** A request with an Idempotency-Key. */
const once = async (dataset: { id: string }, key: string, path: string, sent: object, token: string): Promise<{ status: number; body: any }> => {
  const answer = await app.fetch(`/v1/datasets/${dataset.id}${path}`, {
    method: 'POST', token, headers: { 'Idempotency-Key': key }, ...sent instanceof FormData ? { body: sent } : { json: sent },
  })
  return { status: answer.status, body: await answer.json() }
}
const form = (name: string, content: string, data: object): FormData => {
  const it = new FormData()
  it.set('file', new Blob([content]), name)
  it.set('data', JSON.stringify(data))
  return it
}
const documentsOf = async (dataset: { id: string }): Promise<number> => (await api.send('GET', `/v1/datasets/${dataset.id}/documents`)).body.total

test.serial('a request that is sent again with its Idempotency-Key makes nothing again', async (t) => {
  const dataset = await newDataset()
  const token = await newToken()
  const settings = { indexing_technique: 'economy', process_rule: automatic, duplicate: false }
  const asked = { name: 'a', text: 'The heron waits.', ...settings }
  const first = await once(dataset, 'k 1', TEXT, asked, token)
  t.is(first.status, 200)
  await app.runJobs()
  const kept = await stored()
  const again = await once(dataset, 'k 1', TEXT, asked, token)
  t.like(again, { status: 200, body: { batch: first.body.batch, document: { id: first.body.document.id, position: 1, indexing_status: 'completed' } } })
  // The older address means the same, and the order of fields means nothing.
  t.is((await once(dataset, 'k 1', '/document/create_by_text', Object.fromEntries(Object.entries(asked).reverse()), token)).body.document.id, first.body.document.id)
  t.deepEqual(await stored(), kept)
  for (const other of [{ text: 'Another text.' }, { name: 'b' }, { duplicate: true }, { process_rule: bySeparator('#') }, { doc_language: 'German' }]) {
    const { status, body } = await once(dataset, 'k 1', TEXT, { ...asked, ...other }, token)
    t.like({ status, body }, { status: 422, body: { code: 'idempotency_key_reused' } }, JSON.stringify(other))
    t.regex(body.message, /new key/)
  }
  // The key is known for its dataset and for the credential that sent it.
  t.not((await once(await newDataset(), 'k 1', TEXT, asked, token)).body.document.id, first.body.document.id)
  t.not((await once(dataset, 'k 1', TEXT, asked, await newToken())).body.document.id, first.body.document.id)
  t.not((await once(dataset, 'k 2', TEXT, asked, token)).body.document.id, first.body.document.id)
  t.is(await documentsOf(dataset), 3)
  for (const key of ['', 'x'.repeat(256), 'na\u00EFve', 'a\tb']) t.like(await once(dataset, key, TEXT, asked, token), { status: 400, body: { code: 'invalid_param', params: 'Idempotency-Key' } }, JSON.stringify(key))
  t.is((await once(dataset, 'x'.repeat(255), TEXT, asked, token)).status, 200)

  const file = await once(dataset, 'f', FILE, form('a.txt', 'content', settings), token)
  t.is(file.status, 200)
  const before = await stored()
  t.is((await once(dataset, 'f', FILE, form('a.txt', 'content', settings), token)).body.document.id, file.body.document.id)
  for (const other of [form('a.txt', 'another', settings), form('b.txt', 'content', settings), form('a.txt', 'content', { ...settings, doc_language: 'German' })]) {
    t.is((await once(dataset, 'f', FILE, other, token)).status, 422)
  }
  t.is((await once(dataset, 'f', TEXT, asked, token)).status, 422)
  t.deepEqual(await stored(), before)

  // What failed is not remembered; what was deleted is not made again behind somebody's back.
  t.is((await once(dataset, 'bad', TEXT, { ...asked, process_rule: { mode: 'custom' } }, token)).status, 400)
  t.is((await once(dataset, 'bad', TEXT, asked, token)).status, 200)
  await api.send('DELETE', `/v1/datasets/${dataset.id as string}/documents/${first.body.document.id as string}`)
  const gone = await once(dataset, 'k 1', TEXT, asked, token)
  t.is(gone.status, 404)
  t.regex(gone.body.message, /deleted.*new Idempotency-Key/)
  // After a day the key means nothing any more.
  const db = app.resolve(database)
  const later = async (time: string): Promise<void> => {
    await db.query('UPDATE ingest_requests SET created_at = created_at - $2::interval WHERE dataset_id = $1', [dataset.id, time])
    await app.resolve(queue).enqueue(forgetRequests, {})
    await app.runJobs()
  }
  await later('23 hours 50 minutes')
  t.is((await once(dataset, 'k 1', TEXT, asked, token)).status, 404)
  await later('10 minutes')
  t.deepEqual(await db.query('SELECT 1 FROM ingest_requests WHERE dataset_id = $1', [dataset.id]), [])
  t.is((await once(dataset, 'k 1', TEXT, asked, token)).status, 200)
})

test.serial('of equal requests that race, one makes a document and all are told of it', async (t) => {
  const token = await newToken()
  const settings = { indexing_technique: 'economy', process_rule: automatic, duplicate: false }
  for (const [path, sent] of [[TEXT, () => ({ name: 'a', text: 'The heron waits.', ...settings })], [FILE, () => form('a.txt', 'The heron waits.', settings)]] as const) {
    const dataset = await newDataset({})
    const before = await stored()
    const answers = await Promise.all(Array.from({ length: 10 }, () => once(dataset, 'race', path, sent(), token)))
    t.deepEqual(answers.map(({ status }) => status), Array<number>(10).fill(200))
    t.is(new Set(answers.map(({ body }) => `${body.document.id as string} ${body.batch as string}`)).size, 1)
    t.is(await documentsOf(dataset), 1)
    t.is((await stored()).length, before.length + 1)
    // Of different ones with one key, one is made and the others are told so.
    const mixed = await Promise.all(Array.from({ length: 6 }, (_, n) => once(dataset, 'mixed', TEXT, { name: `n${n}`, text: 'x', ...settings }, token)))
    t.deepEqual(mixed.map(({ status }) => status).sort(), [200, 422, 422, 422, 422, 422])
    t.is(await documentsOf(dataset), 2)
  }
})

test.serial('a document of the same name is replaced and keeps its id, unless that is not wanted', async (t) => {
  const dataset = await newDataset()
  const add = async (text: string, more: object = {}): Promise<any> => {
    const { body, status } = await addText(dataset, 'same', text, { process_rule: bySeparator('\n'), ...more })
    t.is(status, 200)
    await api.indexed(dataset.id, body.batch)
    return body
  }
  const first = await add('old one\nold two\nold three')
  const files = app.resolve(storage)
  const [{ storage_key: oldKey }] = await app.resolve(database).query('SELECT storage_key FROM upload_files WHERE id = $1', [first.document.data_source_info.upload_file_id]) as [{ storage_key: string }]
  t.truthy(await files.size(oldKey))
  const second = await add('new one')
  t.is(second.document.id, first.document.id)
  t.is(second.document.position, 1)
  t.not(second.batch, first.batch)
  t.deepEqual(await contents(dataset, second.document.id), ['new one'])
  t.is((await api.send('GET', `/v1/datasets/${dataset.id as string}`)).body.document_count, 1)
  await app.runJobs()
  t.is(await files.size(oldKey), undefined)
  t.is((await app.resolve(database).query('SELECT 1 FROM document_segments WHERE document_id = $1', [first.document.id])).length, 1)

  const third = await add('beside it', { duplicate: false })
  t.not(third.document.id, first.document.id)
  t.is(third.document.position, 2)
  t.is((await addText(dataset, 'same.', 'x')).body.document.position, 3)
  const fourth = await add('by its id', { original_document_id: first.document.id })
  t.is(fourth.document.id, first.document.id)
  t.deepEqual([await contents(dataset, first.document.id), await contents(dataset, third.document.id)], [['by its id'], ['beside it']])
  t.is((await addText(dataset, 'same', 'x', { original_document_id: randomUUID() })).status, 404)
  // In another dataset the same name is another document.
  const other = await newDataset()
  t.not((await addText(other, 'same', 'x')).body.document.id, first.document.id)
  await app.resolve(database).query('UPDATE documents SET archived = true WHERE id = $1', [first.document.id])
  t.like(await addText(dataset, 'same', 'x', { original_document_id: first.document.id }), { status: 403, body: { code: 'archived_document_immutable' } })
  t.is((await api.send('DELETE', `/v1/datasets/${dataset.id as string}/documents/${first.document.id as string}`)).status, 403)
})

test.serial('what no database can keep is refused where it could be asked for', async (t) => {
  const dataset = await newDataset()
  const { body } = await addText(dataset, 'a', 'The heron waits.')
  const at = `/v1/datasets/${dataset.id as string}/documents`
  for (const path of [`${at}/${body.document.id as string}/segments?status=%00`, `${at}/${body.document.id as string}/segments?keyword=%00`, `${at}?keyword=%00`]) {
    t.like(await api.send('GET', path), { status: 400, body: { code: 'invalid_param' } }, path)
  }
})

test.serial('documents that arrive at once get places of their own', async (t) => {
  const dataset = await newDataset({})
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => addText(dataset, `n${n % 5}`, `text ${n}`, { indexing_technique: n % 2 ? 'economy' : 'high_quality', process_rule: automatic })))
  t.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
  t.is(new Set(answers.map(({ body }) => body.document.id)).size, 5)
  await app.runJobs()
  const { data } = (await api.send('GET', `/v1/datasets/${dataset.id as string}/documents`)).body
  t.deepEqual(data.map((one: any) => [one.position, one.indexing_status]).sort(), [1, 2, 3, 4, 5].map((position) => [position, 'completed']))
})

test.serial('nothing that was refused, and nothing that was deleted, stays in storage', async (t) => {
  const dataset = await newDataset()
  const before = await stored()
  await addFile(dataset, 'a.exe', 'x')
  await addFile(dataset, 'a.txt', 'x', { process_rule: { mode: 'custom' } })
  await addText(dataset, 'a', 'x', { doc_form: 'qa_model' })
  t.deepEqual(await stored(), before)
  const { body } = await addFile(dataset, 'a.txt', 'kept')
  await addText(dataset, 'b', 'kept too')
  t.is((await stored()).length, before.length + 2)
  await api.send('DELETE', `/v1/datasets/${dataset.id as string}/documents/${body.document.id as string}`)
  await app.runJobs()
  t.is((await stored()).length, before.length + 1)
  await api.send('DELETE', `/v1/datasets/${dataset.id as string}`)
  await app.runJobs()
  t.deepEqual(await stored(), before)
})

test.serial('rows that depend on a row are found by an index of just its key, so that to delete it is not to search', async (t) => {
  // Without statistics one index seems as good as another, and every row of a workspace may be under the wrong one. So it must begin with
  // all columns of the foreign key, or, where no index begins with the workspace, with the others.
  const slow = await app.resolve(database).query<{ key: string }>(`
    WITH indexes AS (
      SELECT indrelid, indkey::int2[] AS columns, (SELECT attname FROM pg_attribute WHERE attrelid = indrelid AND attnum = indkey[0]) AS first
      FROM pg_index WHERE indpred IS NULL
    ), keys AS (
      SELECT conrelid, conname, conkey, array_remove(conkey, (SELECT attnum FROM pg_attribute WHERE attrelid = conrelid AND attname = 'workspace_id')) AS ids
      FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
    )
    SELECT conrelid::regclass || ': ' || conname AS key FROM keys k
    WHERE NOT EXISTS (SELECT FROM indexes i WHERE i.indrelid = k.conrelid AND i.columns[0:cardinality(k.conkey) - 1] @> k.conkey)
      AND NOT (EXISTS (SELECT FROM indexes i WHERE i.indrelid = k.conrelid AND i.columns[0:cardinality(k.ids) - 1] @> k.ids)
        AND NOT EXISTS (SELECT FROM indexes i WHERE i.indrelid = k.conrelid AND i.first = 'workspace_id'))`)
  t.deepEqual(slow.map(({ key }) => key).sort(), [])
})

test.serial('a dataset and its documents may be deleted at the same moment', async (t) => {
  for (let round = 0; round < 5; round += 1) {
    const dataset = await newDataset({ indexing_technique: 'high_quality' })
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((name) => addText(dataset, name, `The heron of ${name}.`, { indexing_technique: 'high_quality' })))
    await app.runJobs()
    const at = `/v1/datasets/${dataset.id as string}`
    const answers = await Promise.all([...made.map(({ body }) => `${at}/documents/${body.document.id as string}`), at].map((path) => api.send('DELETE', path)))
    t.is(answers.at(-1)?.status, 204)
    for (const { status, body } of answers) t.true([204, 404].includes(status), JSON.stringify(body))
  }
})

test.serial('a dataset counts more words than 32 bits hold', async (t) => {
  const dataset = await newDataset()
  for (const name of ['a', 'b']) await addText(dataset, name, 'The heron waits.')
  await app.runJobs()
  await app.resolve(database).query('UPDATE documents SET word_count = 2000000000 WHERE dataset_id = $1', [dataset.id])
  t.is((await api.send('GET', `/v1/datasets/${dataset.id as string}`)).body.word_count, 4_000_000_000)
})
