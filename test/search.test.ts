import { AsyncLocalStorage } from 'node:async_hooks'
import test from 'ava'
import fc from 'fast-check'
import { database } from '../core/index.ts'
import type { ComparisonOperator, MetadataCondition, MetadataFilter, RetrievalSettings, SearchMethod } from '../plugins/datasets/ports.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import { metadataFilters } from '../plugins/datasets/services/metadata-filter.ts'
import type { RerankRequest } from '../plugins/models/ports.ts'
import { bySeparator, knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { toyModels } from './support/toy-models.ts'

/** What a text says of its own worth, in percent; nothing where it says nothing. */
const worthOf = (text: string): number => Number(/worth (\d+)/.exec(text)?.[1] ?? 0) / 100
let reranking: (request: RerankRequest) => unknown = () => undefined
let embedded: string[] = []
const toy = toyModels(({ purpose, texts }) => { if (purpose === 'query') embedded.push(...texts) })
const provider = {
  ...toy,
  models: () => [...toy.models(), { name: 'judge', type: 'rerank' as const, label: 'judge' }],
  rerank: async (request: RerankRequest) => {
    await reranking(request)
    return { scores: request.documents.map(worthOf), tokens: 1 }
  },
}
let world: Knowledge
test.before(async () => { world = await knowledge({ fakes: { modelProvider: new Map([['toy', provider]]) } }) })
test.after.always(() => world.app.close())
test.afterEach(() => { reranking = () => undefined; embedded = [] })

const methods = ['semantic_search', 'full_text_search', 'hybrid_search', 'keyword_search'] as const
const high = { indexing_technique: 'high_quality' }
interface Made { readonly id: string; readonly documents: Readonly<Record<string, string>> }
/** A dataset with these documents, each cut at its lines. */
const library = async (texts: Readonly<Record<string, string>>, settings: object = high, more: object = { process_rule: bySeparator('\n') }): Promise<Made> => {
  const { id } = await world.newDataset(settings)
  const documents: Record<string, string> = {}
  for (const [name, text] of Object.entries(texts)) {
    const { body } = await world.addText({ id }, name, text, { ...settings, ...more })
    const states = await world.api.indexed(id, body.batch)
    if (states.some(({ error }) => error !== null)) throw new Error(JSON.stringify(states))
    documents[name] = body.document.id
  }
  return { id, documents }
}
const ask = (id: string, query: string, more: object) => world.api.send('POST', `/v1/datasets/${id}/retrieve`, {
  query, retrieval_model: { search_method: 'hybrid_search', reranking_enable: false, top_k: 10, score_threshold_enabled: false, ...more },
})
const records = async (id: string, query: string, more: object = {}): Promise<any[]> => {
  const { status, body } = await ask(id, query, more)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body.records
}
const contents = async (id: string, query: string, more?: object): Promise<string[]> => (await records(id, query, more)).map(({ segment }) => segment.content)
const run = (sql: string, ...values: unknown[]) => world.app.resolve(database).query(sql, values)

// Reranking

const judge = { reranking_enable: true, reranking_mode: 'reranking_model', reranking_model: { reranking_provider_name: 'toy', reranking_model_name: 'judge' } }
const birds = [
  'the heron worth 20', 'the heron waits worth 90', 'the heron waits in the water worth 50', 'the heron waits in the water of the lake worth 0', 'the heron and the owl worth 70',
]
let aviary: Promise<Made> | undefined
const openAviary = (): Promise<Made> => aviary ??= library({ birds: birds.join('\n') })

test.serial('a reranking model decides order and score, whatever the method; the threshold comes after it and keeps its edge; what is worth nothing is dropped', async (t) => {
  const { id } = await openAviary()
  const best = [90, 70, 50, 20].map((worth) => birds.find((text) => text.endsWith(`worth ${worth}`)))
  for (const search_method of methods) {
    const found = await records(id, 'heron', { ...judge, search_method })
    t.deepEqual(found.map(({ segment, score }) => [segment.content, score]), best.map((text, index) => [text, [0.9, 0.7, 0.5, 0.2][index]]), search_method)
    t.deepEqual(await contents(id, 'heron', { ...judge, search_method, score_threshold_enabled: true, score_threshold: 0.7 }), best.slice(0, 2))
    // Below it in every other score.
    t.deepEqual(await contents(id, 'heron lake', { ...judge, search_method, score_threshold_enabled: true, score_threshold: 0.9 }), best.slice(0, 1))
    t.deepEqual(await contents(id, 'heron', { ...judge, search_method, score_threshold_enabled: false, score_threshold: 0.9 }), best)
    for (const top_k of [1, 2, 3]) t.deepEqual(await contents(id, 'heron', { ...judge, search_method, top_k }), best.slice(0, top_k))
  }
})

test.serial('a reranking model is asked once, about everything that was found; with weights, or switched off, it is not', async (t) => {
  const { id } = await openAviary()
  const asked: RerankRequest[] = []
  reranking = (request) => asked.push(request)
  await ask(id, 'heron', { ...judge, top_k: 1 })
  t.deepEqual(asked.map(({ query, documents }) => [query, [...documents].sort()]), [['heron', [...birds].sort()]])
  const plain = await records(id, 'heron')
  for (const more of [{ reranking_mode: 'weighted_score' }, { reranking_enable: false }]) t.deepEqual(await records(id, 'heron', { ...judge, ...more }), plain)
  t.is(asked.length, 1)
  t.deepEqual(await contents(id, 'nothing like it', { ...judge, search_method: 'full_text_search' }), [])
  t.is(asked.length, 1)
})

test.serial('a reranking model that fails is told as such and no more; one that is not there is refused, in a request and in a setting', async (t) => {
  const { id } = await openAviary()
  reranking = () => { throw new Error('secret address of the provider') }
  const failed = await ask(id, 'heron', judge)
  t.like(failed, { status: 400, body: { code: 'completion_request_error' } })
  t.notRegex(failed.body.message, /secret/)
  const unknown = { ...judge, reranking_model: { reranking_provider_name: 'toy', reranking_model_name: 'words' } }
  t.like(await ask(id, 'heron', unknown), { status: 400, body: { code: 'invalid_param' } })
  const model = { search_method: 'semantic_search', top_k: 1, score_threshold_enabled: false }
  t.is((await world.api.send('PATCH', `/v1/datasets/${id}`, { retrieval_model: { ...model, ...unknown } })).status, 400)
})

test.serial('what a dataset is set to holds where a request says nothing', async (t) => {
  const { id, documents } = await library({ first: 'the heron worth 10', second: 'the heron waits worth 80', third: 'a heron worth 90' })
  const conditions = [{ name: 'document_name', comparison_operator: 'is not', value: 'third' }]
  const retrieval_model = { search_method: 'full_text_search', top_k: 1, score_threshold_enabled: false, ...judge, metadata_filtering_conditions: { conditions } }
  t.is((await world.api.send('PATCH', `/v1/datasets/${id}`, { retrieval_model })).status, 200)
  const { body } = await world.api.send('POST', `/v1/datasets/${id}/retrieve`, { query: 'heron' })
  t.deepEqual(body.records.map(({ segment }: any) => segment.document_id), [documents['second']])
})

// Traps of ranking

test.serial('the shown score is the one that the threshold looks at, and how many are asked for changes no head', async (t) => {
  const { id } = await openAviary()
  for (const search_method of methods) {
    for (const more of [{}, judge]) {
      const all = await records(id, 'heron in the water', { ...more, search_method })
      for (const top_k of [1, 2, 4, 60]) t.deepEqual(await records(id, 'heron in the water', { ...more, search_method, top_k }), all.slice(0, top_k))
      for (const { score } of all) {
        const kept = await records(id, 'heron in the water', { ...more, search_method, score_threshold_enabled: true, score_threshold: score })
        t.deepEqual(kept, all.filter((one) => one.score >= score), `${search_method} ${score}`)
      }
    }
  }
})

test.serial('fifty candidates of each side are fused however few are asked for', async (t) => {
  const lines = Array.from({ length: 40 }, (_, n) => `heron ${'grey '.repeat(n % 7)}water number${n}`)
  const { id } = await library({ many: lines.join('\n') })
  const all = await records(id, 'grey heron number7', { top_k: 40 })
  t.true(all.length === 40)
  for (const top_k of [1, 5, 20]) t.deepEqual(await records(id, 'grey heron number7', { top_k }), all.slice(0, top_k))
})

// What may not be found

test.serial('what is disabled, archived, unfinished or deleted never comes back, also where it would be the best', async (t) => {
  const { id, documents } = await library({ canary: 'a canary sings in the mine', other: 'a canary sleeps', third: 'sparrows sing' })
  const canary = documents['canary'] as string
  const hidings = [
    ['documents', 'enabled = false', 'enabled = true'], ['documents', 'archived = true', 'archived = false'],
    ['documents', "indexing_status = 'indexing'", "indexing_status = 'completed'"],
    ['document_segments', 'enabled = false', 'enabled = true'], ['document_segments', "status = 'error'", "status = 'completed'"],
  ] as const
  for (const search_method of methods) {
    for (const more of [{}, judge]) {
      const found = async () => (await records(id, 'canary in the mine', { search_method, ...more })).map(({ segment }) => segment.document_id)
      reranking = () => undefined
      if (more !== judge) t.is((await found())[0], canary, search_method)
      for (const [table, hide, show] of hidings) {
        const column = table === 'documents' ? 'id' : 'document_id'
        await run(`UPDATE ${table} SET ${hide} WHERE ${column} = $1`, canary)
        t.false((await found()).includes(canary), `${search_method}: ${hide}`)
        await run(`UPDATE ${table} SET ${show} WHERE ${column} = $1`, canary)
      }
    }
  }
  t.is((await world.api.send('DELETE', `/v1/datasets/${id}/documents/${canary}`)).status, 204)
  for (const search_method of methods) t.false((await records(id, 'canary in the mine', { search_method })).some(({ segment }) => segment.document_id === canary))
})

test.serial('what is taken away while a model thinks is not shown', async (t) => {
  const { id, documents } = await library({ first: 'the heron worth 90', second: 'the heron worth 50' })
  for (const change of ['enabled = false', 'archived = true']) {
    reranking = () => run(`UPDATE documents SET ${change} WHERE id = $1`, documents['first'])
    t.deepEqual(await contents(id, 'heron', judge), ['the heron worth 50'])
    await run('UPDATE documents SET enabled = true, archived = false WHERE id = $1', documents['first'])
  }
  reranking = () => run('DELETE FROM documents WHERE id = $1', documents['first'])
  t.deepEqual(await contents(id, 'heron', judge), ['the heron worth 50'])
})

// Many datasets

const search = (ids: readonly string[], question: string, settings: Partial<RetrievalSettings> = {}) =>
  world.app.resolve(datasets).retrieve(world.owner.workspaceId, ids, question, { method: 'hybrid_search', topK: 10, ...settings })

test.serial('many datasets cost as many statements as one, and one vector of the question for each model', async (t) => {
  const made = [
    ...await Promise.all(Array.from({ length: 6 }, (_, n) => library({ [`bird${n}`]: `a heron of kind number${n} worth ${n + 1}` }))),
    ...await Promise.all(Array.from({ length: 2 }, (_, n) => library({ [`word${n}`]: `a heron in words number${n}` }, { indexing_technique: 'economy' }))),
    await library({ second: 'a heron of the second model' }, { ...high, embedding_model: 'words-2', embedding_model_provider: 'toy' }),
  ]
  const [first] = made as [Made]
  const db = world.app.resolve(database) as { query: (...args: unknown[]) => unknown }
  const { query } = db
  // Jobs ask too: only what the search asks is counted.
  const mine = new AsyncLocalStorage<boolean>()
  let statements = 0
  const counted = async (ids: readonly string[], settings: Partial<RetrievalSettings>) => {
    await search(ids, 'heron', settings)
    embedded = []
    statements = 0
    db.query = (...args) => { statements += mine.getStore() ? 1 : 0; return query(...args) }
    try { return { found: await mine.run(true, () => search(ids, 'heron', settings)), statements } } finally { db.query = query }
  }
  const six = made.slice(0, 6).map(({ id }) => id)
  for (const method of methods) {
    const filter: MetadataFilter = { match: 'all', conditions: [{ name: 'document_name', operator: 'contains', value: 'i' }] }
    for (const settings of [{ method }, { method, filter }, { method, rerank: { provider: 'toy', model: 'judge' } }]) {
      const one = await counted([first.id], settings)
      t.is(one.found.length, 1)
      const many = await counted(six, settings)
      t.is(many.found.length, 6)
      t.is(new Set(many.found.map(({ datasetId }) => datasetId)).size, 6)
      t.is(many.statements, one.statements, `${method}: ${one.statements} for one, ${many.statements} for six`)
      t.is(embedded.length, method === 'semantic_search' || method === 'hybrid_search' ? 1 : 0)
    }
    const all = await counted(made.map(({ id }) => id), { method, topK: 20 })
    t.is(all.found.length, 9, method)
    t.is(embedded.length, method === 'semantic_search' || method === 'hybrid_search' ? 2 : 0)
  }
})

// Metadata

const values = ['9', '10', 'Berlin', 'berlin', '50%_off', '', '007', ' 7', 7, 9, 10, 7.5, -3, '1e1', '7.50', "'; DROP", 'a\\b', null, undefined] as const
const asked: readonly (string | number)[] = ['9', '10', 'Berlin', 'erl', 'B', 'lin', '%', '_', '', '007', '7', 7, 9, 10, 7.5, -3, '1e1', '7.5', "'", '\\', '\0', '\ud800', '9, 10,Berlin', ',']
const operators: readonly ComparisonOperator[] = [
  'contains', 'not contains', 'start with', 'end with', 'is', 'is not', 'in', 'not in', 'empty', 'not empty', '=', '≠', '>', '<', '≥', '≤', 'before', 'after',
]
const numeric = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value) ? Number(value) : undefined
}
const ordering = new Set<string>(['>', '<', '≥', '≤', 'before', 'after'])

