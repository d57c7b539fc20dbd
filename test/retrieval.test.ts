import { randomUUID } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { database } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import type { Hit, RetrievalSettings, RetrievedSegment, SearchMethod } from '../plugins/datasets/ports.ts'
import { fuse, withFamilies } from '../plugins/datasets/services/fusion.ts'
import { nonsense, qualitySet } from './support/quality-set.ts'
import type { QualityItem } from './support/quality-set.ts'

// Fusion

const score = fc.double({ min: 0, max: 1, noNaN: true })
const hit = fc.record({ segmentId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), score })
const side = fc.uniqueArray(hit, { selector: ({ segmentId }) => segmentId })
const weights = score.map((vector) => ({ vector, text: 1 - vector }))
const scoreOf = (hits: readonly Hit[], id: string): number => hits.find(({ segmentId }) => segmentId === id)?.score ?? 0

test('fused scores are bounded by those of both sides, sorted, and do not depend on the order or on other hits', (t) => {
  fc.assert(fc.property(side, side, weights, fc.infiniteStream(fc.double({ noNaN: true })), (vector, text, shares, random) => {
    const fused = fuse({ vector, text }, shares)
    for (const [index, { segmentId, score: value }] of fused.entries()) {
      const both = [scoreOf(vector, segmentId), scoreOf(text, segmentId)]
      if (value > Math.max(...both) + 1e-12 || value < Math.min(...both) - 1e-12 || value > (fused[index - 1]?.score ?? 1)) return false
      const alone = (hits: readonly Hit[]): Hit[] => hits.filter((one) => one.segmentId === segmentId)
      if (scoreOf(fuse({ vector: alone(vector), text: alone(text) }, shares), segmentId) !== value) return false
    }
    const shuffled = (hits: readonly Hit[]): Hit[] =>
      hits.map((one) => [random.next().value as number, one] as const).sort(([a], [b]) => a - b).map(([, one]) => one)
    const again = fuse({ vector: shuffled(vector), text: shuffled(text) }, shares)
    return again.length === fused.length && fused.every(({ segmentId, score: value }) => scoreOf(again, segmentId) === value)
  }))
  t.pass()
})

test('a fused score grows with either side', (t) => {
  fc.assert(fc.property(score, score, score, weights, (vector, text, more, shares) => {
    const fused = (v: number, w: number): number =>
      scoreOf(fuse({ vector: [{ segmentId: 'a', score: v }], text: [{ segmentId: 'a', score: w }] }, shares), 'a')
    const base = fused(vector, text)
    return fused(Math.min(1, vector + more), text) >= base && fused(vector, Math.min(1, text + more)) >= base
  }))
  t.is(scoreOf(fuse({ vector: [], text: [{ segmentId: 'a', score: 0.5 }] }, { vector: 0.5, text: 0.5 }, new Set(['a'])), 'a'), 0.5)
})

test('a child scores between itself and its family, in the order of its siblings; what has no family keeps its score', (t) => {
  const hits = [0.9, 0.5, 0.2].map((score, index) => ({ id: `${index}`, segmentId: 'parent', score, family: 0.6 }))
  t.deepEqual(withFamilies(hits).map((one) => one.score.toFixed(6)), ['0.750000', '0.550000', '0.400000'])
  const alone = [{ id: 'a', segmentId: 'a', score: 0.7 }, { id: 'only', segmentId: 'b', score: 0.4, family: 0.4 }]
  t.deepEqual(withFamilies(alone), alone)
})

// Ranking, on the real model

interface Library { readonly app: TestApp; readonly owner: { workspaceId: string; accountId: string }; readonly id: string; readonly economy: string }
let library: Promise<Library> | undefined
const open = (): Promise<Library> => library ??= (async () => {
  const app = await testApp()
  const owner = await app.resolve(accounts).setup({ email: 'librarian@example.org', name: 'Librarian', password: 'a shelf of books 7' })
  if (!owner) throw new Error('the database is not new')
  const port = app.resolve(datasets)
  const { id } = await port.create(owner, { name: 'Meaning', indexingTechnique: 'high_quality' })
  const { id: economy } = await port.create(owner, { name: 'Words', indexingTechnique: 'economy' })
  for (const dataset of [id, economy]) await port.addTexts(owner, dataset, qualitySet)
  await app.runJobs()
  return { app, owner, id, economy }
})()
test.after.always(async () => { await (await library)?.app.close() })

const ask = async (
  question: string, method: SearchMethod, settings: Partial<RetrievalSettings> = {}, ids?: readonly string[],
): Promise<readonly RetrievedSegment[]> => {
  const { app, owner, id } = await open()
  return app.resolve(datasets).retrieve(owner.workspaceId, ids ?? [id], question, { method, topK: 10, ...settings })
}
const places = async (method: SearchMethod, questionOf: (item: QualityItem) => string, settings?: Partial<RetrievalSettings>) => {
  const found: number[] = []
  for (const item of qualitySet) {
    found.push((await ask(questionOf(item), method, settings)).findIndex(({ documentName }) => documentName === item.name))
  }
  const among = (most: number): number => found.filter((place) => place >= 0 && place < most).length
  return { first: among(1), third: among(3), found: among(Infinity) }
}

