/** The knowledge half of the Service API: its operations, held against the official description. Where we differ on purpose stands in `deviations.ts`. */
import test from 'ava'
import { conformance } from './conformance.ts'
import { deviations, unanswered } from './deviations.ts'
import { additions, aliases, examples, failures } from './examples.ts'
import { compare } from './shapes.ts'
import { makeWorld } from './world.ts'

const naming = ['POST /datasets', 'POST /datasets/tags', 'POST /datasets/{dataset_id}/metadata']
const half = conformance({
  credential: 'dataset', make: makeWorld, examples, failures, deviations, aliases, additions, unanswered,
  settle: ({ unfinished }) => { unfinished.finish() },
  fresh: ({ newName }, operation) => naming.includes(operation) ? { name: newName() } : {},
  close: ({ unfinished, app }) => {
    unfinished.finish()
    return app.close()
  },
})

test.serial('what clients are used to is taken', async (t) => {
  const { app, high, economy, bare, send, api, newToken } = half.world()
  // What was read is sent back as it is.
  const read = 'GET /datasets/{dataset_id}'
  for (const dataset_id of [high.dataset_id, economy.dataset_id, bare]) {
    const { body: dataset } = await send(read, { ids: { dataset_id } })
    const { name, description, permission, indexing_technique, embedding_model, embedding_model_provider, retrieval_model_dict: retrieval_model } = dataset
    const settings = { indexing_technique, embedding_model, embedding_model_provider, retrieval_model }
    const change = await send('PATCH /datasets/{dataset_id}', { ids: { dataset_id }, body: { name, description, permission, ...settings } })
    t.is(change.status, 200, JSON.stringify(change.body))
    t.deepEqual(change.body.retrieval_model_dict, retrieval_model)
    const answer = await send('POST /datasets/{dataset_id}/retrieve', { ids: { dataset_id }, body: { query: 'heron', retrieval_model } })
    t.is(answer.status, 200, JSON.stringify(answer.body))
  }
  // A part of a form may say what it is.
  for (const type of ['application/json', 'text/plain', 'text/plain; charset=utf-8']) {
    const parts = [
      ['name="data"', type, '{"indexing_technique":"high_quality","process_rule":{"mode":"automatic"}}'],
      ['name="file"; filename="report.txt"', 'text/plain', 'The owl hunts.'],
    ]
    const body = parts.map(([name = '', kind = '', text = '']) => `--x\r\nContent-Disposition: form-data; ${name}\r\nContent-Type: ${kind}\r\n\r\n${text}\r\n`).join('')
    const path = `/v1/datasets/${economy.dataset_id}/document/create_by_file`
    const answer = await app.fetch(path, { method: 'POST', body: `${body}--x--\r\n`, token: await newToken(), headers: { 'content-type': 'multipart/form-data; boundary=x' } })
    t.is(answer.status, 200, await answer.text())
  }
  // A request without a body may say that it would be JSON, and lists may be asked for with fields left empty.
  const token = await newToken()
  for (const query of ['?page=1&limit=20', '?page=&limit=&keyword=&include_all=', '?include_all=True']) {
    t.is((await app.fetch(`/v1/datasets${query}`, { token, headers: { 'content-type': 'application/json' } })).status, 200, query)
  }
  // The parts of a document add up to the whole.
  const [all, only, without] = await Promise.all(['all', 'only', 'without'].map(async (metadata) =>
    (await api.send('GET', `/v1/datasets/${high.dataset_id}/documents/${high.document_id}?metadata=${metadata}`)).body))
  t.deepEqual({ ...without, ...only }, all)
  t.deepEqual(Object.keys(only), ['id', 'doc_type', 'doc_metadata'])
  t.false('doc_metadata' in without)
})

half.conclude()

test('a wrong type, a missing field, one too many and a wrong status are noticed', (t) => {
  const operation = 'GET /datasets/{dataset_id}/documents/{batch}/indexing-status'
  const state = {
    id: 'x', indexing_status: 'completed', processing_started_at: 1, parsing_completed_at: 1, cleaning_completed_at: 1, splitting_completed_at: 1,
    completed_at: 1, paused_at: null, error: null, stopped_at: null, completed_segments: 1, total_segments: 1,
  }
  t.deepEqual(compare(operation, 200, { data: [state] }), [])
  t.deepEqual(compare(operation, 200, { data: [state, { ...state, id: 7 }] }), [{ operation, where: 'data[].id', ours: 'number', theirs: 'string' }])
  t.deepEqual(compare(operation, 200, { data: [{ ...state, completed_segments: null }] }), [{ operation, where: 'data[].completed_segments', ours: 'null', theirs: 'integer' }])
  t.deepEqual(compare(operation, 200, {}), [{ operation, where: 'data', ours: 'missing', theirs: 'array' }])
  t.deepEqual(compare(operation, 200, { data: [{ ...state, more: 1 }] }), [{ operation, where: 'data[].more', ours: 'number', theirs: 'missing' }])
  t.deepEqual(compare(operation, 201, { data: [] }), [{ operation, where: 'status', ours: '201', theirs: '200' }])
  const shared = compare('GET /datasets', 200, { data: [{}], has_more: false, limit: 1, total: 1, page: 1 })
  t.true(shared.some(({ operation, where, ours }) => operation === '*' && where === 'Dataset.name' && ours === 'missing'))
  t.deepEqual(compare('DELETE /datasets/{dataset_id}', 204, {}), [{ operation: 'DELETE /datasets/{dataset_id}', where: 'body', ours: 'object', theirs: 'missing' }])
})
