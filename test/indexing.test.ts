/** Indexing that is interrupted: whatever fails, and whatever is taken away meanwhile, ends in the same segments or in nothing. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { database, defineAdapter, definePlugin, errors, logger, queue } from '../core/index.ts'
import { testApp, testPort } from '../core/testing.ts'
import { bm25 } from '../plugins/datasets/adapters/text-bm25.ts'
import { exact } from '../plugins/datasets/adapters/vector-exact.ts'
import { chunkerContract } from '../plugins/datasets/contracts/chunker.ts'
import { datasetsContract } from '../plugins/datasets/contracts/datasets.ts'
import { indexDocument } from '../plugins/datasets/jobs/index-document.ts'
import { textIndex, vectorIndex } from '../plugins/datasets/ports.ts'
import { indexing } from '../plugins/datasets/services/indexing.ts'
import type { Task } from '../plugins/datasets/services/indexing.ts'
import { stragglers } from '../plugins/datasets/services/stragglers.ts'
import { vectorRemoval } from '../plugins/datasets/services/vector-removal.ts'
import { automatic, bySeparator, knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { toyModels } from './support/toy-models.ts'
import { signIn } from './support/world.ts'

testPort(test.serial, chunkerContract)
testPort(test.serial, datasetsContract)

/** What happens at a place; a test sets it. */
let at: (place: string, signal?: AbortSignal) => void | Promise<void> = () => undefined
const watched = <T extends object>(name: string, real: T): T => Object.fromEntries(Object.entries(real).map(([key, value]) =>
  [key, key === 'write' || key === 'remove' ? async (...args: unknown[]) => { await at(`${name}.${key}`); return (value as (...args: unknown[]) => unknown)(...args) } : value])) as T
const watcher = definePlugin({
  name: 'watcher', kernel: '^1',
  adapters: [
    defineAdapter(vectorIndex, 'watched', { ...exact.options ? { options: exact.options } : {}, uses: exact.uses, create: async (deps, options) => watched('vectors', await exact.create(deps as never, options as never)) }),
    defineAdapter(textIndex, 'watched', { ...bm25.options ? { options: bm25.options } : {}, uses: bm25.uses, create: async (deps, options) => watched('texts', await bm25.create(deps as never, options as never)) }),
  ],
})

// No worker: the tests themselves run what is enqueued, step by step.
let known: Knowledge
test.before(async () => {
  known = await knowledge({
    only: ['web'], plugins: [watcher], fakes: { modelProvider: new Map([['toy', toyModels(({ signal }) => at('embed', signal))]]) },
    config: { plugins: { datasets: { batchSize: 4, storeSize: 5, sliceMs: 20 } }, adapters: { vectorIndex: { watched: {} }, textIndex: { watched: {} } } },
  })
})
test.after.always(() => known.app.close())
test.beforeEach(() => { at = () => undefined })

const lines = (count: number, what = 'line'): string[] => Array.from({ length: count }, (_, n) => `${what} number ${n}`)
const newTask = async (text: string, dataset?: { id: string }): Promise<Task & { datasetId: string }> => {
  const target = dataset ?? await known.newDataset({ indexing_technique: 'high_quality' })
  const { body } = await known.addText(target, 'paper', text, { process_rule: bySeparator('\n') })
  const [row] = await known.app.resolve(database).query<{ generation: number }>('SELECT generation FROM documents WHERE id = $1', [body.document.id])
  return { workspace_id: known.owner.workspaceId, document_id: body.document.id, generation: row?.generation ?? 0, datasetId: target.id }
}
const runOnce = ({ workspace_id, document_id, generation }: Task, signal = new AbortController().signal): Promise<boolean> =>
  known.app.resolve(indexing).run({ workspace_id, document_id, generation }, signal)
