/**
 * How fast a search is: `npm run bench:retrieve -- [--chunks N] [--questions N] [--dimensions N] [--spreads 1,10,50] [--recall N]`. The
 * model's vector comes from memory; everything else counts. Each search is held against the best that is written by hand for the same
 * segments: one statement for words, one loop over one array for vectors. At the end the graph of pgvector is held against comparing all.
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { database } from '../../core/index.ts'
import type { Database } from '../../core/index.ts'
import { testApp } from '../../core/testing.ts'
import { accounts } from '../../plugins/auth/ports.ts'
import { newDataset, newDocument } from '../../plugins/datasets/contracts/shelf.ts'
import { datasets, textIndex, vectorIndex } from '../../plugins/datasets/ports.ts'
import type { SearchMethod, VectorIndex } from '../../plugins/datasets/ports.ts'
import { defaultWeights } from '../../plugins/datasets/services/fusion.ts'
import { soughtIn } from '../../plugins/datasets/text/analysis.ts'
import { unit } from '../../plugins/datasets/vectors/arithmetic.ts'
import { random } from '../faults/random.ts'
import { anyWord, passage } from './zipf.ts'

const { values: options } = parseArgs({ options: {
  chunks: { type: 'string', default: '100000' }, questions: { type: 'string', default: '100' }, dimensions: { type: 'string', default: '512' },
  spreads: { type: 'string', default: '1,10,50' }, recall: { type: 'string', default: '5000' },
} })
const [chunks, asked, dimensions, recall] = [Number(options.chunks), Number(options.questions), Number(options.dimensions), Number(options.recall)]
const [DOCUMENT, BEST, CANDIDATES] = [500, 10, 50]
const dice = random(7)

/** Directions in clumps, as those of texts are. */
const topics = Array.from({ length: 40 }, () => Float32Array.from({ length: dimensions }, () => dice.next() - 0.5))
const direction = (): Float32Array => unit((topics[Math.floor(dice.next() * topics.length)] as Float32Array).map((value) => value + 1.5 * (dice.next() - 0.5)))

const vectorOf = new Map<string, Float32Array>()
const memory = {
  label: 'Memory', models: () => [{ name: 'memory', type: 'text-embedding' as const, label: 'memory', dimensions }],
  embed: async ({ texts }: { texts: readonly string[] }) => ({ vectors: texts.map((text) => vectorOf.get(text) as Float32Array), tokens: 0 }),
}
const newQuestion = (): string => {
  const question = Array.from({ length: 8 }, () => anyWord(dice)).join(' ')
  vectorOf.set(question, direction())
  return question
}

interface Shelf { readonly workspaceId: string; readonly ids: readonly string[]; readonly segmentIds: readonly string[]; readonly vectors: Float32Array }
interface Found { readonly segmentId: string; readonly score: number }
const shown = 's.id AS "segmentId", s.content, s.answer, d.id AS "documentId", d.name AS "documentName", s.dataset_id AS "datasetId"'
const findable = "s.enabled AND s.status = 'completed' AND d.enabled AND NOT d.archived AND d.indexing_status = 'completed'"

/** BM25 as `adapters/text-bm25.ts` says it, in one statement; `$6` are scored too. */
const byWords = `
  WITH searched AS (SELECT id FROM text_index_datasets WHERE workspace_id = $1 AND dataset_id = ANY ($2::uuid[])),
  size AS (SELECT sum(segments)::float8 AS n, sum(length)::float8 / sum(segments) AS mean FROM text_index_sizes WHERE dataset IN (SELECT id FROM searched)),
  postings AS MATERIALIZED (
    SELECT q.word, q.times, t.segment, t.frequency, t.length
    FROM unnest($3::int[], $4::text[], $5::float8[]) AS q (word, term, times) CROSS JOIN searched
      JOIN text_index_terms t ON t.dataset = searched.id AND t.term = q.term COLLATE "C"),
  words AS (SELECT word, times, count(segment) AS df FROM unnest($3::int[], $5::float8[]) AS q (word, times) LEFT JOIN postings USING (word, times) GROUP BY 1, 2),
  weighed AS MATERIALIZED (SELECT word, times * ln(1 + (n - df + 0.5) / (df + 0.5)) AS weight FROM words CROSS JOIN size),
  scored AS MATERIALIZED (
    SELECT segment, sum(weight * frequency / (frequency + 1.2 * (0.25 + 0.75 * length / mean))) / (SELECT sum(weight) FROM weighed) AS share
    FROM postings JOIN weighed USING (word) CROSS JOIN size GROUP BY segment)
  SELECT ${shown}, 2 * share / (1 + share) AS score
  FROM (SELECT * FROM scored ORDER BY share DESC LIMIT $7) AS best JOIN text_index_segments i ON i.id = best.segment
    JOIN document_segments s ON s.workspace_id = $1 AND s.id = i.segment_id JOIN documents d ON d.workspace_id = $1 AND d.id = s.document_id
  WHERE ${findable}
  UNION SELECT ${shown}, 2 * share / (1 + share)
  FROM text_index_segments i JOIN scored ON scored.segment = i.id
    JOIN document_segments s ON s.workspace_id = $1 AND s.id = i.segment_id JOIN documents d ON d.workspace_id = $1 AND d.id = s.document_id
  WHERE i.segment_id = ANY ($6::uuid[]) AND i.dataset IN (SELECT id FROM searched) AND ${findable}
  ORDER BY score DESC`
