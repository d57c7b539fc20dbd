/** Metadata of documents and tags of knowledge bases: made, given, filtered by, renamed, taken away, by keys and in the console. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import { database } from '../core/index.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import { client } from './support/client.ts'
import type { Answer } from './support/client.ts'
import { knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { makeWorkspace, signIn } from './support/world.ts'
import type { Workspace } from './support/world.ts'

let { app, owner, api, newToken, newDataset, addText } = {} as Knowledge
let theirs: Workspace
let session: Record<string, string>
test.before(async () => {
  ({ app, owner, api, newToken, newDataset, addText } = await knowledge())
  theirs = await makeWorkspace(app, 'theirs')
  session = await signIn(app, { email: 'ann@example.org', password: 'correct horse 42' })
})
test.after.always(() => app.close())

const db = (sql: string, ...values: unknown[]) => app.resolve(database).query(sql, values)
const console_ = async (method: string, path: string, json?: object): Promise<Answer> => {
  const response = await app.fetch(`/console/api${path}`, { method, headers: session, ...json ? { json } : {} })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) as unknown, headers: response.headers }
}
interface Shelf { readonly id: string; readonly at: string; readonly documents: readonly string[] }
const shelf = async (...names: string[]): Promise<Shelf> => {
  const { id } = await newDataset() as { id: string }
  const documents: string[] = []
  for (const name of names) documents.push((await addText({ id }, name, `The heron of ${name} waits.`)).body.document.id as string)
  await app.runJobs()
  return { id, at: `/v1/datasets/${id}`, documents }
}
const field = async ({ at }: Shelf, name: string, type: string): Promise<{ id: string; name: string }> => {
  const { status, body } = await api.send('POST', `${at}/metadata`, { name, type })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return { id: body.id as string, name }
}
type Given = readonly [field: { id: string; name: string }, value: unknown]
const operation = (document_id: string, given: readonly Given[], partial_update?: boolean) => ({
  document_id, metadata_list: given.map(([{ id, name }, value]) => ({ id, name, value })), ...partial_update === undefined ? {} : { partial_update },
})
const write = ({ at }: Shelf, ...operation_data: object[]): Promise<Answer> => api.send('POST', `${at}/documents/metadata`, { operation_data })
/** Name and value of all that a document shows. */
const shown = async ({ at }: Shelf, id = ''): Promise<Record<string, unknown>> =>
  Object.fromEntries((await api.send('GET', `${at}/documents/${id}`)).body.doc_metadata.map((one: any) => [one.name, one.value]))
const listed = async ({ at }: Shelf): Promise<unknown[][]> => (await api.send('GET', `${at}/metadata`)).body.doc_metadata.map((one: any) => [one.name, one.type, one.count])
const found = async ({ at }: Shelf, ...conditions: object[]): Promise<string[]> => {
  const model = { search_method: 'keyword_search', reranking_enable: false, top_k: 10, score_threshold_enabled: false, metadata_filtering_conditions: { conditions } }
  const { body } = await api.send('POST', `${at}/retrieve`, { query: 'heron', retrieval_model: model })
  return body.records.map((one: any) => one.segment.document.name).sort()
}
const is = (name: string, value: unknown, comparison_operator = 'is') => ({ name, comparison_operator, value })