/** To the end, or to where it fails, in as many slices as it takes. */
const run = async (task: Task, signal?: AbortSignal): Promise<void> => { while (await runOnce(task, signal)); }
const documentOf = async (task: Task): Promise<any> => (await known.app.resolve(database).query('SELECT * FROM documents WHERE id = $1', [task.document_id]))[0]
/** Everything that there is of a document, in every table that could have any. */
const left = async ({ document_id, datasetId }: { document_id: string; datasetId: string }) => {
  const db = known.app.resolve(database)
  const count = async (sql: string, id: string): Promise<number> => (await db.query(sql, [id])).length
  return {
    segments: await db.query<{ content: string; position: number; status: string; tokens: number }>('SELECT content, position, status, tokens FROM document_segments WHERE document_id = $1 ORDER BY position', [document_id]),
    vectors: await count('SELECT 1 FROM vector_index_segments WHERE document_id = $1', document_id),
    texts: await count('SELECT 1 FROM text_index_segments WHERE document_id = $1', document_id),
    orphans: (await db.query('SELECT 1 FROM text_index_terms t WHERE NOT EXISTS (SELECT 1 FROM text_index_segments s WHERE s.id = t.segment)')).length,
    datasets: await count('SELECT 1 FROM text_index_datasets WHERE dataset_id = $1', datasetId) + await count('SELECT 1 FROM vector_index_datasets WHERE dataset_id = $1', datasetId),
  }
}

test.serial('whatever fails, however often: a later run ends with the same segments, none lost, none doubled', async (t) => {
  const expected = lines(18)
  const clean = await newTask(expected.join('\n'))
  await run(clean)
  const wanted = await left(clean)
  t.deepEqual(wanted.segments.map(({ content }) => content), expected)
  t.deepEqual(wanted.segments.map(({ position }) => position), expected.map((_, n) => n + 1))
  t.is((await documentOf(clean)).tokens, 18 * 3)
  const failure = fc.oneof(
    fc.record({ place: fc.constantFrom('embed', 'vectors.write'), call: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ place: fc.constant('texts.write'), call: fc.constant(1) }))
  const failures = fc.array(failure, { minLength: 1, maxLength: 4 })
  await fc.assert(fc.asyncProperty(failures, async (planned) => {
    const task = await newTask(expected.join('\n'))
    let thrown = 0
    for (const { place, call } of planned) {
      let calls = 0
      at = (where) => { if (where === place && (calls += 1) === call) throw new Error('planted') }
      const before = (await left(task)).segments.filter(({ status }) => status === 'completed').length
      await run(task).catch((error: unknown) => { if ((error as Error).message === 'planted') thrown += 1; else throw error })
      const { segments, vectors, texts } = await left(task)
      const completed = segments.filter(({ status }) => status === 'completed').length
      t.deepEqual([vectors, texts], [completed, segments.length])
      t.true(completed >= before && segments.length % 18 === 0)
    }
    at = () => undefined
    await run(task)
    t.true(thrown > 0)
    t.deepEqual(await left(task), wanted)
    t.like(await documentOf(task), { indexing_status: 'completed', error: null, tokens: 18 * 3, stalls: 0 })
  }), { numRuns: 12 })
})

test.serial('what has been done is not done again, and two runs at once come to the same end', async (t) => {
  const task = await newTask(lines(10).join('\n'))
  let embedded = 0
  at = (place) => { if (place === 'embed' && (embedded += 1) === 3) throw new Error('planted') }
  await t.throwsAsync(run(task), { message: 'planted' })
  t.like(await documentOf(task), { indexing_status: 'indexing', completed_at: null })
  const [state] = (await known.api.send('GET', `/v1/datasets/${task.datasetId}/documents/${(await documentOf(task)).batch as string}/indexing-status`)).body.data
  t.like(state, { indexing_status: 'indexing', completed_segments: 8, total_segments: 10 })
  await run(task)
  t.is(embedded, 4)
  await run(task)
  t.is(embedded, 4)

  const twice = await newTask(lines(30).join('\n'))
  at = () => undefined
  await Promise.all([run(twice), run(twice), run(twice)])
  const { segments, vectors, texts } = await left(twice)
  t.deepEqual([segments.length, vectors, texts], [30, 30, 30])
  t.deepEqual(segments.map(({ content }) => content), lines(30))
  t.like(await documentOf(twice), { indexing_status: 'completed', tokens: 90 })
})