const read = `SELECT ${shown} FROM document_segments s JOIN documents d ON d.workspace_id = s.workspace_id AND d.id = s.document_id
  WHERE s.workspace_id = $1 AND s.id = ANY ($2::uuid[]) AND ${findable}`

const wordsByHand = (db: Database, { workspaceId, ids }: Shelf, question: string, limit: number, also: readonly string[] = []): Promise<Found[]> => {
  const terms = soughtIn(question, ['english']).flatMap(({ terms, times }, word) => terms.map((term) => ({ word, term, times })))
  return db.query<Found>(byWords, [workspaceId, ids, terms.map(({ word }) => word), terms.map(({ term }) => term), terms.map(({ times }) => times), also, limit])
}
/** Four sums side by side, none of which waits for another: nearly twice as fast as one. */
const product = (rows: Float32Array, from: number, question: Float32Array): number => {
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let index = 0, at = from; index < dimensions; index += 4, at += 4) {
    a += (rows[at] as number) * (question[index] as number)
    b += (rows[at + 1] as number) * (question[index + 1] as number)
    c += (rows[at + 2] as number) * (question[index + 2] as number)
    d += (rows[at + 3] as number) * (question[index + 3] as number)
  }
  return a + b + c + d
}
const nearestByHand = ({ segmentIds, vectors }: Shelf, question: string, limit: number) => {
  const asked = vectorOf.get(question) as Float32Array
  const scores = Float32Array.from(segmentIds, (_, row) => product(vectors, row * dimensions, asked))
  const least = scores.slice().sort()[Math.max(0, scores.length - limit)] ?? 0
  const best: Found[] = []
  scores.forEach((score, index) => { if (score > 0 && score >= least) best.push({ segmentId: segmentIds[index] as string, score }) })
  return { best: best.sort((a, b) => b.score - a.score), scoreOf: (id: string) => Math.max(0, scores[places.get(id) ?? -1] ?? 0) }
}
let places = new Map<string, number>()
const byHand: Partial<Record<SearchMethod, (db: Database, shelf: Shelf, question: string) => Promise<readonly Found[]>>> = {
  full_text_search: (db, shelf, question) => wordsByHand(db, shelf, question, BEST),
  semantic_search: async (db, shelf, question) => {
    const { best } = nearestByHand(shelf, question, BEST)
    await db.query(read, [shelf.workspaceId, best.map(({ segmentId }) => segmentId)])
    return best
  },
  hybrid_search: async (db, shelf, question) => {
    const { best, scoreOf } = nearestByHand(shelf, question, CANDIDATES)
    const text = await wordsByHand(db, shelf, question, CANDIDATES, best.map(({ segmentId }) => segmentId))
    const words = new Map(text.map(({ segmentId, score }) => [segmentId, score]))
    const all = [...new Set([...best, ...text].map(({ segmentId }) => segmentId))].map((segmentId) =>
      ({ segmentId, score: defaultWeights.vector * scoreOf(segmentId) + defaultWeights.text * (words.get(segmentId) ?? 0) }))
    const found = all.sort((a, b) => b.score - a.score).slice(0, BEST)
    await db.query(read, [shelf.workspaceId, found.map(({ segmentId }) => segmentId)])
    return found
  },
}

const percentile = (times: readonly number[], share: number): number => [...times].sort((a, b) => a - b)[Math.floor(share * (times.length - 1))] ?? 0
const timed = async <T>(times: number[], work: () => Promise<T>): Promise<T> => {
  const begin = performance.now()
  try { return await work() } finally { times.push(performance.now() - begin) }
}
/** The same segments, but for those whose scores are equal. */
const agree = (ours: readonly Found[], theirs: readonly Found[]): boolean => ours.length === theirs.length && ours.every(({ score, segmentId }, index) =>
  Math.abs(score - (theirs[index]?.score ?? -1)) < 1e-5 && (segmentId === theirs[index]?.segmentId || theirs.some((one) => Math.abs(one.score - score) < 1e-5)))

