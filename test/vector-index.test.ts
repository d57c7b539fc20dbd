import { randomUUID } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { database, StartupError } from '../core/index.ts'
import type { Database } from '../core/index.ts'
import { testApp, testPort } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { pgvector } from '../plugins/datasets/adapters/vector-pgvector.ts'
import { newDataset, newDocument } from '../plugins/datasets/contracts/shelf.ts'
import { vectorIndexContract } from '../plugins/datasets/contracts/vector-index.ts'
import { vectorIndex } from '../plugins/datasets/ports.ts'
import type { IndexedVector, VectorIndex } from '../plugins/datasets/ports.ts'
import { unit } from '../plugins/datasets/vectors/arithmetic.ts'
import { FOLLOW_GRAPH, follow } from '../plugins/datasets/vectors/pgvector-search.ts'
import { tableOf } from '../plugins/datasets/vectors/pgvector-tables.ts'
import { createRows } from '../plugins/datasets/vectors/simd.ts'
import { brokenLaws } from './support/broken-laws.ts'

testPort(test.serial, vectorIndexContract, { name: 'vectorIndex exact' })
testPort(test.serial, vectorIndexContract, { name: 'vectorIndex exact, larger than its memory', config: { adapters: { vectorIndex: { exact: { cacheBytes: 0 } } } } })
// A server may lack the extension; the embedded database has it.
const isEmbedded = process.env['TEST_DATABASE_URL'] === undefined
const byGraph = { adapters: { vectorIndex: { pgvector: { compared: 50 } } } }
if (isEmbedded) {
  testPort(test.serial, vectorIndexContract, { name: 'vectorIndex pgvector', config: { adapters: { vectorIndex: { pgvector: {} } } } })
  testPort(test.serial, vectorIndexContract, { name: 'vectorIndex pgvector, by its graph', config: { adapters: { vectorIndex: { pgvector: { compared: 0 } } } } })
}

test('products by four are those by one, whatever the length of a row, and after rows grew in number or moved', (t) => {
  const value = fc.double({ min: -1, max: 1, noNaN: true })
  const shelf = fc.integer({ min: 1, max: 70 }).chain((size) => fc.record({
    question: fc.array(value, { minLength: size, maxLength: size }), vectors: fc.array(fc.array(value, { minLength: size, maxLength: size }), { minLength: 1, maxLength: 40 }),
    expected: fc.nat(20), cut: fc.nat(40), moved: fc.tuple(fc.nat(39), fc.nat(39)),
  }))
  fc.assert(fc.property(shelf, ({ question, vectors, expected, cut, moved: [from, to] }) => {
    const rows = createRows(question.length, expected)
    vectors.forEach((vector, index) => {
      rows.reserve(index + 1)
      rows.row(index).set(vector)
      // What it leaves behind the last row must not count when a row comes there.
      rows.products(Float32Array.from(question), index + 1)
    })
    const all: Float32Array[] = vectors.map((vector) => Float32Array.from(vector))
    if (from < all.length && to < all.length) {
      rows.copy(from, to)
      all[to] = all[from] as Float32Array
    }
    const asked = Float32Array.from(question)
    const middle = Math.min(cut, all.length)
    const inTwo = [...rows.products(asked, middle), ...rows.products(asked, all.length, middle)]
    inTwo.forEach((product, index) => {
      const sum = asked.reduce((total, one, at) => total + one * (all[index]?.[at] ?? NaN), 0)
      if (Math.abs(product - sum) > 1e-4) throw new Error(`row ${index}: ${product}, not ${sum}`)
    })
  }), { numRuns: 200 })
  const large = createRows(512, 0)
  large.reserve(5_000)
  large.row(4_999)[511] = 2
  t.is(large.products(new Float32Array(512).fill(0.5), 5_000).at(-1), 1)
})

test('pgvector on a server without the extension says what to install or to choose', async (t) => {
  const db = { hasExtension: async () => false } as unknown as Database
  const error = await t.throwsAsync(async () => pgvector.create({ db }, { compared: 0 }), { instanceOf: StartupError })
  t.regex(error.message, /vectorIndex\.pgvector: .* no extension "vector"[\s\S]*Install pgvector[\s\S]*vectorIndex: exact/)
})

test.serial('the laws catch who searches other documents, mixes up parents, forgets what it is asked about, or counts vectors for segments', async (t) => {
  const app = await testApp()
  t.teardown(() => app.close())
  const sound = app.resolve(vectorIndex)
  const faulty = (search: VectorIndex['search'], more: Partial<VectorIndex> = {}): VectorIndex => ({ ...sound, search, ...more })
  const segments = new Map<string, string>()
  const faults: Readonly<Record<string, readonly [law: string, subject: VectorIndex]>> = {
    'searches all documents': ['searches only the documents', faulty(({ workspaceId, datasetIds }, ...rest) => sound.search({ workspaceId, datasetIds }, ...rest))],
    'gives children to the wrong parent': ['finds a segment by the best', faulty(async (...asked) => {
      const hits = await sound.search(...asked)
      return hits.map((hit, index) => ({ ...hit, segmentId: (hits[index + 1] ?? hit).segmentId }))
    })],
    'forgets what it is asked about': ['scores what it is asked', faulty((scope, vector, limit) => sound.search(scope, vector, limit))],
    'forgets the children of what it is asked about': ['finds a segment by the best', faulty(async (scope, vector, limit, also = []) =>
      (await sound.search(scope, vector, limit, also)).filter(({ id, segmentId }) => id === segmentId || !also.includes(segmentId)))],
    'counts vectors': ['finds a segment by the best', faulty(async (scope, vector, limit, also) => (await sound.search(scope, vector, limit, also)).slice(0, limit))],
    'removes a segment by its own vector alone': ['removes vectors by their', faulty(sound.search, {
      remove: (dataset, what) => sound.remove(dataset, typeof what === 'object' && 'segmentIds' in what ? { ids: what.segmentIds } : what),
    })],
    'takes each child for a segment': ['finds a segment by the best', faulty(
      async (...asked) => (await sound.search(...asked)).map((hit) => ({ ...hit, segmentId: hit.id })), {
        write: (dataset, entries) => { for (const { id, segmentId } of entries) segments.set(id, segmentId); return sound.write(dataset, entries) },
      })],
  }
  const db = app.resolve(database)
  t.deepEqual(await brokenLaws(vectorIndexContract, sound, { db }), [])
  for (const [fault, [law, subject]] of Object.entries(faults)) t.is((await brokenLaws(vectorIndexContract, subject, { db }, law)).length, 1, fault)
})