test.serial('an interrupted run has not failed; a failed one says why', async (t) => {
  const job = async (task: Task, call: { attempt: number; last: boolean; signal?: AbortSignal }): Promise<void> => {
    const { app } = known
    for (let isOver = false; !isOver;) {
      isOver = true
      const once = <T>(work: () => Promise<T>): Promise<T> => { isOver = false; return work() }
      await indexDocument.handle(
        { payload: task, id: 'x', signal: new AbortController().signal, log: app.resolve(logger), once, progress: async () => undefined, ...call },
        { indexing: app.resolve(indexing), queue: app.resolve(queue) })
    }
  }
  const [interrupted, flaky, refused] = [await newTask(lines(9).join('\n')), await newTask(lines(9).join('\n')), await newTask(lines(9).join('\n'))]
  const controller = new AbortController()
  at = (place) => { if (place === 'embed') controller.abort(new Error('stopping')) }
  await t.throwsAsync(job(interrupted, { attempt: 5, last: true, signal: controller.signal }))
  t.like(await documentOf(interrupted), { indexing_status: 'indexing', error: null })
  at = () => undefined
  await job(interrupted, { attempt: 1, last: false })
  t.is((await documentOf(interrupted)).indexing_status, 'completed')

  at = (place) => { if (place === 'embed') throw new Error('the provider is away') }
  await t.throwsAsync(job(flaky, { attempt: 1, last: false }), { message: 'the provider is away' })
  t.is((await documentOf(flaky)).indexing_status, 'indexing')
  await t.throwsAsync(job(flaky, { attempt: 5, last: true }))
  const failed = await documentOf(flaky)
  t.is(failed.indexing_status, 'error')
  t.regex(failed.error, /5 times.*the provider is away/)
  t.truthy(failed.stopped_at)
  t.true((await left(flaky)).segments.every(({ status }) => status === 'error'))

  // What a provider refuses is not asked again, unless it was only asked too often.
  at = (place) => { if (place === 'embed') throw errors.tooManyRequests() }
  await t.throwsAsync(job(refused, { attempt: 1, last: false }))
  t.is((await documentOf(refused)).indexing_status, 'indexing')
  at = (place) => { if (place === 'embed') throw errors.badRequest('the key of the provider has expired') }
  await job(refused, { attempt: 1, last: false })
  t.like(await documentOf(refused), { indexing_status: 'error', error: 'the key of the provider has expired' })
  // Sent again, it begins anew.
  at = () => undefined
  const again = await newTask(lines(3, 'new').join('\n'), { id: flaky.datasetId })
  t.deepEqual([again.document_id, again.generation], [flaky.document_id, 2])
  await job(again, { attempt: 1, last: false })
  t.deepEqual((await left(flaky)).segments.map(({ content, status }) => [content, status]), lines(3, 'new').map((content) => [content, 'completed']))
  t.is((await left(flaky)).vectors, 3)
})

/** Runs a task up to its second batch, does something, and lets it go on. */
const meanwhile = async (task: Task, act: () => Promise<unknown>): Promise<void> => {
  let calls = 0
  let arrived: () => void = () => undefined
  let release: () => void = () => undefined
  const there = new Promise<void>((done) => { arrived = done })
  const released = new Promise<void>((done) => { release = done })
  at = async (place) => {
    if (place !== 'embed' || (calls += 1) !== 2) return
    arrived()
    await released
  }
  const running = run(task)
  await Promise.race([there, running.then(() => { throw new Error('it never came to its second batch') })])
  await act()
  release()
  await running
}
const nothing = { segments: [], vectors: 0, texts: 0, orphans: 0 }