const app = await testApp({ fakes: { modelProvider: new Map([['bench', memory]]) }, config: { adapters: { vectorIndex: { exact: { cacheBytes: 2 ** 30 } } } } })
try {
  const owner = await app.resolve(accounts).setup({ email: 'bench@example.org', name: 'Bench', password: 'measure twice 42' })
  if (!owner) throw new Error('the new database is not empty')
  const db = app.resolve(database)
  const fill = async (spread: number): Promise<Shelf> => {
    const ids: string[] = []
    for (let n = 0; n < spread; n++) ids.push((await app.resolve(datasets).create(owner, { name: randomUUID().slice(0, 30), indexingTechnique: 'high_quality' })).id)
    const all: string[] = []
    const vectors = new Float32Array(chunks * dimensions)
    for (let at = 0; at < chunks; at += DOCUMENT) {
      const dataset = { workspaceId: owner.workspaceId, id: ids[at / DOCUMENT % spread] as string }
      const { id: documentId, segmentIds } = await newDocument(db, dataset, Math.min(DOCUMENT, chunks - at))
      const entries = segmentIds.map((id) => ({ id, segmentId: id, documentId, text: passage(dice), vector: direction() }))
      await db.query('UPDATE document_segments s SET content = e.content FROM unnest($1::uuid[], $2::text[]) AS e (id, content) WHERE s.id = e.id', [segmentIds, entries.map(({ text }) => text)])
      await app.resolve(textIndex).write(dataset, entries)
      await app.resolve(vectorIndex).write(dataset, entries)
      for (const { id, vector } of entries) vectors.set(vector, dimensions * all.push(id) - dimensions)
    }
    await db.query('VACUUM ANALYZE text_index_terms, text_index_segments, text_index_sizes, text_index_datasets, document_segments, documents, vector_index_segments, datasets')
    return { workspaceId: owner.workspaceId, ids, segmentIds: all, vectors }
  }
  console.log(`${chunks} chunks, ${dimensions} dimensions, ${asked} questions of 8 words, the best ${BEST}\ndatasets  method             p50 ms  p95 ms  by hand p50  p95     ratio of p50  same`)
  for (const spread of options.spreads.split(',').map(Number)) {
    const shelf = await fill(spread)
    places = new Map(shelf.segmentIds.map((id, index) => [id, index]))
    for (const [method, hand] of Object.entries(byHand)) {
      const [ours, theirs]: [number[], number[]] = [[], []]
      let same = 0
      const search = (question: string) => app.resolve(datasets).retrieve(shelf.workspaceId, shelf.ids, question, { method: method as SearchMethod, topK: BEST })
      for (let n = 0; n < 5; n++) await search(newQuestion())
      for (let n = 0; n < asked; n++) {
        const question = newQuestion()
        const sides = [async () => timed(ours, () => search(question)), async () => timed(theirs, () => hand(db, shelf, question))] as const
        const [a, b] = n % 2 === 0 ? [await sides[0](), await sides[1]()] : await sides[1]().then(async (second) => [await sides[0](), second] as const)
        same += agree(a, b) ? 1 : 0
      }
      const [p, q] = [percentile(ours, 0.5), percentile(theirs, 0.5)]
      console.log(
        `${String(spread).padEnd(10)}${method.padEnd(18)}${p.toFixed(1).padStart(7)} ${percentile(ours, 0.95).toFixed(1).padStart(7)} ${q.toFixed(1).padStart(12)} ` +
        `${percentile(theirs, 0.95).toFixed(1).padStart(7)} ${(p / q).toFixed(2).padStart(13)} ${same} of ${asked}`)
    }
  }
} finally { await app.close() }

if (recall > 0) {
  // Only the embedded database is sure to have the extension.
  delete process.env['TEST_DATABASE_URL']
  const graph = await testApp({ config: { adapters: { vectorIndex: { pgvector: { compared: 100 } } } } })
  try {
    const db = graph.resolve(database)
    const dataset = await newDataset(db)
    const index: VectorIndex = graph.resolve(vectorIndex)
    const [ids, vectors]: [string[], Float32Array] = [[], new Float32Array(recall * dimensions)]
    for (let at = 0; at < recall; at += DOCUMENT) {
      const { id: documentId, segmentIds } = await newDocument(db, dataset, Math.min(DOCUMENT, recall - at))
      const entries = segmentIds.map((id) => ({ id, segmentId: id, documentId, vector: direction() }))
      for (const { id, vector } of entries) vectors.set(vector, dimensions * ids.push(id) - dimensions)
      await index.write(dataset, entries)
    }
    const shelf: Shelf = { workspaceId: dataset.workspaceId, ids: [dataset.id], segmentIds: ids, vectors }
    const times: number[] = []
    let found = 0
    for (let n = 0; n < asked; n++) {
      const question = newQuestion()
      const exact = new Set(nearestByHand(shelf, question, BEST).best.map(({ segmentId }) => segmentId))
      const hits = await timed(times, () => index.search({ workspaceId: shelf.workspaceId, datasetIds: shelf.ids }, vectorOf.get(question) as Float32Array, CANDIDATES))
      found += hits.slice(0, BEST).filter(({ segmentId }) => exact.has(segmentId)).length
    }
    console.log(`pgvector, ${recall} vectors on the embedded database: recall@${BEST} ${(found / (BEST * asked)).toFixed(3)}, p50 ${percentile(times, 0.5).toFixed(1)} ms`)
  } finally { await graph.close() }
}