test.serial('a field is made, listed, renamed and deleted, with the values that documents have', async (t) => {
  const one = await shelf('red', 'green', 'blue')
  const [red = '', green = '', blue = ''] = one.documents
  const made = await api.send('POST', `${one.at}/metadata`, { type: 'string', name: ' Author ' })
  t.is(made.status, 201)
  t.deepEqual(made.body, { id: made.body.id, name: 'Author', type: 'string' })
  const author = { id: made.body.id as string, name: 'Author' }
  const [pages, printed] = [await field(one, 'pages', 'number'), await field(one, 'printed', 'time')]
  t.deepEqual((await api.send('GET', `${one.at}/metadata`)).body, {
    built_in_field_enabled: false,
    doc_metadata: [{ ...author, type: 'string', count: 0 }, { ...pages, type: 'number', count: 0 }, { ...printed, type: 'time', count: 0 }],
  })
  const rows = [{ ...author, type: 'string' }, { ...pages, type: 'number' }, { ...printed, type: 'time' }]
  t.deepEqual((await api.send('GET', one.at)).body.doc_metadata, rows)
  t.deepEqual((await api.send('GET', '/v1/datasets?limit=100')).body.data.find(({ id }: any) => id === one.id).doc_metadata, rows)

  const answer = await write(one, operation(red, [[author, 'Ann'], [pages, 12.5], [printed, 1767225600]]), operation(green, [[author, 'Bob']]), operation(blue, [[author, null]]))
  t.deepEqual([answer.status, answer.body], [200, { result: 'success' }])
  const values = [{ ...author, type: 'string', value: 'Ann' }, { ...pages, type: 'number', value: 12.5 }, { ...printed, type: 'time', value: 1767225600 }]
  t.deepEqual((await api.send('GET', `${one.at}/documents/${red}`)).body.doc_metadata, values)
  t.deepEqual((await api.send('GET', `${one.at}/documents/${red}?metadata=only`)).body, { id: red, doc_type: null, doc_metadata: values })
  t.deepEqual((await api.send('GET', `${one.at}/documents`)).body.data.map((each: any) => each.doc_metadata.length), [1, 1, 3])
  t.deepEqual(await shown(one, blue), { Author: null })
  t.deepEqual(await listed(one), [['Author', 'string', 3], ['pages', 'number', 1], ['printed', 'time', 1]])
  t.deepEqual(await found(one, is('Author', 'Ann')), ['red'])
  t.deepEqual(await found(one, is('pages', 12, '>'), is('printed', 1767225601, 'before')), ['red'])
  t.deepEqual(await found(one, is('Author', null, 'empty')), ['blue'])

  // With partial_update the rest stays, otherwise it goes.
  t.is((await write(one, operation(red, [[pages, 13]], true), operation(green, [[pages, 7]], false))).status, 200)
  t.deepEqual([await shown(one, red), await shown(one, green)], [{ Author: 'Ann', pages: 13, printed: 1767225600 }, { pages: 7 }])
  t.is((await write(one, operation(green, []), operation(green, [[author, 'Bob']], true), operation(green, [[pages, 8]], true))).status, 200)
  t.deepEqual(await shown(one, green), { Author: 'Bob', pages: 8 })
  t.is((await write(one)).status, 200)

  // Documents that no search would find have their values under the new name too.
  await db('UPDATE documents SET enabled = false WHERE id = $1', red)
  await db('UPDATE documents SET archived = true WHERE id = $1', blue)
  const renamed = await api.send('PATCH', `${one.at}/metadata/${author.id}`, { name: 'Written by' })
  t.deepEqual([renamed.status, renamed.body], [200, { id: author.id, name: 'Written by', type: 'string' }])
  t.deepEqual(await shown(one, red), { 'Written by': 'Ann', pages: 13, printed: 1767225600 })
  t.deepEqual(await shown(one, blue), { 'Written by': null })
  t.deepEqual([await found(one, is('Written by', 'Bob')), await found(one, is('Author', 'Bob'))], [['green'], []])
  t.is((await api.send('PATCH', `${one.at}/metadata/${author.id}`, { name: 'Written by' })).status, 200)
  t.like(await write(one, operation(green, [[author, 'Cid']])), { status: 400, body: { code: 'invalid_param', params: 'operation_data.0.metadata_list.0' } })

  t.is((await api.send('DELETE', `${one.at}/metadata/${pages.id}`)).status, 204)
  t.deepEqual(await shown(one, red), { 'Written by': 'Ann', printed: 1767225600 })
  t.deepEqual(await db(`SELECT 1 FROM documents WHERE dataset_id = $1 AND doc_metadata ? 'pages'`, one.id), [])
  t.deepEqual(await found(one, is('pages', 8, '=')), [])
  const again = await field(one, 'pages', 'string')
  t.deepEqual(await listed(one), [['Written by', 'string', 3], ['printed', 'time', 1], ['pages', 'string', 0]])
  t.not(again.id, pages.id)
  for (const [method, body] of [['PATCH', { name: 'x' }], ['DELETE', undefined]] as const) {
    t.like(await api.send(method, `${one.at}/metadata/${pages.id}`, body), { status: 404, body: { code: 'not_found', message: 'Metadata not found.' } })
  }
})