test.serial('a document or dataset that is deleted while it is indexed leaves nothing behind', async (t) => {
  const one = await newTask(lines(12).join('\n'))
  await meanwhile(one, async () => { t.is((await known.api.send('DELETE', `/v1/datasets/${one.datasetId}/documents/${one.document_id}`)).status, 204) })
  t.like(await left(one), nothing)
  const all = await newTask(lines(12).join('\n'))
  await meanwhile(all, async () => { t.is((await known.api.send('DELETE', `/v1/datasets/${all.datasetId}`)).status, 204) })
  t.deepEqual(await left(all), { ...nothing, datasets: 0 })
  await run(all)
  t.deepEqual(await left(all), { ...nothing, datasets: 0 })
})

test.serial('a document that is replaced while it is indexed ends with its new content alone', async (t) => {
  const old = await newTask(lines(12, 'old').join('\n'))
  let next: Task & { datasetId: string } = old
  await meanwhile(old, async () => { next = await newTask(lines(5, 'new').join('\n'), { id: old.datasetId }) })
  t.deepEqual([next.document_id, next.generation], [old.document_id, 2])
  t.is((await documentOf(old)).indexing_status, 'waiting')
  t.is((await known.segmentsOf({ id: old.datasetId }, old.document_id)).total, 0)
  await Promise.all([run(next), run(old)])
  const { segments, vectors, texts } = await left(next)
  t.deepEqual([segments.map(({ content }) => content), vectors, texts], [lines(5, 'new'), 5, 5])
})

/** What a search may meet of a document, and what is said of it, without what no two documents have in common. */
const outcome = async ({ document_id }: Task): Promise<object> => {
  const db = known.app.resolve(database)
  const rows = (sql: string): Promise<object[]> => db.query(sql, [document_id])
  return {
    document: await rows('SELECT indexing_status, error, word_count, tokens, stalls, is_paused FROM documents WHERE id = $1'),
    segments: await rows('SELECT generation, position, content, answer, status, error, tokens, word_count, keywords, completed_at IS NULL AS open FROM document_segments WHERE document_id = $1 ORDER BY position'),
    children: await rows(`SELECT s.position AS of, c.position, c.content, c.status, c.word_count FROM child_chunks c JOIN document_segments s ON s.id = c.segment_id
      WHERE c.document_id = $1 ORDER BY s.position, c.position`),
    vectors: await rows(`SELECT COALESCE(c.content, s.content) AS of FROM vector_index_segments v LEFT JOIN child_chunks c ON c.id = v.segment_id
      LEFT JOIN document_segments s ON s.id = v.segment_id WHERE v.document_id = $1 ORDER BY s.position, c.segment_id, c.position, 1`).then((found) => found.map((one) => JSON.stringify(one)).sort()),
    texts: await rows('SELECT s.position, t.terms FROM text_index_segments t JOIN document_segments s ON s.id = t.segment_id WHERE t.document_id = $1 ORDER BY s.position'),
  }
}
const parents = (count: number): string => Array.from({ length: count }, (_, n) => lines(3, `parent ${n} child`).join('\n')).join('\n\n')
const forms: Record<string, { technique: 'economy' | 'high_quality'; name: string; content: string; more: object }> = {
  'by words': { technique: 'economy', name: 'a.txt', content: lines(13).join('\n'), more: { process_rule: bySeparator('\n') } },
  'by vectors': { technique: 'high_quality', name: 'a.txt', content: lines(13).join('\n'), more: { process_rule: bySeparator('\n') } },
  'parent-child': {
    technique: 'high_quality', name: 'a.txt', content: parents(5),
    more: { doc_form: 'hierarchical_model', process_rule: { mode: 'hierarchical', rules: { pre_processing_rules: [], parent_mode: 'paragraph',
      segmentation: { separator: '\n\n', max_tokens: 200 }, subchunk_segmentation: { separator: '\n', max_tokens: 50 } } } },
  },
  'questions and answers': { technique: 'high_quality', name: 'a.csv', content: lines(13, 'question').map((one) => `${one},the answer to ${one}`).join('\n'), more: { doc_form: 'qa_model', process_rule: automatic } },
}
for (const [form, { technique, name, content, more }] of Object.entries(forms)) {
  test.serial(`a process that dies between any two statements leaves what another goes on from: ${form}`, async (t) => {
    const db = known.app.resolve(database) as { query: (...args: any[]) => Promise<any[]> }
    const add = async (): Promise<Task & { datasetId: string }> => {
      const dataset = await known.newDataset({ indexing_technique: technique })
      const { body } = await known.addFile(dataset, name, content, { indexing_technique: technique, ...more })
      return { workspace_id: known.owner.workspaceId, document_id: body.document.id, generation: 1, datasetId: dataset.id }
    }
    const { query } = db
    t.teardown(() => { db.query = query })
    let left = Infinity
    let count = 0
    db.query = (...args) => {
      count += 1
      left -= 1
      return left < 0 ? Promise.reject(new Error('dead')) : query.apply(db, args)
    }
    const undisturbed = await add()
    count = 0
    await run(undisturbed)
    const statements = count
    const wanted = await outcome(undisturbed) as { document: [object]; segments: object[]; children: object[]; vectors: object[] }
    t.like(wanted.document[0], { indexing_status: 'completed', error: null })
    t.is(wanted.segments.length, form === 'parent-child' ? 5 : 13)
    t.is(wanted.children.length, form === 'parent-child' ? 15 : 0)
    t.is(wanted.vectors.length, form === 'by words' ? 0 : form === 'parent-child' ? 15 : 13)
    await fc.assert(fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: statements - 1 }), { minLength: 1, maxLength: 2 }), async (deaths) => {
      const task = await add()
      for (const death of deaths) {
        left = death
        await run(task).then(() => undefined, (error: unknown) => { if ((error as Error).message !== 'dead') throw error })
        left = Infinity
      }
      await run(task)
      t.deepEqual(await outcome(task), wanted)
    }), { numRuns: 8, endOnFailure: true })
  })
}

