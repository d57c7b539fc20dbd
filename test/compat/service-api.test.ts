/**
 * Every operation of the Service API, asked of a real server and held against the official description: statuses, bodies, error codes, and what
 * it takes. Where we differ on purpose stands in `deviations.ts`.
 */
import test from 'ava'
import type { Answer } from '../support/client.ts'
import { put } from '../support/sample.ts'
import { deviations, unanswered } from './deviations.ts'
import { additions, aliases, examples, failures } from './examples.ts'
import { at, choices, compare, documentedErrors, fields, official, queryNames, requestShape, some } from './shapes.ts'
import type { Difference, Field } from './shapes.ts'
import { makeWorld } from './world.ts'
import type { Request, World } from './world.ts'

let world: World
test.before(async () => { world = await makeWorld() })
test.after.always(() => {
  world.unfinished.finish()
  return world.app.close()
})

const served = () => world.app.kernel.catalogue.routes.filter(({ surface }) => surface === 'service')
const all = (): string[] => served().map(({ method, path }) => `${method} ${path}`)
const operations = (): string[] => all().filter((operation) => !(operation in aliases) && !additions.includes(operation))

const seen = new Map<string, Difference>()
const keyOf = ({ operation, where, ours, theirs }: Difference): string => `${operation}: ${where}: ${ours} here, ${theirs} there`
const note = (differences: readonly Difference[]): void => { for (const one of differences) seen.set(keyOf(one), one) }
const codeOf = ({ status, body }: Answer): string => status < 400 ? String(status) : `${status} ${String(body?.code)}`
/** Whether it is told what all are that ask this, however well. */
const isUnanswered = (operation: string, answer: Answer): boolean =>
  unanswered.operations.includes(operation) && codeOf(answer) === unanswered.error && unanswered.message.test(answer.body.message as string)

test.serial('there is an example for every operation, and every operation is an official one or repeats one', (t) => {
  t.deepEqual(Object.keys(examples(world)).sort(), operations().sort())
  for (const operation of operations()) t.truthy(official(operation), `${operation} is not in the official description`)
  for (const original of Object.values(aliases)) t.true(operations().includes(original), original)
  for (const operation of additions) t.true(all().includes(operation) && !official(operation), operation)
})

test.serial('errors have the documented codes, and one form', async (t) => {
  for (const [operation, provoked] of Object.entries(failures(world))) {
    const documented = documentedErrors(operation)
    for (const [error, provoke] of Object.entries(provoked)) {
      const answer = await provoke()
      t.is(codeOf(answer), error, `${operation}: ${JSON.stringify(answer.body)}`)
      const { code, message, status, params = '', ...more } = answer.body
      t.deepEqual([typeof code, typeof message, status, typeof params, more], ['string', 'string', answer.status, 'string', {}], `${operation}: ${error}`)
      if (!documented.includes(error)) note([{ operation, where: 'error', ours: error, theirs: 'none' }])
    }
    note(documented.filter((error) => !(error in provoked)).map((error) => ({ operation, where: 'error', ours: 'none', theirs: error })))
  }
})

test.serial('answers have the official shapes', async (t) => {
  for (const [operation, requests] of Object.entries(examples(world))) {
    for (const request of requests) {
      const answer = await world.send(operation, request)
      if (unanswered.operations.includes(operation)) {
        t.true(isUnanswered(operation, answer), `${operation}: ${JSON.stringify(answer.body)}`)
        continue
      }
      t.true(answer.status < 300, `${operation}: ${JSON.stringify(answer.body)}`)
      note(compare(operation, answer.status, answer.body))
    }
  }
})

test.serial('what another address repeats is the same', async (t) => {
  const kinds = (value: unknown): unknown => Array.isArray(value) ? value.map(kinds)
    : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, kinds(part)])) : typeof value
  for (const [alias, original] of Object.entries(aliases)) {
    for (const request of examples(world)[original] ?? []) {
      const [one, other] = [await world.send(original, request), await world.send(alias, request)]
      t.deepEqual([other.status, kinds(other.body)], [one.status, kinds(one.body)], alias)
    }
  }
})