// The graph of pgvector

/** Directions that lie in clumps, as those of texts do. */
const directions = (count: number, dimensions: number, seed = 1): Float32Array[] => {
  let state = seed
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  const topics = Array.from({ length: 20 }, () => Float32Array.from({ length: dimensions }, random))
  return Array.from({ length: count }, (_, n) => (topics[n % topics.length] as Float32Array).map((value) => value + random()))
}
const fill = async (app: TestApp, vectors: readonly Float32Array[], dataset: { workspaceId: string; id: string }) => {
  const document = await newDocument(app.resolve(database), dataset, vectors.length)
  const entries = vectors.map((vector, index): IndexedVector => {
    const id = document.segmentIds[index] as string
    return { id, segmentId: id, documentId: document.id, vector }
  })
  for (let at = 0; at < entries.length; at += 200) await app.resolve(vectorIndex).write(dataset, entries.slice(at, at + 200))
  return document
}

if (isEmbedded) {
  test.serial('512, 1,536 and 3,072 dimensions stand side by side, each searched by its graph; a small dataset beside a large one gives all of its own', async (t) => {
    const app = await testApp({ config: byGraph })
    t.teardown(() => app.close())
    const db = app.resolve(database)
    const large = await newDataset(db)
    const small = await newDataset(db, large.workspaceId)
    for (const dimensions of [512, 1536, 3072]) {
      const vectors = directions(dimensions === 512 ? 200 : 80, dimensions)
      const { segmentIds } = await fill(app, vectors, large)
      const few = await fill(app, directions(30, dimensions, 2), small)
      const [question = new Float32Array(dimensions)] = directions(1, dimensions, 3)
      const scope = { workspaceId: large.workspaceId, datasetIds: [large.id] }
      const plan = await db.transaction(async () => {
        await db.query(FOLLOW_GRAPH)
        return db.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${follow(dimensions)}`, [scope.workspaceId, scope.datasetIds, null, `[${question.join(',')}]`, 40])
      })
      t.true(plan.some((row) => row['QUERY PLAN'].includes(`Index Scan using ${tableOf(dimensions)}_graph`)), JSON.stringify(plan))

      const direction = unit(question)
      const cosine = (vector: Float32Array): number => unit(vector).reduce((sum, value, n) => sum + value * (direction[n] as number), 0)
      const expected = vectors.map((vector, index) => ({ id: segmentIds[index] as string, score: cosine(vector) })).sort((a, b) => b.score - a.score).slice(0, 10)
      const hits = await app.resolve(vectorIndex).search(scope, question, 10)
      t.true(hits.filter(({ id }) => expected.some((one) => one.id === id)).length >= 9, `${dimensions} dimensions`)
      t.true(Math.abs((hits[0]?.score ?? 0) - (expected[0]?.score ?? 0)) < 1e-5)
      const all = await app.resolve(vectorIndex).search({ ...scope, datasetIds: [small.id] }, question, 50)
      t.deepEqual(new Set(all.map(({ id }) => id)).size, all.length)
      t.true(all.every(({ id }) => few.segmentIds.includes(id)))
      const both = await app.resolve(vectorIndex).search({ ...scope, datasetIds: [large.id, small.id], documentIds: [few.id] }, question, 50)
      t.deepEqual(both, all)
    }
  })

  test.serial('tables that an earlier release made take children', async (t) => {
    const app = await testApp({ config: byGraph })
    t.teardown(() => app.close())
    const db = app.resolve(database)
    const dataset = await newDataset(db)
    const [vector = new Float32Array(8)] = directions(1, 8)
    const before = await fill(app, [vector], dataset)
    await db.query('DROP INDEX vector_index_8_by_parent; ALTER TABLE vector_index_8 DROP COLUMN parent_id')
    const again = await pgvector.create({ db }, { compared: 50 })
    const document = await newDocument(db, dataset, 1)
    const segmentId = document.segmentIds[0] as string
    await again.write(dataset, [1, 2].map(() => ({ id: randomUUID(), segmentId, documentId: document.id, vector })))
    const hits = await again.search({ workspaceId: dataset.workspaceId, datasetIds: [dataset.id] }, vector, 10)
    t.deepEqual(hits.map((hit) => hit.segmentId).sort(), [before.segmentIds[0], segmentId, segmentId].sort())
    t.is((await db.query("SELECT FROM pg_indexes WHERE indexname = 'vector_index_8_by_parent'")).length, 1)
  })
}