test.serial('a name is one field: case as written, none of the built-in ones, also when many ask at once', async (t) => {
  const [one, other] = [await shelf(), await shelf()]
  const make = (body: object) => api.send('POST', `${one.at}/metadata`, body)
  const answers = await Promise.all(Array.from({ length: 8 }, () => make({ name: 'year', type: 'number' })))
  t.deepEqual(answers.map(({ status }) => status).sort(), [201, 400, 400, 400, 400, 400, 400, 400])
  t.like(answers.find(({ status }) => status === 400)?.body, { code: 'invalid_param', params: 'name', message: 'Metadata name already exists. Choose another name.' })
  const author = await field(one, 'author', 'string')
  t.is((await make({ name: 'Year', type: 'string' })).status, 201)
  t.is((await api.send('POST', `${other.at}/metadata`, { name: 'year', type: 'time' })).status, 201)
  for (const name of ['year', 'source', 'uploader', '', ' ', 'a\0', '\ud800', 'x'.repeat(256), 7, null, undefined]) {
    t.like(await make({ name, type: 'string' }), { status: 400, body: { code: 'invalid_param', params: 'name' } }, String(name))
    t.like(await api.send('PATCH', `${one.at}/metadata/${author.id}`, { name }), { status: 400, body: { params: 'name' } }, String(name))
  }
  for (const type of ['text', '', null, 1, undefined]) t.like(await make({ name: 'new', type }), { status: 400, body: { params: 'type' } })
  for (const [method, body] of [['PATCH', { name: 'x' }], ['DELETE', undefined]] as const) {
    t.like(await api.send(method, `${other.at}/metadata/${author.id}`, body), { status: 404, body: { message: 'Metadata not found.' } })
  }
  // Names that mean something elsewhere mean nothing here.
  const [document = ''] = (await addText(other, 'a', 'The heron waits.')).body.document.id.split(' ') as string[]
  const odd = []
  for (const name of ['__proto__', 'constructor', 'toString', `it's "quoted" $1 \\ ?`, '📗'.repeat(255)]) odd.push(await field(other, name, 'string'))
  t.deepEqual(await shown(other, document), {})
  t.is((await write(other, operation(document, odd.map((each): Given => [each, 'x'])))).status, 200)
  const [row] = await db('SELECT doc_metadata FROM documents WHERE id = $1', document)
  t.deepEqual(Object.keys(row?.['doc_metadata'] as object).sort(), odd.map(({ name }) => name).sort())
  t.is((await api.send('GET', `${other.at}/documents/${document}`)).body.doc_metadata.length, 5)
  await app.runJobs()
  t.deepEqual(await found(other, is(`it's "quoted" $1 \\ ?`, 'x')), ['a'])
  t.is((await api.send('PATCH', `${other.at}/metadata/${odd[0]?.id ?? ''}`, { name: 'plain' })).status, 200)
  t.deepEqual((await listed(other)).map(([name, , count]) => [String(name).slice(0, 5), count]), [['year', 0], ['plain', 1], ['const', 1], ['toStr', 1], [`it's `, 1], ['📗📗📗'.slice(0, 5), 1]])
})