test.serial('a long text is indexed in slices, and none of them begins again what another has done', async (t) => {
  const dataset = await known.newDataset({ indexing_technique: 'economy' })
  const { body } = await known.addText(dataset, 'long', lines(400, 'a line of a long text').join('\n'), { process_rule: bySeparator('\n') })
  const task = { workspace_id: known.owner.workspaceId, document_id: body.document.id as string, generation: 1, datasetId: dataset.id as string }
  let slices = 1
  let before = 0
  for (; await runOnce(task); slices += 1) {
    const { segments, texts } = await left(task)
    t.is(texts, segments.length)
    t.true(segments.length > before)
    t.is((await documentOf(task)).indexing_status, 'splitting')
    before = segments.length
  }
  t.true(slices > 1)
  t.deepEqual((await left(task)).segments.map(({ content }) => content), lines(400, 'a line of a long text'))
  t.is((await documentOf(task)).indexing_status, 'completed')
})

test.serial('what is stored of a text that is read in another way by now is not kept', async (t) => {
  const task = await newTask(lines(23).join('\n'))
  const db = known.app.resolve(database)
  at = (place) => { if (place === 'embed') throw new Error('planted') }
  await t.throwsAsync(run(task))
  // As if an earlier version had cut the text differently.
  await db.query(`UPDATE documents SET indexing_status = 'splitting', splitting_completed_at = NULL WHERE id = $1`, [task.document_id])
  await db.query(`UPDATE document_segments SET content = 'otherwise', index_node_hash = 'otherwise' WHERE document_id = $1`, [task.document_id])
  at = () => undefined
  await run(task)
  const { segments, vectors, texts } = await left(task)
  t.deepEqual([segments.map(({ content }) => content), vectors, texts], [lines(23), 23, 23])
})

