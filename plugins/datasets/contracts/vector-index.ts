/** The laws of `vectorIndex`. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { database, defineContract } from '../../../core/index.ts'
import { vectorIndex } from '../ports.ts'
import type { Hit, VectorIndex } from '../ports.ts'
import { hidden, newDataset, newDocument } from './shelf.ts'
import type { ShelfDataset, ShelfDocument } from './shelf.ts'

/** In the plane of the first two axes, at so many degrees from the first: the cosine between two of them is that of the difference. */
const at = (degrees: number, dimensions = 8): Float32Array => {
  const vector = new Float32Array(dimensions)
  vector.set([Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)])
  return vector
}
const cosine = (degrees: number): number => Math.cos(degrees * Math.PI / 180)
const entriesOf = ({ id, segmentIds }: ShelfDocument, vectors: readonly Float32Array[]) =>
  vectors.map((vector, index) => ({ id: segmentIds[index] as string, segmentId: segmentIds[index] as string, documentId: id, vector }))
/** The segments of a document, each with a vector for each of its children. */
const families = ({ id, segmentIds }: ShelfDocument, degrees: readonly (readonly number[])[]) => degrees.flatMap((angles, index) =>
  angles.map((angle) => ({ id: randomUUID(), segmentId: segmentIds[index] as string, documentId: id, vector: at(angle) })))
const scopeOf = (...datasets: readonly ShelfDataset[]) =>
  ({ workspaceId: datasets[0]?.workspaceId as string, datasetIds: datasets.map(({ id }) => id) })
const ids = (hits: readonly Hit[]): string[] => hits.map(({ segmentId }) => segmentId)
/** Each segment once, in the order of its best vector. */
const segmentsOf = (hits: readonly Hit[]): string[] => [...new Set(ids(hits))]
const refuse = (): never => { throw new Error('undone') }

const angles = [10, 40, 70, 100]
const indexed = async (db: Parameters<typeof newDataset>[0], subject: VectorIndex, degrees: readonly number[] = angles) => {
  const dataset = await newDataset(db)
  const document = await newDocument(db, dataset, degrees.length)
  await subject.write(dataset, entriesOf(document, degrees.map((angle) => at(angle))))
  return { dataset, document, segmentIds: document.segmentIds }
}
const closeTo = (hits: readonly Hit[], degrees: readonly number[]): void => {
  assert.equal(hits.length, degrees.length)
  for (const [index, angle] of degrees.entries()) {
    const score = hits[index]?.score ?? 0
    assert.ok(Math.abs(score - cosine(angle)) < 1e-4, `${score} is not the cosine of ${angle} degrees`)
  }
}