test.serial('what does not fit writes nothing', async (t) => {
  const [one, other] = [await shelf('red', 'green'), await shelf('else')]
  const [red = '', green = ''] = one.documents
  const fields = { text: await field(one, 'text', 'string'), number: await field(one, 'number', 'number'), time: await field(one, 'time', 'time') }
  const foreign = await field(other, 'text', 'string')
  t.is((await write(one, operation(red, [[fields.text, 'before']]))).status, 200)
  const refused = async (params: string, ...operations: object[]): Promise<string> => {
    const { status, body } = await write(one, operation(red, [[fields.text, 'after']]), ...operations)
    t.like({ status, body }, { status: 400, body: { code: 'invalid_param', status: 400, params } }, JSON.stringify(operations))
    return body.message as string
  }
  const wrong = (name: keyof typeof fields, value: unknown): Promise<string> => refused('operation_data.1.metadata_list.0', operation(green, [[fields[name], value]]))
  for (const value of [1, 0]) t.regex(await wrong('text', value), /"text" takes a text/)
  for (const value of ['1', '', 'many']) t.regex(await wrong('number', value), /"number" takes a number; send it without quotes/)
  for (const value of ['2026-01-01', 1.5, 1767225600000, -1e300]) t.regex(await wrong('time', value), /seconds since 1970/)
  for (const value of ['a\0', '\ud800', 'x'.repeat(65_537), true, {}, [], ['x']]) await refused('operation_data.1.metadata_list.0.value', operation(green, [[fields.text, value]]))
  t.regex(await refused('operation_data.1.metadata_list.0', operation(green, [[{ ...fields.text, name: 'number' }, 'x']])), /is called "text", not "number"/)
  for (const id of [foreign.id, randomUUID()]) await refused('operation_data.1.metadata_list.0', operation(green, [[{ id, name: 'text' }, 'x']]))
  for (const id of [other.documents[0] ?? '', randomUUID()]) t.regex(await refused('operation_data.1.document_id', operation(id, [])), /Document not found/)
  await refused('operation_data.1.document_id', operation('x', []))
  await refused('operation_data.1.metadata_list.0.id', operation(green, [[{ id: 'built-in', name: 'source' }, 'x']]))
  await refused('operation_data.1.metadata_list.1', operation(green, [[fields.text, 'a'], [fields.text, 'b']]))
  await refused('operation_data.1.metadata_list', { document_id: green })
  await refused('operation_data.1.partial_update', { ...operation(green, []), partial_update: 'perhaps' })
  t.like(await api.send('POST', `${one.at}/documents/metadata`, {}), { status: 400, body: { params: 'operation_data' } })
  // Infinity is no number of JSON, however large a one is written.
  const huge = await app.fetch(`${one.at}/documents/metadata`, {
    method: 'POST', token: await newToken(), headers: { 'content-type': 'application/json' },
    body: `{"operation_data":[{"document_id":"${red}","metadata_list":[{"id":"${fields.number.id}","name":"number","value":1e999}]}]}`,
  })
  t.is(huge.status, 400)
  // Each of them would have left the valid operation before it behind.
  t.deepEqual([await shown(one, red), await shown(one, green)], [{ text: 'before' }, {}])
  t.is((await write(one, operation(green, [[fields.text, 'x'.repeat(65_536)], [fields.number, -1e300], [fields.time, -1]]))).status, 200)
  t.like(await shown(one, green), { number: -1e300, time: -1 })
})

test.serial('no value is written under a name that goes at the same moment', async (t) => {
  const one = await shelf('red')
  const [red = ''] = one.documents
  const known = await field(one, 'colour', 'string')
  for (let round = 0; round < 5; round += 1) {
    const before = { ...known, name: round === 0 ? 'colour' : `colour ${round - 1}` }
    const [renamed, ...writes] = await Promise.all([
      api.send('PATCH', `${one.at}/metadata/${known.id}`, { name: `colour ${round}` }),
      ...Array.from({ length: 6 }, (_, n) => write(one, operation(red, [[before, `v${n}`]]))),
    ])
    t.is(renamed.status, 200)
    for (const { status } of writes) t.true([200, 400].includes(status))
    t.deepEqual(Object.keys(await shown(one, red)).filter((name) => name !== `colour ${round}`), [])
    const [row] = await db('SELECT doc_metadata FROM documents WHERE id = $1', red)
    t.deepEqual(Object.keys(row?.['doc_metadata'] ?? {}).filter((name) => name !== `colour ${round}`), [])
  }
})

test.serial('built-in fields are shown where that is asked for, and filtered by in any case', async (t) => {
  const one = await shelf('red')
  const [red = ''] = one.documents
  const builtIn = [['document_name', 'string'], ['uploader', 'string'], ['upload_date', 'time'], ['last_update_date', 'time'], ['source', 'string']].map(([name, type]) => ({ name, type }))
  t.deepEqual((await api.send('GET', `${one.at}/metadata/built-in`)).body, { fields: builtIn })
  t.deepEqual([await shown(one, red), await found(one, is('uploader', 'Ann'), is('source', 'file_upload'))], [{}, ['red']])
  const own = await field(one, 'own', 'string')
  await write(one, operation(red, [[own, 'x']]))
  const enable = await api.send('POST', `${one.at}/metadata/built-in/enable`)
  t.deepEqual([enable.status, enable.body], [200, { result: 'success' }])
  t.is((await api.send('GET', `${one.at}/metadata`)).body.built_in_field_enabled, true)
  t.deepEqual((await api.send('GET', one.at)).body.doc_metadata, [{ ...own, type: 'string' }, ...builtIn.map((each) => ({ id: 'built-in', ...each }))])
  const { body: document } = await api.send('GET', `${one.at}/documents/${red}`)
  t.deepEqual(document.doc_metadata, [
    { ...own, type: 'string', value: 'x' },
    ...['red', 'Ann', document.created_at, document.updated_at, 'file_upload'].map((value, index) => ({ id: 'built-in', ...builtIn[index], value })),
  ])
  t.deepEqual(await found(one, is('upload_date', document.created_at, '=')), ['red'])
  t.is((await api.send('POST', `${one.at}/metadata/built-in/disable`)).status, 200)
  t.deepEqual(await shown(one, red), { own: 'x' })
  t.is((await api.send('POST', `${one.at}/metadata/built-in/toggle`)).status, 404)
})