test.serial('questions in other words find their passages by meaning, and nearly as well by both', async (t) => {
  const semantic = await places('semantic_search', ({ question }) => question)
  t.true(semantic.first >= 26 && semantic.third >= 37, JSON.stringify(semantic))
  const hybrid = await places('hybrid_search', ({ question }) => question)
  t.true(hybrid.first >= 22 && hybrid.third >= 34, JSON.stringify(hybrid))
})

test.serial('exact words find their passages by words, and as well by both', async (t) => {
  for (const method of ['full_text_search', 'hybrid_search', 'keyword_search'] as const) {
    t.is((await places(method, ({ exact }) => exact)).first, qualitySet.length, method)
  }
})

test.serial('a threshold rejects nonsense and keeps answers', async (t) => {
  for (const [method, scoreThreshold, kept] of [['semantic_search', 0.35, 32], ['hybrid_search', 0.14, 30], ['full_text_search', 0.01, 0]] as const) {
    for (const question of nonsense) t.deepEqual(await ask(question, method, { scoreThreshold }), [], `${method}: ${question}`)
    const { found } = await places(method, ({ question }) => question, { scoreThreshold })
    t.true(found >= kept, `${method} keeps ${found}`)
  }
  t.is((await places('full_text_search', ({ exact }) => exact, { scoreThreshold: 0.5 })).found, qualitySet.length)
})

test.serial('scores lie in 0..1, descend, obey the threshold at its edge, and a longer list has the shorter one as its head', async (t) => {
  for (const method of ['semantic_search', 'full_text_search', 'hybrid_search', 'keyword_search'] as const) {
    for (const { question, exact } of qualitySet.slice(0, 8)) {
      const hits = await ask(`${question} ${exact}`, method, { topK: 40 })
      t.true(hits.every(({ score: value }, index) => value > 0 && value <= 1 && value <= (hits[index - 1]?.score ?? 1)), method)
      for (const topK of [1, 3, 10]) t.deepEqual(await ask(`${question} ${exact}`, method, { topK }), hits.slice(0, topK))
      const edge = (hits[2] ?? hits.at(-1))?.score as number
      t.deepEqual(await ask(`${question} ${exact}`, method, { topK: 40, scoreThreshold: edge }), hits.filter(({ score: value }) => value >= edge))
    }
  }
})

test.serial('all of one side is that side', async (t) => {
  const shape = (hits: readonly RetrievedSegment[]) => hits.map(({ documentName, score: value }) => [documentName, value.toFixed(9)])
  for (const { question } of qualitySet.slice(0, 5)) {
    t.deepEqual(shape(await ask(question, 'hybrid_search', { weights: { vector: 1, text: 0 } })), shape(await ask(question, 'semantic_search')))
    t.deepEqual(shape(await ask(question, 'hybrid_search', { weights: { vector: 0, text: 1 } })), shape(await ask(question, 'full_text_search')))
  }
})

test.serial('a dataset without vectors is searched by words, alone and among others, whatever the method', async (t) => {
  const { id, economy } = await open()
  const byWords = await ask('ZX-8800 descaled', 'keyword_search', {}, [economy])
  t.is(byWords[0]?.documentName, 'coffee-machine')
  for (const method of ['semantic_search', 'hybrid_search', 'full_text_search'] as const) t.deepEqual(await ask('ZX-8800 descaled', method, {}, [economy]), byWords)
  for (const method of ['semantic_search', 'hybrid_search'] as const) {
    const [first, ...rest] = await ask('ZX-8800 descaled', method, {}, [id, economy])
    t.is(first?.documentName, 'coffee-machine')
    t.true(rest.some(({ datasetId, documentName }) => datasetId !== first?.datasetId && documentName === 'coffee-machine'))
  }
})

test.serial('another workspace, unknown datasets and empty questions find nothing', async (t) => {
  const { app, id } = await open()
  for (const method of ['semantic_search', 'full_text_search', 'hybrid_search'] as const) {
    t.deepEqual(await app.resolve(datasets).retrieve(randomUUID(), [id], 'bicycle', { method, topK: 5 }), [])
    t.deepEqual(await ask('bicycle', method, {}, [randomUUID()]), [])
    t.deepEqual(await ask('bicycle', method, {}, []), [])
    t.deepEqual(await ask('  ', method), [])
  }
})

test.serial('what is switched off is not found, and is again when it is on', async (t) => {
  const { app } = await open()
  const db = app.resolve(database)
  for (const method of ['semantic_search', 'full_text_search', 'hybrid_search'] as const) {
    const [first, second] = await ask('stairwell bicycles', method)
    t.is(first?.documentName, 'bicycles')
    await db.query('UPDATE documents SET enabled = false WHERE id = $1', [first?.documentId])
    const without = await ask('stairwell bicycles', method)
    t.true(without.every(({ documentId }) => documentId !== first?.documentId))
    if (method === 'semantic_search') t.is(without[0]?.segmentId, second?.segmentId)
    await db.query('UPDATE documents SET enabled = true WHERE id = $1', [first?.documentId])
    t.is((await ask('stairwell bicycles', method))[0]?.segmentId, first?.segmentId)
  }
})

test.serial('an aborted search ends with the reason', async (t) => {
  const { app, owner, id } = await open()
  const reason = new Error('the client went away')
  for (const method of ['semantic_search', 'full_text_search', 'hybrid_search'] as const) {
    const search = app.resolve(datasets).retrieve(owner.workspaceId, [id], 'bicycle', { method, topK: 5 }, AbortSignal.abort(reason))
    t.is(await t.throwsAsync(search), reason)
  }
})