export const vectorIndexContract = defineContract(vectorIndex, {
  uses: { db: database },
  laws: {
    'finds the nearest first; the score is the cosine, and what points away is not found': async (subject, { db }) => {
      const { dataset, segmentIds } = await indexed(db, subject)
      const hits = await subject.search(scopeOf(dataset), at(0), 10)
      assert.deepEqual(ids(hits), segmentIds.slice(0, 3))
      closeTo(hits, [10, 40, 70])
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(60), 2)), [segmentIds[2], segmentIds[1]])
      closeTo(await subject.search(scopeOf(dataset), at(40), 1), [0])
      assert.ok((await subject.search(scopeOf(dataset), at(40), 1)).every(({ score }) => score <= 1))
    },
    'length does not matter, and a vector of zeros is found by nothing and finds nothing': async (subject, { db }) => {
      const dataset = await newDataset(db)
      const document = await newDocument(db, dataset, 3)
      await subject.write(dataset, entriesOf(document, [at(30).map((value) => value * 1e3), at(20).map((value) => value * 1e-3), new Float32Array(8)]))
      const hits = await subject.search(scopeOf(dataset), at(0).map((value) => value * 7), 10)
      assert.deepEqual(ids(hits), [document.segmentIds[1], document.segmentIds[0]])
      closeTo(hits, [20, 30])
      assert.deepEqual(await subject.search(scopeOf(dataset), new Float32Array(8), 10), [])
      await assert.rejects(subject.write(dataset, entriesOf(document, [at(0).fill(Number.NaN)])))
    },
    'vectors of another dimension stand side by side and are not compared': async (subject, { db }) => {
      const { dataset, document, segmentIds } = await indexed(db, subject)
      const long = await newDocument(db, dataset, 1)
      await subject.write(dataset, entriesOf(long, [at(5, 1536)]))
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(0, 1536), 10)), long.segmentIds)
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(0), 10)), segmentIds.slice(0, 3))
      assert.deepEqual(await subject.search(scopeOf(dataset), at(0, 16), 10), [])
      // A dataset that changes its model: the same segment with another length.
      await subject.write(dataset, entriesOf(document, [at(3, 1536)]))
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(0), 10)), segmentIds.slice(1, 3))
      assert.equal((await subject.search(scopeOf(dataset), at(0, 1536), 10)).length, 2)
    },
    'writing again replaces': async (subject, { db }) => {
      const { dataset, document, segmentIds } = await indexed(db, subject)
      await subject.write(dataset, entriesOf(document, angles.map((angle) => at(angle))))
      closeTo(await subject.search(scopeOf(dataset), at(0), 10), [10, 40, 70])
      await subject.write(dataset, [...entriesOf(document, [at(20)]), ...entriesOf(document, [at(80)])])
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(0), 10)), [segmentIds[1], segmentIds[2], segmentIds[0]])
      await subject.write(dataset, [])
    },
    'removes by segment, by document and all, and what is written afterwards is found': async (subject, { db }) => {
      const { dataset, segmentIds } = await indexed(db, subject)
      const other = await newDocument(db, dataset, 2)
      for (const what of [{ segmentIds: other.segmentIds }, { documentId: other.id }]) {
        await subject.write(dataset, entriesOf(other, [at(1), at(2)]))
        assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(0), 3)), [...other.segmentIds, segmentIds[0]])
        await subject.remove(dataset, what)
        assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(0), 3)), segmentIds.slice(0, 3))
        await subject.remove(dataset, what)
      }
      await subject.remove(dataset, { segmentIds: [] })
      await subject.remove(dataset, 'all')
      assert.deepEqual(await subject.search(scopeOf(dataset), at(0), 10), [])
      await subject.remove(dataset, 'all')
      await subject.write(dataset, entriesOf(other, [at(1), at(2)]))
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(0), 10)), other.segmentIds)
    },
    'another dataset or workspace is not found and not removed': async (subject, { db }) => {
      const { dataset } = await indexed(db, subject)
      const before = await subject.search(scopeOf(dataset), at(0), 10)
      const [neighbour, stranger] = [await newDataset(db, dataset.workspaceId), await newDataset(db)]
      for (const other of [neighbour, stranger]) await subject.write(other, entriesOf(await newDocument(db, other, 1), [at(0)]))
      assert.deepEqual(await subject.search(scopeOf(dataset), at(0), 10), before)
      assert.deepEqual(await subject.search({ workspaceId: stranger.workspaceId, datasetIds: [dataset.id] }, at(0), 10), [])
      assert.deepEqual(await subject.search({ workspaceId: dataset.workspaceId, datasetIds: [dataset.id, stranger.id] }, at(0), 10), before)
      for (const wrong of [neighbour, stranger, { workspaceId: stranger.workspaceId, id: dataset.id }]) {
        await subject.remove(wrong, { segmentIds: ids(before) })
        await subject.remove(wrong, 'all')
      }
      assert.deepEqual(await subject.search(scopeOf(dataset), at(0), 10), before)
      assert.deepEqual(await subject.search({ ...scopeOf(dataset), datasetIds: [] }, at(0), 10), [])
    },
    'ranks several datasets together': async (subject, { db }) => {
      const { dataset, segmentIds } = await indexed(db, subject)
      const second = await newDataset(db, dataset.workspaceId)
      const document = await newDocument(db, second, 2)
      await subject.write(second, entriesOf(document, [at(20), at(50)]))
      const hits = await subject.search(scopeOf(dataset, second), at(0), 4)
      assert.deepEqual(ids(hits), [segmentIds[0], document.segmentIds[0], segmentIds[1], document.segmentIds[1]])
    },
    'passes over what is disabled, archived or unfinished, and still gives as many as were asked for': async (subject, { db }) => {
      const dataset = await newDataset(db)
      const better = await newDocument(db, dataset, 1)
      const good = await newDocument(db, dataset, 60)
      await subject.write(dataset, [...entriesOf(better, [at(0)]), ...entriesOf(good, good.segmentIds.map((_, index) => at(index + 1)))])
      assert.equal(ids(await subject.search(scopeOf(dataset), at(0), 5))[0], better.segmentIds[0])
      for (const [what, hide] of Object.entries(hidden)) {
        await hide(db, better, true)
        assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(0), 5, better.segmentIds)), good.segmentIds.slice(0, 5), what)
        await hide(db, better, false)
      }
      await db.query('UPDATE document_segments SET enabled = false WHERE id = ANY ($1::uuid[])', [good.segmentIds.slice(0, 50)])
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(0), 5)), [...better.segmentIds, ...good.segmentIds.slice(50, 54)])
    },
    'scores what it is asked about beyond the best, as it would among them': async (subject, { db }) => {
      const { dataset, segmentIds } = await indexed(db, subject)
      const hits = await subject.search(scopeOf(dataset), at(0), 1, [...segmentIds.slice(1), randomUUID()])
      assert.deepEqual(ids(hits), segmentIds.slice(0, 3))
      closeTo(hits, [10, 40, 70])
      closeTo(await subject.search(scopeOf(dataset), at(0), 0, segmentIds.slice(1, 2)), [40])
    },
    'searches only the documents that it is told, however many others are nearer': async (subject, { db }) => {
      const { dataset, document, segmentIds } = await indexed(db, subject)
      const nearer = await newDocument(db, dataset, 80)
      await subject.write(dataset, entriesOf(nearer, nearer.segmentIds.map((_, index) => at(index / 10))))
      const only = (...documentIds: string[]) => ({ ...scopeOf(dataset), documentIds })
      assert.deepEqual(ids(await subject.search(only(document.id), at(0), 2)), segmentIds.slice(0, 2))
      assert.deepEqual(ids(await subject.search(only(document.id), at(0), 1, [nearer.segmentIds[0] as string, segmentIds[2] as string])), [segmentIds[0], segmentIds[2]])
      assert.deepEqual(ids(await subject.search(only(document.id, nearer.id), at(0), 1)), nearer.segmentIds.slice(0, 1))
      assert.equal((await subject.search(only(document.id, nearer.id, randomUUID()), at(0), 100)).length, 83)
      assert.deepEqual(await subject.search(only(randomUUID()), at(0), 10), [])
      assert.deepEqual(await subject.search(only(), at(0), 10, segmentIds), [])
    },
    'finds a segment by the best of its vectors, and counts segments': async (subject, { db }) => {
      const dataset = await newDataset(db)
      const document = await newDocument(db, dataset, 4)
      const [near, far, third, opposite] = document.segmentIds as [string, string, string, string]
      const entries = families(document, [[70, 5, 6, 7, 8], [60, 20], [30], [170, 120]])
      const idOf = (angle: number): string => entries.find(({ vector }) => vector[0] === at(angle)[0])?.id as string
      await subject.write(dataset, entries)
      const hits = await subject.search(scopeOf(dataset), at(0), 2)
      assert.deepEqual(segmentsOf(hits), [near, far])
      for (const [index, { id, score }] of hits.entries()) {
        assert.ok(score <= (hits[index - 1]?.score ?? 1))
        assert.equal(entries.find((entry) => entry.id === id)?.segmentId, hits[index]?.segmentId)
      }
      assert.deepEqual([hits[0]?.id, hits.find(({ segmentId }) => segmentId === far)?.id], [idOf(5), idOf(20)])
      closeTo(hits.slice(0, 1), [5])
      const all = await subject.search(scopeOf(dataset), at(0), 10)
      assert.deepEqual(segmentsOf(all), [near, far, third])
      // Whatever its rank, the best of a segment that is asked about; of one that points away there is none.
      const asked = await subject.search(scopeOf(dataset), at(0), 1, [third, opposite])
      assert.deepEqual(segmentsOf(asked), [near, third])
      assert.equal(asked.find(({ segmentId }) => segmentId === third)?.id, idOf(30))
    },
    'tells of the vectors of a family how near all of them together are': async (subject, { db }) => {
      const dataset = await newDataset(db)
      const document = await newDocument(db, dataset, 4)
      const [own, several, only, many] = document.segmentIds as [string, string, string, string]
      const entries = [...entriesOf(document, [at(20)]), ...families(document, [[], [10, 70, 100], [30]])]
      await subject.write(dataset, entries)
      const familyOf = async (id: string, limit = 10, also: readonly string[] = []): Promise<(number | undefined)[]> =>
        (await subject.search(scopeOf(dataset), at(0), limit, also)).filter(({ segmentId }) => segmentId === id).map(({ family }) => family)
      // The mean of the three: where the sum of their sines and cosines points.
      const sum = (of: (angle: number) => number): number => [10, 70, 100].reduce((all, angle) => all + of(angle * Math.PI / 180), 0)
      const mean = sum(Math.cos) / Math.hypot(sum(Math.cos), sum(Math.sin))
      const isNear = (found: readonly (number | undefined)[], wanted: number): boolean => found.length > 0 && found.every((one) => Math.abs((one ?? NaN) - wanted) < 1e-4)
      for (const [limit, also] of [[10, []], [1, []], [0, [several]]] as const) assert.ok(isNear(await familyOf(several, limit, also), mean), `${limit}`)
      assert.ok(isNear(await familyOf(only), cosine(30)))
      assert.deepEqual(await familyOf(own), [undefined])
      await subject.remove(dataset, { ids: [entries[3]?.id as string, entries[2]?.id as string] })
      assert.ok(isNear(await familyOf(several), cosine(10)))
      // A large family, asked about again after each change.
      const crowd = families(document, [[], [], [], Array.from({ length: 150 }, () => 40)])
      await subject.write(dataset, crowd)
      for (let round = 0; round < 2; round++) assert.ok(isNear(await familyOf(many), cosine(40)))
      await subject.write(dataset, crowd.slice(0, 75).map((entry) => ({ ...entry, vector: at(0) })))
      assert.ok(isNear(await familyOf(many), cosine(20)))
      await subject.remove(dataset, { ids: crowd.slice(75).map(({ id }) => id) })
      assert.ok(isNear(await familyOf(many), 1))
    },
    'removes vectors by their own id, and all vectors of a segment': async (subject, { db }) => {
      const dataset = await newDataset(db)
      const document = await newDocument(db, dataset, 3)
      const entries = families(document, [[10, 20], [30, 40], [50, 60]])
      await subject.write(dataset, entries)
      await subject.write(dataset, entries.slice(1, 2).map((entry) => ({ ...entry, vector: at(15) })))
      const best = async () => (await subject.search(scopeOf(dataset), at(0), 10)).filter(({ segmentId }, index, all) => all.findIndex((one) => one.segmentId === segmentId) === index)
      closeTo(await best(), [10, 30, 50])
      await subject.remove(await newDataset(db), { ids: entries.map(({ id }) => id) })
      await subject.remove(dataset, { ids: [entries[0]?.id as string, randomUUID()] })
      closeTo(await best(), [15, 30, 50])
      await subject.remove(dataset, { segmentIds: document.segmentIds.slice(1, 2) })
      closeTo(await best(), [15, 50])
      assert.deepEqual(segmentsOf(await subject.search(scopeOf(dataset), at(0), 10)), [document.segmentIds[0], document.segmentIds[2]])
      await subject.remove(dataset, { ids: [] })
      await subject.remove(dataset, { documentId: document.id })
      assert.deepEqual(await best(), [])
    },
    'joins the transaction of its caller': async (subject, { db }) => {
      const { dataset, document, segmentIds } = await indexed(db, subject)
      const before = await subject.search(scopeOf(dataset), at(0), 10)
      await assert.rejects(db.transaction(async () => { await subject.remove(dataset, 'all'); refuse() }))
      await assert.rejects(db.transaction(async () => { await subject.write(dataset, entriesOf(document, [at(90), at(0)])); refuse() }))
      assert.deepEqual(await subject.search(scopeOf(dataset), at(0), 10), before)
      await db.transaction(async () => { await subject.remove(dataset, 'all'); await subject.write(dataset, entriesOf(document, [at(30)])) })
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), at(0), 10)), [segmentIds[0]])
    },
    'writes and searches at once: what was written before a search began is found by it': async (subject, { db }) => {
      const dataset = await newDataset(db)
      const written: string[] = []
      const write = async (angle: number): Promise<void> => {
        const document = await newDocument(db, dataset, 1)
        await subject.write(dataset, entriesOf(document, [at(angle)]))
        written.push(...document.segmentIds)
      }
      const search = async (): Promise<void> => {
        const expected = [...written]
        const found = new Set(ids(await subject.search(scopeOf(dataset), at(0), 100)))
        assert.ok(expected.every((id) => found.has(id)))
      }
      for (let round = 0; round < 5; round++) await Promise.all([write(round), search(), write(round + 10), search(), write(round + 20), search()])
      await search()
      assert.equal(written.length, 15)
    },
  },
})