test.serial('the console has the same, and the values of one document by their names', async (t) => {
  const one = await shelf('red')
  const at = `/datasets/${one.id}`
  const [red = ''] = one.documents
  t.deepEqual((await console_('GET', '/datasets/metadata/built-in')).body, (await api.send('GET', `${one.at}/metadata/built-in`)).body)
  const made = await console_('POST', `${at}/metadata`, { name: 'author', type: 'string' })
  t.is(made.status, 201)
  const author = { id: made.body.id as string, name: 'author' }
  t.deepEqual((await console_('GET', `${at}/metadata`)).body, { doc_metadata: [{ ...author, type: 'string', count: 0 }], built_in_field_enabled: false })
  const written = await console_('POST', `${at}/documents/metadata`, { operation_data: [operation(red, [[author, 'Ann']])] })
  t.deepEqual([written.status, written.body], [204, undefined])
  t.like(await console_('PATCH', `${at}/metadata/${author.id}`, { name: 'writer' }), { status: 200, body: { name: 'writer' } })
  t.deepEqual((await console_('POST', `${at}/metadata/built-in/enable`)).body, { result: 'success' })
  t.like(await shown(one, red), { writer: 'Ann', uploader: 'Ann' })

  const put = (doc_metadata: object, more = {}, document = red) => console_('PUT', `${at}/documents/${document}/metadata`, { doc_metadata, ...more })
  const pages = await field(one, 'pages', 'number')
  t.like(await put({ pages: 3 }, { doc_type: 'book' }), { status: 200, body: { result: 'success' } })
  t.like(await api.send('GET', `${one.at}/documents/${red}?metadata=only`), { body: { doc_type: 'book' } })
  t.like(await shown(one, red), { pages: 3, writer: undefined })
  t.like(await put({ publisher: 'x' }, { doc_type: 'paper' }), { status: 400, body: { params: 'doc_metadata.publisher' } })
  t.like(await put({ pages: 'x' }, { doc_type: 'paper' }), { status: 400, body: { code: 'invalid_param' } })
  t.like((await api.send('GET', `${one.at}/documents/${red}?metadata=only`)).body, { doc_type: 'book' })
  t.like(await put({}, {}, randomUUID()), { status: 404, body: { message: 'Document not found.' } })
  t.is((await put({})).status, 200)
  t.like(await api.send('GET', `${one.at}/documents/${red}?metadata=only`), { body: { doc_type: 'book' } })
  t.is((await console_('DELETE', `${at}/metadata/${pages.id}`)).status, 204)
  t.like(await console_('DELETE', `${at}/metadata/${pages.id}`), { status: 404 })
  for (const path of ['metadata', 'documents/metadata']) t.like(await console_('POST', `/datasets/${theirs.datasetIds[0]}/${path}`, path === 'metadata' ? { name: 'a', type: 'string' } : { operation_data: [] }), { status: 404, body: { message: 'Dataset not found.' } })
})