/** The same filter in plain code: whether a condition holds of what is stored. */
const holds = ({ operator, value }: MetadataCondition, stored: unknown): boolean => {
  const missing = stored === null || stored === undefined
  if (operator === 'empty' || operator === 'not empty') return (missing || stored === '') === (operator === 'empty')
  const same = (one: unknown): boolean => {
    const byNumber = typeof one === 'number' || typeof stored === 'number'
    return byNumber ? numeric(one) !== undefined && numeric(one) === numeric(stored) : one === stored
  }
  const items = Array.isArray(value) ? value as unknown[] : typeof value === 'string' ? value.split(',').map((item) => item.trim()).filter((item) => item !== '') : [value]
  if (operator === 'not in' && items.length === 0) return true
  if (missing) return false
  const text = `${stored as string | number}`
  const [left, right] = [numeric(stored) ?? Number.NaN, numeric(value) ?? Number.NaN]
  const sameNumber = numeric(value) === undefined ? text === value : left === right
  switch (operator) {
    case 'contains': return text.includes(String(value))
    case 'not contains': return !text.includes(String(value))
    case 'start with': return text.startsWith(String(value))
    case 'end with': return text.endsWith(String(value))
    case 'is': return same(value)
    case 'is not': return !same(value)
    case '=': return sameNumber
    case '≠': return !sameNumber
    case 'in': return items.some(same)
    case 'not in': return !items.some(same)
    case '<': case 'before': return left < right
    case '>': case 'after': return left > right
    case '≤': return left <= right
    case '≥': return left >= right
  }
}

