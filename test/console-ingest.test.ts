/** From a file to a document in the console: sent, looked into, cut for show, made a document or swept away. */
import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { database, queue } from '../core/index.ts'
import { accounts } from '../plugins/auth/ports.ts'
import type { DatasetsConfig } from '../plugins/datasets/config.ts'
import { DocumentFault } from '../plugins/datasets/errors.ts'
import { sweepFiles } from '../plugins/datasets/jobs/sweep-files.ts'
import { looks } from '../plugins/datasets/services/looks.ts'
import { pdf } from './support/files/pdf.ts'
import { automatic, bySeparator, knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { signIn } from './support/world.ts'

interface Answer { readonly status: number; readonly body: any }
type Headers = Record<string, string>
let known: Knowledge
let [ann, bob, eve]: Headers[] = []
const password = 'correct horse 42'

test.before(async () => {
  known = await knowledge({ config: { server: { uploadBytes: 3_000_000 } } })
  const port = known.app.resolve(accounts)
  ann = await signIn(known.app, { email: 'ann@example.org', password })
  const add = async (email: string, workspaceId?: string): Promise<Headers> => {
    const { accountId } = await port.createAccount({ email, name: email, password })
    if (workspaceId) await port.setRole(workspaceId, accountId, 'editor')
    else await port.createWorkspace(email, accountId)
    return signIn(known.app, { email, password })
  }
  bob = await add('bob@example.org', known.owner.workspaceId)
  eve = await add('eve@example.org')
})
test.after.always(() => known.app.close())

const send = async (method: string, path: string, json?: unknown, headers = ann): Promise<Answer> => {
  const response = await known.app.fetch(`/console/api${path}`, { method, headers: headers as Headers, ...json === undefined ? {} : { json } })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}
const upload = async (name: string, content: string | Buffer, headers = ann, fields: Headers = { source: 'datasets' }): Promise<Answer> => {
  const form = new FormData()
  form.set('file', new Blob([content]), name)
  for (const [field, value] of Object.entries(fields)) form.set(field, value)
  const response = await known.app.fetch('/console/api/files/upload', { method: 'POST', headers: headers as Headers, body: form })
  return { status: response.status, body: await response.json() }
}
const sent = async (name: string, content: string | Buffer): Promise<string> => (await upload(name, content)).body.id as string
const infoOf = (...file_ids: string[]) => ({ data_source_type: 'upload_file', file_info_list: { file_ids } })
const estimate = (ids: string[], more: object = {}, headers = ann): Promise<Answer> =>
  send('POST', '/datasets/indexing-estimate', { info_list: infoOf(...ids), indexing_technique: 'economy', process_rule: bySeparator('\n'), doc_form: 'text_model', doc_language: 'English', ...more }, headers)
const configOf = (ids: string[], more: object = {}) =>
  ({ indexing_technique: 'economy', data_source: { type: 'upload_file', info_list: infoOf(...ids) }, process_rule: bySeparator('\n'), doc_form: 'text_model', doc_language: 'English', ...more })
const files = async (): Promise<number> => (await readdir(join(known.app.dataDir, 'storage'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length
const count = async (what: string): Promise<number> => Number((await known.app.resolve(database).query<{ n: number }>(`SELECT count(*)::int AS n FROM ${what}`))[0]?.n)
const lines = (word: string, many: number): string => Array.from({ length: many }, (_, n) => `${word} ${n + 1}`).join('\n')

test.serial('a file is taken, or refused with words, and looked into', async (t) => {
  const before = await files()
  const { status, body } = await upload('Herons.TXT', `\uFEFF${'x'.repeat(2999)}🦉🦉`)
  t.is(status, 201)
  t.like(body, { name: 'Herons.TXT', extension: 'txt', size: 3 + 2999 + 8, created_by: known.owner.accountId })
  t.deepEqual(Object.keys(body as object).sort(), ['created_at', 'created_by', 'extension', 'id', 'mime_type', 'name', 'size'])
  t.is(await files(), before + 1)
  // Characters are whole ones, and no more than 3,000.
  t.deepEqual(await send('GET', `/files/${body.id as string}/preview`), { status: 200, body: { content: `${'x'.repeat(2999)}🦉` } })
  t.deepEqual((await send('GET', `/files/${await sent('a.pdf', pdf(['A heron waits.'], ['An owl hunts.']))}/preview`)).body.content.match(/heron|owl/g), ['heron', 'owl'])
  t.deepEqual((await send('GET', `/files/${await sent('nul.txt', `${'a heron '.repeat(40)}\0.`)}/preview`)).body, { content: `${'a heron '.repeat(40)}.` })

  const kept = await files()
  t.like(await upload('a.exe', 'x'), { status: 400, body: { code: 'invalid_param', params: 'file' } })
  t.like(await upload('a.doc', 'x'), { status: 400, body: { code: 'invalid_param', message: 'Files of the type "doc" cannot be read. Save it as .docx and send that.' } })
  t.like(await upload('../a.txt', 'x'), { status: 400, body: { params: 'file' } })
  t.like(await upload('a.txt', 'x'.repeat(3_000_001)), { status: 413, body: { code: 'file_too_large' } })
  t.like(await upload('a.txt', 'x', ann, { source: 'apps' }), { status: 400, body: { params: 'source' } })
  t.like(await upload('a.txt', 'x', ann, { colour: 'red' }), { status: 400, body: { params: 'colour' } })
  t.is(await files(), kept)
  t.is((await known.app.fetch('/console/api/files/upload', { method: 'POST', headers: { ...ann, 'content-type': 'multipart/form-data; boundary=x' }, body: '--x--\r\n' })).status, 400)

  t.deepEqual((await send('GET', '/files/upload')).body, { file_size_limit: 2.86, batch_count_limit: 20 })
  const { allowed_extensions: endings } = (await send('GET', '/files/support-type')).body
  t.true(['txt', 'pdf', 'docx', 'csv', 'vtt'].every((ending) => endings.includes(ending)) && !endings.includes('exe'))

  // Of nobody, of another workspace, of no form.
  for (const [id, headers] of [[randomUUID(), ann], [body.id, eve]] as const) {
    t.like(await send('GET', `/files/${id as string}/preview`, undefined, headers), { status: 404, body: { code: 'not_found' } })
  }
  t.is((await send('GET', '/files/nonsense/preview')).status, 404)
  t.is((await send('GET', `/files/${body.id as string}/preview`, undefined, bob)).status, 200, 'a colleague sees it')
  t.like(await send('GET', `/files/${await sent('broken.pdf', 'no pdf at all')}/preview`), { status: 400, body: { code: 'invalid_param', params: 'file_id' } })
})

test.serial('what is shown beforehand is what indexing makes of it', async (t) => {
  const [first, second] = [await sent('first.txt', lines('heron', 8)), await sent('second.md', lines('owl', 5))]
  const shown = await estimate([first, second])
  t.is(shown.status, 200, JSON.stringify(shown.body))
  t.like(shown.body, { total_segments: 13, has_more: false, qa_preview: [], tokens: 0, total_price: 0, currency: 'USD' })
  t.is(shown.body.preview.length, 10)
  t.deepEqual(shown.body.preview.slice(6), [{ content: 'heron 7' }, { content: 'heron 8' }, { content: 'owl 1' }, { content: 'owl 2' }])
  t.is(await count('document_segments'), 0)

  const { status, body } = await send('POST', '/datasets/init', configOf([first, second]))
  t.is(status, 201, JSON.stringify(body))
  t.like(body.dataset, { name: 'first.txt...', indexing_technique: 'economy', doc_form: 'text_model', document_count: 2, permission: 'only_me', created_by: known.owner.accountId })
  t.deepEqual(body.documents.map((one: any) => [one.name, one.created_from, one.position, one.data_source_info.upload_file_id]), [['first.txt', 'web', 1, first], ['second.md', 'web', 2, second]])
  await known.app.runJobs()
  const { dataset: { id }, documents: [document], batch } = body
  const at = `/datasets/${id as string}`
  t.deepEqual(await known.contents({ id }, document.id), lines('heron', 8).split('\n'))
  t.deepEqual((await send('GET', `${at}/batch/${batch as string}/indexing-estimate`)).body, shown.body)
  const one = await send('GET', `${at}/documents/${document.id as string}/indexing-estimate`)
  t.like(one.body, { total_segments: 8, has_more: false })
  t.deepEqual(one.body.preview.map(({ content }: any) => content), lines('heron', 8).split('\n'))
  t.like((await estimate([first], { dataset_id: id })).body, { total_segments: 8 })
  t.like(await estimate([first], { dataset_id: id, doc_form: 'hierarchical_model' }), { status: 400, body: { params: 'doc_form' } })

  // How it is cut, and how one begins.
  t.deepEqual((await send('GET', `/datasets/process-rule?document_id=${document.id as string}`)).body, { ...bySeparator('\n'), limits: { indexing_max_segmentation_tokens_length: 4000 } })
  t.like((await send('GET', '/datasets/process-rule')).body, { mode: 'custom', rules: { segmentation: { separator: '\n', max_tokens: 1024, chunk_overlap: 50 } } })
  t.like((await send('GET', '/datasets/process-rule?document_id=')).body, { mode: 'custom' })

  // It is Ann's own: a colleague is told nothing of it, and neither is somebody of another workspace.
  for (const [headers, status] of [[bob, 403], [eve, 404]] as const) {
    t.is((await send('GET', `${at}/documents/${document.id as string}/indexing-estimate`, undefined, headers)).status, status)
    t.is((await send('GET', `${at}/batch/${batch as string}/indexing-estimate`, undefined, headers)).status, status)
    t.is((await send('POST', `${at}/documents`, configOf([randomUUID()]), headers)).status, status)
    t.like(await send('GET', `/datasets/process-rule?document_id=${document.id as string}`, undefined, headers), { status: 404, body: { message: 'Document not found.' } })
    t.is((await send('GET', `/files/${first}/preview`, undefined, headers)).status, 404)
    t.like(await estimate([first], {}, headers), { status: 400, body: { params: 'file_ids' } })
  }
  const other = (await send('POST', '/datasets/init', configOf([await sent('x.txt', 'x')]))).body
  for (const path of [`/documents/${other.documents[0].id as string}`, `/batch/${other.batch as string}`]) {
    t.like(await send('GET', `${at}${path}/indexing-estimate`), { status: 404, body: { code: 'not_found' } })
  }
})

test.serial('the other forms: parents with children, questions with answers', async (t) => {
  const text = await sent('parents.txt', lines('One. Two. Three. heron', 20))
  const rules = { pre_processing_rules: [], segmentation: { separator: '\n', max_tokens: 100 }, parent_mode: 'paragraph', subchunk_segmentation: { separator: '. ', max_tokens: 50 } }
  const { body } = await estimate([text], { doc_form: 'hierarchical_model', process_rule: { mode: 'hierarchical', rules } })
  t.like(body, { total_segments: 20, qa_preview: [] })
  t.deepEqual(body.preview[1], { content: 'One. Two. Three. heron 2', child_chunks: ['One', 'Two', 'Three', 'heron 2'] })
  const whole = await estimate([text], { doc_form: 'hierarchical_model', process_rule: { mode: 'hierarchical', rules: { ...rules, parent_mode: 'full-doc', subchunk_segmentation: { separator: ' ', max_tokens: 50 } } } })
  t.is(whole.body.total_segments, 1)
  t.is(whole.body.preview[0].child_chunks.length, 50)

  const table = await sent('pairs.csv', `question,answer\n${Array.from({ length: 11 }, (_, n) => `Why ${n + 1}?,Because ${n + 1}.`).join('\n')}`)
  const pairs = await estimate([table], { doc_form: 'qa_model', process_rule: null })
  t.like(pairs.body, { preview: [], total_segments: 11 })
  t.is(pairs.body.qa_preview.length, 10)
  t.deepEqual(pairs.body.qa_preview.at(-1), { question: 'Why 10?', answer: 'Because 10.' })
  t.like(await estimate([text], { doc_form: 'qa_model' }), { status: 400, body: { code: 'invalid_param', params: 'file_ids' } })
  t.is((await estimate([text], { process_rule: automatic })).body.total_segments, 2)

  // What cannot be cut so is told, and in which field.
  const refused: [object, string][] = [
    [{ process_rule: bySeparator('\n', 10) }, 'file_ids'], [{ process_rule: { mode: 'custom' } }, 'process_rule.rules'],
    [{ process_rule: { mode: 'custom', rules: { pre_processing_rules: [{ id: 'translate', enabled: true }], segmentation: { separator: '\n', max_tokens: 100 } } } }, 'process_rule.rules.pre_processing_rules'],
    [{ info_list: infoOf() }, 'info_list.file_info_list.file_ids'], [{ info_list: infoOf(text, text) }, 'info_list.file_info_list.file_ids.1'],
    [{ info_list: infoOf('nonsense') }, 'info_list.file_info_list.file_ids.0'], [{ info_list: infoOf(randomUUID()) }, 'file_ids'],
    [{ info_list: { ...infoOf(text), data_source_type: 'notion_import' } }, 'info_list.data_source_type'], [{ doc_form: 'x' }, 'doc_form'],
  ]
  for (const [more, params] of refused) t.like(await estimate([text], more), { status: 400, body: { code: 'invalid_param', params } }, JSON.stringify(more))
  t.like(await estimate([await sent('blank.txt', ' \n ')]), { status: 400, body: { params: 'file_ids' } })
  t.like(await estimate([text], { dataset_id: randomUUID() }), { status: 404 })
})

test.serial('a look takes little time, there are few at once, and what is counted until then is told', async (t) => {
  const looking = looks.create({ config: { lookMs: 400, looks: 1 } as DatasetsConfig })
  const [signal, all] = [new AbortController().signal, () => true]
  const slowly = (first: number) => async function* (signal: AbortSignal) { for (let n = first; ; n += 1) { if (n > 0) yield n; await sleep(30, undefined, { signal }) } }
  const few = async function* () { yield 1; yield 2 }
  const seen: number[] = []
  const began = Date.now()
  t.is(await looking.look('file', signal, slowly(1), (n) => seen.push(n) > 0), false)
  t.true(seen.length > 1 && Date.now() - began < 2000)
  const long = looking.look('file', signal, async function* () { yield 1; await sleep(900); yield 2 }, all)
  await t.throwsAsync(looking.look('file', signal, few, all), { code: 'service_unavailable' }, 'others take too long')
  t.is(await long, false)
  t.is(await looking.look('file', signal, few, all), true)
  t.is(await looking.look('file', signal, slowly(1), (n) => n < 2), false)
  await t.throwsAsync(looking.look('file', signal, slowly(-1000), all), { code: 'invalid_param', message: /There is no text to show after 0.4 seconds/ })
  await t.throwsAsync(looking.look('file', signal, async function* () { yield 1; throw new DocumentFault('It is torn.') }, all), { code: 'invalid_param', message: 'It is torn.' })
  // Whoever goes away, in the queue or at its turn, leaves its place to the next.
  const [atWork, inQueue] = [new AbortController(), new AbortController()]
  const [one, two] = [looking.look('file', atWork.signal, slowly(1), all), looking.look('file', inQueue.signal, few, all)]
  await sleep(60)
  const three = looking.look('file', signal, few, all)
  inQueue.abort(new Error('gone'))
  atWork.abort(new Error('gone'))
  await Promise.all([t.throwsAsync(one), t.throwsAsync(two, { message: 'gone' })])
  t.is(await three, true)

  const large = await sent('large.txt', lines('a passage of some words that takes its time', 55_000))
  const controller = new AbortController()
  const left = known.app.fetch('/console/api/datasets/indexing-estimate', { headers: ann as Headers, json: { info_list: infoOf(large) }, signal: controller.signal })
  setTimeout(() => { controller.abort() }, 50)
  await t.throwsAsync(left, { any: true })
  t.is((await estimate([await sent('small.txt', 'small')])).status, 200)
})

test.serial('files become documents all at once or not at all, and each of them once', async (t) => {
  const [one, other] = [await sent('a-file-with-a-long-name.txt', 'one'), await sent('b.txt', 'other')]
  const datasets = await count('datasets')
  const state = async (): Promise<number[]> => [await count('datasets'), await count('documents'), await count('upload_files WHERE waiting_since IS NOT NULL')]
  const before = await state()
  const refused: [object, string][] = [
    [configOf([one, randomUUID()]), 'file_ids'], [configOf([one], { indexing_technique: null }), 'indexing_technique'], [configOf([one], { process_rule: null }), 'process_rule'],
    [configOf([one], { doc_form: 'qa_model' }), 'doc_form'], [configOf([one], { process_rule: { mode: 'custom' } }), 'process_rule.rules'],
    [configOf([one], { original_document_id: randomUUID() }), 'original_document_id'], [configOf([one], { summary_index_setting: { enable: true } }), 'summary_index_setting'],
    [configOf([]), 'data_source.info_list.file_info_list.file_ids'], [configOf([one], { data_source: undefined }), 'data_source'],
    [configOf([one], { embedding_model: 'no', embedding_model_provider: 'toy', indexing_technique: 'high_quality' }), ''],
  ]
  for (const [json, params] of refused) {
    const { status, body } = await send('POST', '/datasets/init', json)
    t.like({ status, code: body.code, params: body.params ?? '' }, { status: 400, code: 'invalid_param', params }, JSON.stringify(body))
  }
  t.like(await send('POST', '/datasets/init', configOf([one]), eve), { status: 400, body: { params: 'file_ids' } })
  t.deepEqual(await state(), before)

  // Of many at once, one gets the file; names are free ones.
  const racing = await Promise.all(Array.from({ length: 4 }, () => send('POST', '/datasets/init', configOf([one], { indexing_technique: 'high_quality' }))))
  t.deepEqual(racing.map(({ status }) => status).sort(), [201, 400, 400, 400])
  t.is(await count('datasets'), datasets + 1)
  const { dataset } = racing.find(({ status }) => status === 201)?.body as { dataset: any }
  t.like(dataset, { name: 'a-file-with-a-long...', indexing_technique: 'high_quality', embedding_model: 'words' })
  const same = await Promise.all([1, 2, 3].map(async () => (await send('POST', '/datasets/init', configOf([await sent('a-file-with-a-long-tail.txt', 'x')]))).body.dataset.name as string))
  t.deepEqual(same.sort(), ['a-file-with-a-long... (2)', 'a-file-with-a-long... (3)', 'a-file-with-a-long... (4)'])

  // More of them; the same name once more takes the place of the old one, but not within one request.
  const at = `/datasets/${dataset.id as string}/documents`
  const added = await send('POST', at, configOf([other, await sent('b.txt', 'another')]))
  t.is(added.status, 200, JSON.stringify(added.body))
  t.like(added.body.dataset, { id: dataset.id, document_count: 3, indexing_technique: 'high_quality' })
  t.deepEqual(added.body.documents.map((document: any) => [document.name, document.position]), [['b.txt', 2], ['b.txt', 3]])
  const replaced = await send('POST', at, configOf([await sent('b.txt', 'a third')]))
  t.deepEqual(replaced.body.documents.map(({ id }: any) => id), [added.body.documents[1].id])
  const named = await send('POST', at, configOf([await sent('c.txt', 'named')], { original_document_id: added.body.documents[0].id }))
  t.like(named.body.documents, [{ id: added.body.documents[0].id, name: 'c.txt' }])
  await known.app.runJobs()
  t.deepEqual(await known.contents(dataset, added.body.documents[0].id), ['named'])
  t.deepEqual(await known.contents(dataset, added.body.documents[1].id), ['a third'])

  t.like(await send('POST', at, configOf([one])), { status: 400, body: { params: 'file_ids' } })
  t.like(await send('POST', at, configOf([await sent('d.txt', 'd')], { original_document_id: randomUUID() })), { status: 404 })
  t.like(await send('POST', at, configOf([await sent('e.txt', 'e'), await sent('f.txt', 'f')], { original_document_id: added.body.documents[0].id })), { status: 400, body: { params: 'file_ids' } })
  t.like(await send('POST', at, configOf([await sent('g.txt', 'g')], { doc_form: 'hierarchical_model' })), { status: 400, body: { params: 'doc_form' } })
})

test.serial('what never becomes a document goes after a day', async (t) => {
  const db = known.app.resolve(database)
  const [old, young] = [await sent('old.txt', 'old'), await sent('young.txt', 'young')]
  const { body } = await send('POST', '/datasets/init', configOf([await sent('kept.txt', 'kept')]))
  await db.query(`UPDATE upload_files SET created_at = now() - interval '25 hours', waiting_since = waiting_since - interval '25 hours' WHERE id <> $1`, [young])
  const waiting = await count('upload_files WHERE waiting_since IS NOT NULL')
  const [rows, stored] = [await count('upload_files'), await files()]
  await known.app.resolve(queue).enqueue(sweepFiles, {})
  await known.app.runJobs()
  t.is(await count('upload_files'), rows - waiting + 1)
  t.is(await files(), stored - waiting + 1)
  t.is((await send('GET', `/files/${old}/preview`)).status, 404)
  t.like((await send('GET', `/files/${young}/preview`)).body, { content: 'young' })
  t.like((await send('GET', `/files/${body.documents[0].data_source_info.upload_file_id as string}/preview`)).body, { content: 'kept' })
  t.like(await send('POST', '/datasets/init', configOf([old])), { status: 400, body: { params: 'file_ids' } })
})