test.serial('tags are made, renamed, put on datasets, taken off and deleted', async (t) => {
  const [one, other] = [await newDataset(), await newDataset()]
  const tags = (method: string, body?: object, path = '') => api.send(method, `/v1/datasets/tags${path}`, body)
  const made = await tags('POST', { name: ' Product Docs ' })
  t.deepEqual([made.status, made.body], [200, { id: made.body.id, name: 'Product Docs', type: 'knowledge', binding_count: '0' }])
  const docs = made.body.id as string
  const answers = await Promise.all(Array.from({ length: 6 }, () => tags('POST', { name: 'hr' })))
  t.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400, 400, 400])
  t.like(answers.find(({ status }) => status === 400)?.body, { code: 'invalid_param', params: 'name', message: 'Tag name already exists. Choose another name.' })
  const hr = answers.find(({ status }) => status === 200)?.body.id as string
  for (const name of ['', ' ', 'x'.repeat(51), 'a\0', 7, undefined]) t.like(await tags('POST', { name }), { status: 400, body: { params: 'name' } })
  t.deepEqual((await tags('GET')).body.map((each: any) => each.name), ['hr', 'Product Docs'])
  t.deepEqual((await client(app.url, theirs.workspaceKey).send('GET', '/v1/datasets/tags')).body.map((each: any) => each.name), ['second of theirs', 'first of theirs'])

  t.deepEqual((await tags('PATCH', { tag_id: docs, name: 'Docs' })).body, { id: docs, name: 'Docs', type: 'knowledge', binding_count: '0' })
  t.like(await tags('PATCH', { tag_id: docs, name: 'hr' }), { status: 400, body: { code: 'invalid_param', params: 'name' } })
  t.is((await tags('PATCH', { tag_id: docs, name: 'Docs' })).status, 200)
  t.like(await tags('PATCH', { tag_id: randomUUID(), name: 'x' }), { status: 404, body: { code: 'not_found', message: 'Tag not found' } })

  const bind = (tag_ids: unknown, target_id: unknown = one.id) => tags('POST', { tag_ids, target_id }, '/binding')
  for (const ids of [[docs, hr, hr.toUpperCase()], [docs], [randomUUID()]]) t.like(await bind(ids), { status: 204, body: undefined })
  t.is((await bind([docs], other.id)).status, 204)
  t.deepEqual((await tags('GET')).body.map((each: any) => [each.name, each.binding_count]), [['hr', '1'], ['Docs', '2']])
  t.deepEqual((await tags('PATCH', { tag_id: docs, name: 'Docs' })).body.binding_count, '2')
  t.deepEqual((await api.send('GET', `/v1/datasets/${one.id as string}/tags`)).body, { data: [{ id: docs, name: 'Docs' }, { id: hr, name: 'hr' }], total: 2 })
  t.deepEqual((await api.send('GET', `/v1/datasets/${one.id as string}`)).body.tags.map((each: any) => each.name), ['Docs', 'hr'])
  t.deepEqual((await api.send('GET', `/v1/datasets?tag_ids=${hr}`)).body.data.map((each: any) => each.id), [one.id])
  for (const ids of [[], ['x'], docs, undefined]) t.is((await bind(ids)).status, 400)
  for (const target of [theirs.datasetIds[0], randomUUID()]) t.like(await bind([docs], target), { status: 404, body: { message: 'Dataset not found.' } })
  t.is((await bind([docs], 'x')).status, 400)

  const unbind = (body: object, target_id: unknown = one.id) => tags('POST', { target_id, ...body }, '/unbinding')
  for (let again = 0; again < 2; again += 1) t.like(await unbind({ tag_id: hr }), { status: 204, body: undefined })
  t.is((await unbind({ tag_ids: [docs, randomUUID()] })).status, 204)
  t.deepEqual((await api.send('GET', `/v1/datasets/${one.id as string}/tags`)).body, { data: [], total: 0 })
  for (const body of [{}, { tag_ids: [] }]) t.like(await unbind(body), { status: 400, body: { params: 'tag_ids' } })
  t.like(await unbind({ tag_id: docs }, theirs.datasetIds[0]), { status: 404 })

  // What the configuration puts on a dataset is the same tag, and its loss is felt everywhere.
  await app.resolve(datasets).tag(owner, one.id as string, ['Docs', 'new'])
  t.deepEqual((await tags('GET')).body.map((each: any) => [each.name, each.binding_count]), [['new', '1'], ['hr', '0'], ['Docs', '2']])
  t.like(await tags('DELETE', { tag_id: docs }), { status: 204, body: undefined })
  t.like(await tags('DELETE', { tag_id: docs }), { status: 404, body: { message: 'Tag not found' } })
  t.deepEqual([...await app.resolve(datasets).tags(owner.workspaceId, [one.id as string, other.id as string])], [[one.id, ['new']]])
  // A tag that is put on and deleted at once is there or not, and nothing fails.
  for (let round = 0; round < 5; round += 1) {
    const { body } = await tags('POST', { name: `race ${round}` })
    const [gone, ...others] = await Promise.all([tags('DELETE', { tag_id: body.id as string }), bind([body.id]), bind([body.id], other.id), app.resolve(datasets).tag(owner, other.id as string, [`race ${round}`])])
    t.deepEqual([gone.status, others[0].status, others[1].status], [204, 204, 204])
  }
})