test.serial('a document that cannot be cut leaves nothing but the reason', async (t) => {
  const dataset = await known.newDataset({ indexing_technique: 'economy' })
  const { body } = await known.addFile(dataset, 'a.csv', `${lines(20, 'question').map((one) => `${one},answer`).join('\n')}\nno answer,`, { indexing_technique: 'economy', doc_form: 'qa_model', process_rule: automatic })
  const task = { workspace_id: known.owner.workspaceId, document_id: body.document.id as string, generation: 1, datasetId: dataset.id as string }
  const error: unknown = await t.throwsAsync(run(task), { name: 'DocumentFault' })
  t.is((await left(task)).segments.length, 20)
  await known.app.resolve(indexing).fail(task, (error as Error).message)
  t.like(await left(task), nothing)
  t.regex((await documentOf(task)).error, /Row 21/)
})

test.serial('indexing is paused, resumed and retried from the console, and each says what it cannot do', async (t) => {
  const headers = await signIn(known.app, { email: 'ann@example.org', password: 'correct horse 42' })
  const ask = async (method: string, path: string, json?: object): Promise<{ status: number; body: any }> => {
    const response = await known.app.fetch(`/console/api/datasets/${path}`, { method, headers, ...json ? { json } : {} })
    return { status: response.status, body: response.status === 204 ? undefined : await response.json() }
  }
  const task = await newTask(lines(12).join('\n'))
  const processing = (action: string): Promise<{ status: number; body: any }> => ask('PATCH', `${task.datasetId}/documents/${task.document_id}/processing/${action}`)
  const retry = (...ids: string[]): Promise<{ status: number; body: any }> => ask('POST', `${task.datasetId}/retry`, { document_ids: ids })
  const jobs = async (): Promise<number> => (await known.app.resolve(queue).find({ name: indexDocument.name, limit: 1000 })).length

  t.like(await retry(task.document_id), { status: 400, body: { code: 'document_indexing' } })
  await meanwhile(task, async () => { t.like(await processing('pause'), { status: 200, body: { result: 'success' } }) })
  const paused = await documentOf(task)
  t.like(paused, { indexing_status: 'indexing', is_paused: true })
  t.truthy(paused.paused_at)
  // The batch that was under way came to nothing; the one before stays.
  t.is((await left(task)).vectors, 4)
  await run(task)
  t.is((await left(task)).vectors, 4)
  t.like((await ask('GET', `${task.datasetId}/indexing-status`)).body, { total: 1, data: [{ id: task.document_id, indexing_status: 'paused', completed_segments: 4, total_segments: 12 }] })
  t.is((await processing('pause')).status, 200)
  t.is((await processing('resume')).status, 200)
  t.is((await ask('GET', `${task.datasetId}/documents/${task.document_id}/indexing-status`)).body.indexing_status, 'indexing')
  let embedded = 0
  at = (place) => { if (place === 'embed') embedded += 1 }
  await run(task)
  t.is(embedded, 2)
  t.is((await documentOf(task)).indexing_status, 'completed')
  for (const answer of [await processing('pause'), await processing('resume'), await retry(task.document_id)]) t.like(answer, { status: 400, body: { code: 'document_already_finished' } })
  t.is((await processing('stop')).status, 404)

  // A run of before may still fail; what was begun anew is none of its business.
  const broken = await newTask(lines(6).join('\n'), { id: task.datasetId })
  await known.app.resolve(indexing).fail(broken, 'the provider is away')
  t.like((await ask('GET', `${task.datasetId}/error-docs`)).body, { total: 1, data: [{ id: broken.document_id, error: 'the provider is away' }] })
  t.like(await processing('resume'), { status: 400 })
  t.like(await retry(broken.document_id, '00000000-0000-4000-8000-000000000000'), { status: 404 })
  t.is((await documentOf(broken)).generation, broken.generation)
  const before = await jobs()
  t.is((await retry(broken.document_id)).status, 204)
  t.is(await jobs(), before + 1)
  t.like(await documentOf(broken), { indexing_status: 'waiting', error: null, generation: broken.generation + 1 })
  await known.app.resolve(indexing).fail(broken, 'too late')
  await run({ ...broken, generation: broken.generation + 1 })
  t.like(await documentOf(broken), { indexing_status: 'completed', error: null })
  t.deepEqual((await left(broken)).segments.map(({ content }) => content), lines(6))
  t.is((await ask('GET', `${task.datasetId}/error-docs`)).body.total, 0)
})