test.serial('a filter in SQL takes the documents that the same filter in plain code takes', async (t) => {
  const { app, owner } = world
  const { id } = await world.newDataset()
  const fields = ['city', "it's \"quoted\" $1 \\"]
  const stored = values.flatMap((one, n) => [one, values[(n * 7 + 3) % values.length]].map((other) => Object.fromEntries(Object.entries({ [fields[0] as string]: one, [fields[1] as string]: other }))))
  await run(
    `INSERT INTO documents (id, workspace_id, dataset_id, position, batch, name, indexing_status, created_from, created_by, doc_metadata)
     SELECT gen_random_uuid(), $1, $2, n, 'x', n::text, 'completed', 'api', $3, metadata FROM unnest($4::jsonb[]) WITH ORDINALITY AS one (metadata, n)`,
    owner.workspaceId, id, owner.accountId, stored.map((metadata) => JSON.stringify(metadata)))
  const rows = await run('SELECT id, doc_metadata FROM documents WHERE dataset_id = $1', id) as { id: string; doc_metadata: Record<string, unknown> }[]
  const single = fc.constantFrom(...asked)
  const list = fc.array(fc.constantFrom(...asked).filter((one): one is string => typeof one === 'string' && !/[\0\ud800]/.test(one)), { maxLength: 4 })
  const condition: fc.Arbitrary<MetadataCondition> = fc.constantFrom(...operators).chain((operator) => fc.record({
    name: fc.constantFrom(...fields, 'missing'), operator: fc.constant(operator),
    value: operator === 'in' || operator === 'not in' ? fc.oneof(list, single, fc.constant(null))
      : ordering.has(operator) ? fc.oneof(single.filter((one) => numeric(one) !== undefined), fc.constant(null)) : fc.oneof({ weight: 9, arbitrary: single }, { weight: 1, arbitrary: fc.constant(null) }),
  }))
  const filter: fc.Arbitrary<MetadataFilter> = fc.record({ match: fc.constantFrom('all' as const, 'any' as const), conditions: fc.array(condition, { minLength: 1, maxLength: 3 }) })
  const idle = ({ operator, value }: MetadataCondition): boolean => value === null && operator !== 'empty' && operator !== 'not empty'
  let taken = 0
  await fc.assert(fc.asyncProperty(filter, async ({ match, conditions }) => {
    const found = await app.resolve(metadataFilters).documents(owner.workspaceId, [id], { match, conditions })
    const meant = conditions.filter((one) => !idle(one))
    if (meant.length === 0) return found === undefined
    const expected = rows.filter(({ doc_metadata }) => meant[match === 'all' ? 'every' : 'some']((one) => holds(one, doc_metadata[one.name])))
    taken += expected.length
    return JSON.stringify([...found ?? []].sort()) === JSON.stringify(expected.map((row) => row.id).sort())
  }), { numRuns: 400 })
  t.true(taken > 400)
})