test.serial('the console has tags by its own addresses', async (t) => {
  const { id } = await newDataset()
  const made = await console_('POST', '/tags', { name: 'seen', type: 'knowledge' })
  t.like(made, { status: 200, body: { name: 'seen', type: 'knowledge', binding_count: '0' } })
  const tag = made.body.id as string
  t.deepEqual((await console_('GET', '/tags?type=knowledge&keyword=SEE')).body.map((each: any) => each.id), [tag])
  t.like(await console_('GET', '/tags?type=app'), { status: 400, body: { params: 'type' } })
  t.like(await console_('PATCH', `/tags/${tag}`, { name: 'looked at' }), { status: 200, body: { id: tag, name: 'looked at' } })
  t.like(await console_('POST', '/tag-bindings/create', { tag_ids: [tag], target_id: id, type: 'knowledge' }), { status: 200, body: { result: 'success' } })
  t.like(await console_('POST', '/tag-bindings/create', { tag_ids: [tag], target_id: theirs.datasetIds[0], type: 'knowledge' }), { status: 404 })
  t.is((await console_('GET', '/tags?keyword=looked')).body[0].binding_count, '1')
  t.like(await console_('POST', '/tag-bindings/remove', { tag_id: tag, target_id: id, type: 'knowledge' }), { status: 200, body: { result: 'success' } })
  t.is((await console_('GET', '/tags?keyword=looked')).body[0].binding_count, '0')
  t.is((await console_('DELETE', `/tags/${tag}`)).status, 204)
  t.like(await console_('PATCH', `/tags/${tag}`, { name: 'x' }), { status: 404, body: { message: 'Tag not found' } })
})

test.serial('other keys: bound to a dataset, of another workspace, and a dataset that is closed to keys', async (t) => {
  const one = await shelf('red')
  const own = await field(one, 'own', 'string')
  const { body: tag } = await api.send('POST', '/v1/datasets/tags', { name: 'bound' })
  const [bound, foreign] = [client(app.url, await newToken(one.id)), client(app.url, theirs.workspaceKey)]
  t.is((await bound.send('POST', `${one.at}/metadata`, { name: 'by the bound', type: 'string' })).status, 201)
  t.is((await bound.send('GET', `${one.at}/tags`)).status, 200)
  const binding = { tag_ids: [tag.id], target_id: one.id }
  for (const [method, path, body] of [
    ['GET', '', undefined], ['POST', '', { name: 'x' }], ['PATCH', '', { tag_id: tag.id, name: 'x' }], ['DELETE', '', { tag_id: tag.id }], ['POST', '/binding', binding], ['POST', '/unbinding', binding],
  ] as const) t.like(await bound.send(method, `/v1/datasets/tags${path}`, body), { status: 403, body: { code: 'forbidden' } }, `${method} ${path}`)

  for (const [method, body] of [['PATCH', { name: 'x' }], ['DELETE', undefined]] as const) {
    t.like(await foreign.send(method, `${one.at}/metadata/${own.id}`, body), { status: 404, body: { message: 'Dataset not found.' } })
    t.like(await foreign.send(method, `/v1/datasets/${theirs.datasetIds[0]}/metadata/${own.id}`, body), { status: 404, body: { message: 'Metadata not found.' } })
    t.is((await foreign.send(method, '/v1/datasets/tags', { ...body, tag_id: tag.id })).status, 404)
  }
  t.is((await foreign.send('POST', '/v1/datasets/tags/binding', { tag_ids: [tag.id], target_id: theirs.datasetIds[0] })).status, 204)
  t.is((await api.send('GET', '/v1/datasets/tags')).body.find(({ id }: any) => id === tag.id).binding_count, '0')

  await db('UPDATE datasets SET enable_api = false WHERE id = $1', one.id)
  for (const [method, path, body] of [
    ['GET', '/metadata', undefined], ['POST', '/metadata', { name: 'a', type: 'time' }], ['PATCH', `/metadata/${own.id}`, { name: 'a' }], ['DELETE', `/metadata/${own.id}`, undefined],
    ['GET', '/metadata/built-in', undefined], ['POST', '/metadata/built-in/enable', undefined], ['POST', '/documents/metadata', { operation_data: [] }], ['GET', '/tags', undefined],
  ] as const) t.like(await api.send(method, one.at + path, body), { status: 403, body: { message: 'Dataset api access is not enabled.' } }, `${method} ${path}`)
  t.is((await api.send('POST', '/v1/datasets/tags/binding', binding)).status, 403)
})