/** What stands at a place of a body; undefined where nothing does. */
const valueAt = (value: unknown, [first, ...rest]: Field['path']): unknown =>
  first === undefined ? value : typeof value === 'object' && value !== null ? valueAt((value as Record<string | number, unknown>)[first], rest) : undefined

const naming = ['POST /datasets', 'POST /datasets/tags', 'POST /datasets/{dataset_id}/metadata']
/** The example with one value of its body replaced, and a name that is free. */
const changed = (operation: string, request: Request, path: Field['path'], value: unknown): Request => {
  const body = put(request.body, path, value) as object
  return { ...request, body: naming.includes(operation) ? { ...body, name: world.newName() } : body }
}

test.serial('every documented field, and every value where there is a choice, is taken', async (t) => {
  world.unfinished.finish()
  let sent = 0
  for (const operation of operations()) {
    const [request = {}] = examples(world)[operation] ?? []
    const query = queryNames(operation).filter((name) => !(request.query ?? '').includes(`${name}=`))
    note(query.map((name) => ({ operation, where: `query ${name}`, ours: 'ignored', theirs: 'a filter' })))
    if (!request.body || request.files) continue
    for (const { path, where, schema } of fields(requestShape(operation))) {
      const value = valueAt(request.body, path)
      const isInEmptyList = path.some((_, index) => (valueAt(request.body, path.slice(0, index)) as unknown[] | undefined)?.length === 0)
      if (isInEmptyList) continue
      t.not(value, undefined, `the example of ${operation} lacks ${where}`)
      const isEmptyList = Array.isArray(value) && value.length === 0
      for (const other of isEmptyList ? [some(schema)] : choices(schema)) {
        const answer = await world.send(operation, changed(operation, request, path, other))
        sent += 1
        if (answer.status < 300 || isUnanswered(operation, answer)) continue
        t.is(codeOf(answer), '400 invalid_param', `${operation}: ${where} = ${JSON.stringify(other)}: ${JSON.stringify(answer.body)}`)
        t.truthy(answer.body.params, where)
        const place = at(operation, where)
        note([{ ...place, where: `${place.where} = ${isEmptyList ? 'a list' : String(other)}`, ours: codeOf(answer), theirs: '200' }])
      }
    }
  }
  t.true(sent > 50)
})

test.serial('what clients are used to is taken', async (t) => {
  const { high, economy, bare, send, api } = world
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
    const answer = await world.app.fetch(path, { method: 'POST', body: `${body}--x--\r\n`, token: await world.newToken(), headers: { 'content-type': 'multipart/form-data; boundary=x' } })
    t.is(answer.status, 200, await answer.text())
  }
  // A request without a body may say that it would be JSON, and lists may be asked for with fields left empty.
  const token = await world.newToken()
  for (const query of ['?page=1&limit=20', '?page=&limit=&keyword=&include_all=', '?include_all=True']) {
    t.is((await world.app.fetch(`/v1/datasets${query}`, { token, headers: { 'content-type': 'application/json' } })).status, 200, query)
  }
  // The parts of a document add up to the whole.
  const [all, only, without] = await Promise.all(['all', 'only', 'without'].map(async (metadata) =>
    (await api.send('GET', `/v1/datasets/${high.dataset_id}/documents/${high.document_id}?metadata=${metadata}`)).body))
  t.deepEqual({ ...without, ...only }, all)
  t.deepEqual(Object.keys(only), ['id', 'doc_type', 'doc_metadata'])
  t.false('doc_metadata' in without)

  for (const operation of operations()) {
    const [request = {}] = examples(world)[operation] ?? []
    if (!request.body) continue
    const answer = await send(operation, changed(operation, request, ['colour'], 'red'))
    t.like(answer.body, request.files ? { params: 'data.colour' } : { params: 'colour' })
    note([{ operation: '*', where: 'a field that nobody knows', ours: codeOf(answer), theirs: '200' }])
  }
})

test.serial('the differences are those that are meant', (t) => {
  const meant = new Set(deviations.map(keyOf))
  t.deepEqual([...seen.keys()].filter((key) => !meant.has(key)).sort(), [], 'differences that nobody listed')
  t.deepEqual([...meant].filter((key) => !seen.has(key)).sort(), [], 'listed differences that do not occur')
  for (const { reason } of deviations) t.true(reason.length > 20)
  t.is(meant.size, deviations.length)
})

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