test.serial('documents are filtered by what was stored with them and by what they are, and no match is no record', async (t) => {
  const { id, documents } = await library({ lake: 'the heron in the lake', wood: 'the heron in the wood', town: 'the heron in the town' })
  await run(`UPDATE documents SET doc_metadata = '{"year": 1990, "place": "Lake Constance"}' WHERE id = $1`, documents['lake'])
  await run(`UPDATE documents SET doc_metadata = '{"year": "2020", "place": null}' WHERE id = $1`, documents['wood'])
  const found = async (conditions: readonly object[], logical_operator: string | null = 'and', search_method: SearchMethod = 'hybrid_search') => {
    const names = new Map(Object.entries(documents).map(([name, document]) => [document, name]))
    const hits = await records(id, 'heron', { search_method, metadata_filtering_conditions: { logical_operator, conditions } })
    return hits.map(({ segment }) => names.get(segment.document_id)).sort()
  }
  const on = (name: string, comparison_operator: string, value?: unknown) => ({ name, comparison_operator, ...value === undefined ? {} : { value } })
  for (const method of methods) {
    t.deepEqual(await found([on('year', '≥', '1990')], 'and', method), ['lake', 'wood'])
    t.deepEqual(await found([on('year', '>', 1990)], 'and', method), ['wood'])
    t.deepEqual(await found([on('place', 'start with', 'Lake'), on('year', 'after', 2000)], 'or', method), ['lake', 'wood'])
    t.deepEqual(await found([on('place', 'start with', 'lake')], null, method), [])
    t.deepEqual(await found([on('place', 'empty')], 'and', method), ['town', 'wood'])
    t.deepEqual(await found([on('place', 'is not', 'x')], 'and', method), ['lake'])
    t.deepEqual(await found([on('document_name', 'in', ['lake', 'town'])], 'and', method), ['lake', 'town'])
    t.deepEqual(await found([on('document_name', 'in', 'lake, wood')], 'and', method), ['lake', 'wood'])
    t.deepEqual(await found([on('year', '>', null)], 'and', method), ['lake', 'town', 'wood'])
  }
  const soon = Math.floor(Date.now() / 1000) + 60
  for (const [name, value] of [['uploader', 'Ann'], ['source', 'file_upload']]) t.deepEqual(await found([on(name as string, 'is', value)]), ['lake', 'town', 'wood'], name)
  for (const name of ['upload_date', 'last_update_date']) {
    t.deepEqual(await found([on(name, 'before', soon)]), ['lake', 'town', 'wood'])
    t.deepEqual(await found([on(name, 'before', soon - 10_000)]), [])
  }
  t.deepEqual(await found([on('uploader', 'is', 'Bob')]), [])
  const refused = [on('year', 'about', 1), on('year', '>', 'yesterday'), on('year', 'is', ['1']), on('year', 'is', { a: 1 }), { name: 'year' }, on('', 'is', 'x'), on('year', 'is', 'a\0b')]
  for (const condition of refused) {
    const { status, body } = await ask(id, 'heron', { metadata_filtering_conditions: { conditions: [condition] } })
    t.is(status, 400, JSON.stringify(condition))
    t.regex(body.params, /^retrieval_model\.metadata_filtering_conditions\.conditions\.0/)
  }
  await t.throwsAsync(search([id], 'heron', { filter: { match: 'all', conditions: [{ name: 'year', operator: '<', value: 'x' }] } }), { message: /takes a number/ })
})