test.serial('another model or technique embeds the same segments anew, and meanwhile nothing wrong is found', async (t) => {
  const db = known.app.resolve(database)
  const task = await newTask(lines(9).join('\n'))
  const change = async (more: object): Promise<void> => { t.is((await known.api.send('PATCH', `/v1/datasets/${task.datasetId}`, more)).status, 200) }
  const found = async (): Promise<number> => (await known.api.send('POST', `/v1/datasets/${task.datasetId}/retrieve`, { query: 'line number 3' })).body.records.length
  const ids = async (): Promise<object[]> => db.query('SELECT id, content FROM document_segments WHERE document_id = $1 ORDER BY position', [task.document_id])
  const dropped = (): Promise<void> => known.app.resolve(vectorRemoval).remove(known.owner.workspaceId, task.datasetId, new AbortController().signal)
  await run(task)
  t.true(await found() > 0)
  await db.query(`UPDATE document_segments SET content = 'line number 3, edited' WHERE document_id = $1 AND position = 4`, [task.document_id])
  const before = await ids()

  let embedded = 0
  at = (place) => { if (place === 'embed') embedded += 1 }
  await change({ embedding_model: 'words-2', embedding_model_provider: 'toy' })
  t.is(await found(), 0)
  t.is((await documentOf(task)).indexing_status, 'waiting')
  await run(task)
  t.is(embedded, 4)
  t.true(await found() > 0)
  t.deepEqual(await ids(), before)
  t.like(await documentOf(task), { indexing_status: 'completed', tokens: 9 * 3 + 1, generation: 1 })

  await change({ indexing_technique: 'economy' })
  t.true(await found() > 0)
  t.is((await left(task)).vectors, 9)
  await dropped()
  t.is((await left(task)).vectors, 0)
  t.is((await documentOf(task)).indexing_status, 'completed')

  // The change back, in the midst of which the change comes to nothing: each time what is embedded for another method is not kept.
  await change({ indexing_technique: 'high_quality' })
  await meanwhile(task, async () => { await change({ indexing_technique: 'economy' }) })
  await dropped()
  t.is((await left(task)).vectors, 0)
  t.like(await documentOf(task), { indexing_status: 'completed' })
  await change({ indexing_technique: 'high_quality' })
  // A removal that comes late takes nothing that is needed.
  await run(task)
  await dropped()
  t.is((await left(task)).vectors, 9)
  await meanwhileChanging(task, change)
  t.deepEqual(await ids(), before)
  t.is((await left(task)).vectors, 9)
})
/** The model changes while the document is embedded for another one. */
const meanwhileChanging = async (task: Task & { datasetId: string }, change: (more: object) => Promise<void>): Promise<void> => {
  await change({ embedding_model: 'words-2', embedding_model_provider: 'toy' })
  await meanwhile(task, async () => { await change({ embedding_model: 'words', embedding_model_provider: 'toy' }) })
  await run(task)
}

test.serial('what was cut before a dataset got vectors is embedded as well', async (t) => {
  const dataset = await known.newDataset({ indexing_technique: 'economy' })
  const { body } = await known.addText(dataset, 'paper', lines(17).join('\n'), { process_rule: bySeparator('\n') })
  const task = { workspace_id: known.owner.workspaceId, document_id: body.document.id as string, generation: 1, datasetId: dataset.id as string }
  let calls = 0
  at = (place) => { if (place === 'texts.write' && (calls += 1) === 3) throw new Error('planted') }
  await t.throwsAsync(run(task), { message: 'planted' })
  t.is((await left(task)).segments.length, 10)
  at = () => undefined
  t.is((await known.api.send('PATCH', `/v1/datasets/${task.datasetId}`, { indexing_technique: 'high_quality' })).status, 200)
  await run(task)
  t.is((await documentOf(task)).indexing_status, 'waiting')
  await run({ ...task, generation: 2 })
  const { segments, vectors, texts } = await left(task)
  t.deepEqual([segments.map(({ content }) => content), vectors, texts], [lines(17), 17, 17])
  t.like(await documentOf(task), { indexing_status: 'completed', tokens: 17 * 3 })
})