// Parents and children, questions and answers

const hierarchical = (parent_mode: 'paragraph' | 'full-doc') => ({
  doc_form: 'hierarchical_model',
  process_rule: {
    mode: 'hierarchical', rules: {
      pre_processing_rules: [], parent_mode, segmentation: { separator: '\n\n', max_tokens: 500, chunk_overlap: 0 },
      subchunk_segmentation: { separator: '\n', max_tokens: 100, chunk_overlap: 0 },
    },
  },
})
const parents = ['the fox sleeps\nthe heron waits in the water\nthe owl', 'the heron\nthe deer in the wood', 'mice and voles\nthe deer in the snow']

test.serial('a parent is found by its best child, once, and tells the children that were found, best first', async (t) => {
  const { id, documents } = await library({ animals: parents.join('\n\n') }, high, hierarchical('paragraph'))
  const list = (await world.segmentsOf({ id }, documents['animals'] as string)).data
  t.deepEqual(list.map(({ content }: any) => content), parents)
  t.deepEqual(list.map((one: any) => one.child_chunks.map(({ content, position }: any) => [position, content])),
    parents.map((text) => text.split('\n').map((line, index) => [index + 1, line])))
  t.true(list.every((one: any) => one.child_chunks.every((child: any) => child.segment_id === one.id && child.type === 'automatic')))

  for (const search_method of ['semantic_search', 'hybrid_search']) {
    const found = await records(id, 'heron waits in the water', { search_method })
    t.is(new Set(found.map(({ segment }) => segment.id)).size, found.length)
    t.is(found[0]?.segment.content, parents[0])
    t.is(found[0]?.child_chunks[0].content, 'the heron waits in the water')
    for (const { segment, child_chunks, score } of found) {
      t.true(child_chunks.every((child: any, index: number) => child.score > 0 && child.score <= (child_chunks[index - 1]?.score ?? 1)))
      t.true(child_chunks.every((child: any) => segment.content.split('\n')[child.position - 1] === child.content))
      if (search_method === 'semantic_search') t.is(score, child_chunks[0].score)
    }
    t.deepEqual(await records(id, 'heron waits in the water', { search_method, top_k: 1 }), found.slice(0, 1))
  }
  const [byWords] = await records(id, 'voles', { search_method: 'full_text_search' })
  t.deepEqual([byWords?.segment.content, byWords?.child_chunks], [parents[2], []])
  // Found by its words alone, it still has the score of its best child.
  const alone = await search([id], 'voles', { weights: { vector: 1, text: 0 } })
  t.is(alone[0]?.score, alone[0]?.children[0]?.score)
  const [reranked] = await records(id, 'heron', { ...judge, search_method: 'semantic_search' })
  t.is(reranked, undefined)

  await run('UPDATE document_segments SET enabled = false WHERE id = $1', list[0].id)
  for (const search_method of methods) t.false((await contents(id, 'heron waits in the water', { search_method })).includes(parents[0] as string))
})

test.serial('a parent of which more is about the question comes before one with a chance sentence; its score is that of its best child', async (t) => {
  const { id } = await library({
    off: 'the heron waits\nthe tax is due\nthe form is signed', on: 'the heron waits\nthe heron fishes\nherons wait in the water', only: 'the heron waits',
  }, high, hierarchical('full-doc'))
  const found = await search([id], 'the heron waits', { method: 'semantic_search' })
  t.deepEqual(found.map(({ documentName }) => documentName), ['only', 'on', 'off'])
  for (const { children, score } of found) {
    t.is(children[0]?.content, 'the heron waits')
    t.is(children[0]?.score, score)
  }
  // The only child of a parent is all of it.
  t.true((found[0]?.score ?? 0) > 0.999 && (found[1]?.score ?? 1) < 0.999)
  // What is taken away from a parent is evidence no longer.
  const off = found[2]
  const documentId = off?.documentId as string
  for (const { id: child } of off?.children.slice(1) ?? []) {
    t.is((await world.api.send('DELETE', `/v1/datasets/${id}/documents/${documentId}/segments/${off?.segmentId as string}/child_chunks/${child}`)).status, 204)
  }
  t.true(((await search([id], 'the heron waits', { method: 'semantic_search' })).find((one) => one.documentId === documentId)?.score ?? 0) > 0.999)
})