test.serial('documents that nobody works on are taken up, once, and not for ever', async (t) => {
  const { app } = known
  const db = app.resolve(database)
  const resume = (): Promise<number> => app.resolve(stragglers).resume(new AbortController().signal)
  const count = async (): Promise<number> => (await app.resolve(queue).counts()).waiting
  await db.query("UPDATE documents SET indexing_status = 'completed' WHERE indexing_status <> 'error'")
  const task = await newTask(lines(3).join('\n'))
  const waiting = await count()
  const forget = (): Promise<unknown> => db.query("UPDATE documents SET checked_at = 'epoch' WHERE id = $1", [task.document_id])
  t.is(await resume(), 0)
  await forget()
  t.is(await resume(), 1)
  // Its job still waits, so there is no second one.
  t.is(await count(), waiting)
  t.is(await resume(), 0)
  t.is((await documentOf(task)).stalls, 0)
  await db.query("UPDATE documents SET indexing_status = 'parsing' WHERE id = $1", [task.document_id])
  for (let n = 0; n < 5; n += 1) { await forget(); await resume() }
  t.like(await documentOf(task), { stalls: 5, indexing_status: 'parsing' })
  await forget()
  await resume()
  t.regex((await documentOf(task)).error, /never came further/)

  // What somebody holds at that moment is not left for the next time. (An embedded database does one thing after another.)
  if (db.exclusive) return
  await db.query("UPDATE documents SET indexing_status = 'waiting', stalls = 0, checked_at = 'epoch' WHERE id = $1", [task.document_id])
  const gate = { shut: (): void => undefined, open: (): void => undefined }
  const [shut, opened] = (['shut', 'open'] as const).map((name) => new Promise<void>((resolve) => { gate[name] = resolve }))
  const holding = db.transaction(async () => {
    await db.query('SELECT 1 FROM documents WHERE id = $1 FOR UPDATE', [task.document_id])
    gate.shut()
    await opened
  })
  await shut
  const resumed = resume()
  setTimeout(gate.open, 300)
  t.is(await resumed, 1)
  await holding
})

test.serial('a server that stops in the midst of it goes on when it starts again', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mortise-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  if (process.env['TEST_DATABASE_URL'] !== undefined) { t.pass('each server of this run has a database of its own'); return }
  const config = { server: { drainMs: 100 }, plugins: { datasets: { batchSize: 4 } } } as never
  let calls = 0
  let arrived: () => void = () => undefined
  const there = new Promise<void>((done) => { arrived = done })
  const stuck = toyModels(async ({ signal }) => {
    if ((calls += 1) < 3) return
    arrived()
    await new Promise((_, fail) => { signal?.addEventListener('abort', () => { fail(signal.reason as Error) }) })
  })
  const first = await knowledge({ dataDir, config, fakes: { modelProvider: new Map([['toy', stuck]]) } })
  const dataset = await first.newDataset({ indexing_technique: 'high_quality' })
  const { body } = await first.addText(dataset, 'paper', lines(14).join('\n'), { process_rule: bySeparator('\n') })
  const token = await first.newToken()
  await there
  await first.app.close()
  const second = await testApp({ dataDir, config, fakes: { modelProvider: new Map([['toy', toyModels()]]) } })
  t.teardown(() => second.close())
  await second.runJobs()
  const at = `/v1/datasets/${dataset.id as string}/documents`
  const states = await (await second.fetch(`${at}/${body.batch as string}/indexing-status`, { token })).json() as any
  t.like(states.data[0], { indexing_status: 'completed', completed_segments: 14, total_segments: 14 })
  const segments = await (await second.fetch(`${at}/${body.document.id as string}/segments?limit=100`, { token })).json() as any
  t.deepEqual(segments.data.map((one: any) => one.content), lines(14))
})