test.serial('a whole document with many children is one parent, and does not keep others from being found', async (t) => {
  const lines = Array.from({ length: 120 }, (_, n) => n === 77 ? 'the heron waits for the zebra' : `the heron waits number${n}`)
  const { id } = await library({ long: lines.join('\n'), short: 'a heron that waits and fishes' }, high, hierarchical('full-doc'))
  for (const search_method of ['semantic_search', 'hybrid_search'] as const) {
    const found = await search([id], 'the heron and the zebra', { method: search_method, topK: 2 })
    t.deepEqual(found.map(({ documentName }) => documentName), ['long', 'short'])
    t.is(found[0]?.children[0]?.content, 'the heron waits for the zebra')
    t.true((found[0]?.children.length ?? 0) <= 10)
  }
})

test.serial('of a pair of question and answer the question is found and the answer told', async (t) => {
  const { id } = await world.newDataset(high)
  const { body, status } = await world.addFile({ id }, 'pairs.csv', 'question,answer\nWhere does the heron wait?,In the water.\nWhen does the owl hunt?,At night.\n', {
    ...high, doc_form: 'qa_model', process_rule: { mode: 'automatic' },
  })
  t.is(status, 200, JSON.stringify(body))
  t.deepEqual((await world.api.indexed(id, body.batch)).map(({ error }) => error), [null])
  for (const search_method of methods) {
    const [first] = await records(id, 'where is the heron', { search_method })
    t.deepEqual([first?.segment.content, first?.segment.answer, first?.child_chunks], ['Where does the heron wait?', 'In the water.', []], search_method)
  }
  t.is((await search([id], 'owl'))[0]?.answer, 'At night.')
  t.deepEqual((await world.segmentsOf({ id }, body.document.id)).data.map(({ answer }: any) => answer), ['In the water.', 'At night.'])
  // The model that scores anew reads both.
  let read: readonly string[] = []
  reranking = ({ documents }) => { read = documents }
  await ask(id, 'heron', judge)
  t.true(read.includes('Where does the heron wait?\nIn the water.'))
})
