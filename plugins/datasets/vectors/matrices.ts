/** The matrices that are in memory, each brought up to date before it is used. */
import { LRUCache } from 'lru-cache'
import type { Database, Logger } from '../../../core/index.ts'
import type { IndexedDataset as Dataset, IndexScope } from '../ports.ts'
import { takingTurns } from '../services/turns.ts'
import { addTo, intoRow } from './arithmetic.ts'
import { createMatrix, matrixBytes } from './matrix.ts'
import type { Matrix, MatrixRow } from './matrix.ts'
import type { Scored } from './ranking.ts'

type Row = MatrixRow & { readonly version: string }

const PAGE_BYTES = 4 * 1024 * 1024

export interface Matrices {
  /**
   * The cosines of a unit-length question with all vectors of its dimension, or with those of some documents, or of some segments. Not for use
   * inside a transaction: it may wait for another search, which may wait for the connection.
   */
  scores(scope: IndexScope, question: Float32Array, segments?: ReadonlySet<string>): Promise<Scored[]>
  /** The sums of the vectors of segments that have been scored; a statement only where they are not in memory. */
  sums(scope: IndexScope, dimensions: number, segments: ReadonlySet<string>): Promise<ReadonlyMap<string, Float32Array>>
}

interface Needs { readonly db: Database; readonly log: Logger; readonly cacheBytes: number }

export const createMatrices = ({ db, log, cacheBytes }: Needs): Matrices => {
  const cache = new LRUCache<string, Matrix>({ maxSize: Math.max(1, cacheBytes), sizeCalculation: ({ bytes }) => Math.max(1, bytes) })
  const warned = new Set<string>()

  const versions = async (workspaceId: string, ids: readonly string[]): Promise<Map<string, number>> => {
    const rows = await db.query<{ id: string; version: string }>(
      'SELECT dataset_id AS id, version FROM vector_index_datasets WHERE workspace_id = $1 AND dataset_id = ANY ($2::uuid[])', [workspaceId, ids])
    return new Map(rows.map(({ id, version }) => [id, Number(version)]))
  }
  const count = async ({ id }: Dataset, dimensions: number): Promise<number> => {
    const [row] = await db.query<{ count: string }>('SELECT count(*) FROM vector_index_segments WHERE dataset_id = $1 AND dimensions = $2', [id, dimensions])
    return Number(row?.count)
  }

  /** Rows that were written after a version, in the order of writing. */
  async function* pages({ id }: Dataset, dimensions: number, after: number): AsyncGenerator<Row[]> {
    const limit = Math.max(1, Math.floor(PAGE_BYTES / (4 * dimensions)))
    let last: { version: string; id: string } = { version: String(after), id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }
    for (;;) {
      const rows = await db.query<Row>(
        `SELECT segment_id AS id, coalesce(parent_id, segment_id) AS "segmentId", document_id AS "documentId", version, vector FROM vector_index_segments
         WHERE dataset_id = $1 AND dimensions = $2 AND (version, segment_id) > ($3::bigint, $4::uuid) ORDER BY version, segment_id LIMIT $5`,
        [id, dimensions, last.version, last.id, limit])
      yield rows
      if (rows.length < limit) return
      last = rows.at(-1) as Row
    }
  }

  /** Undefined where the dataset is too large to keep. */
  const bringUpToDate = async (key: string, dataset: Dataset, dimensions: number): Promise<Matrix | undefined> => {
    const version = (await versions(dataset.workspaceId, [dataset.id])).get(dataset.id)
    const old = cache.get(key)
    if (version === undefined || version === old?.version) return old ?? createMatrix(dimensions, 0)
    const size = await count(dataset, dimensions)
    if (matrixBytes(dimensions, size) > cacheBytes) return undefined
    // An older number than ours: a write that we had seen was undone. Begin anew.
    const matrix = old && old.version < version ? old : createMatrix(dimensions, size)
    for await (const rows of pages(dataset, dimensions, matrix.version)) for (const row of rows) matrix.set(row)
    if (matrix.size !== size) {
      const rows = await db.query<{ id: string }>(
        'SELECT segment_id AS id FROM vector_index_segments WHERE dataset_id = $1 AND dimensions = $2', [dataset.id, dimensions])
      matrix.keep(new Set(rows.map(({ id }) => id)))
    }
    matrix.version = version
    cache.set(key, matrix)
    return matrix
  }

  // One at a time for a dataset: what one search reads, the next need not, and nothing changes while it is compared.
  const inTurn = takingTurns()

  type Score = (matrix: Matrix) => Promise<Scored> | Scored
  const readAnew = async (key: string, dataset: Dataset, dimensions: number, score: Score): Promise<Scored[]> => {
    if (!warned.has(key)) {
      warned.add(key)
      log.warn({ dataset: dataset.id }, 'its vectors are read anew for every search: raise adapters.vectorIndex.exact.cacheBytes, or choose pgvector')
    }
    const lists: Scored[] = []
    for await (const rows of pages(dataset, dimensions, 0)) {
      const page = createMatrix(dimensions, rows.length)
      for (const row of rows) page.set(row)
      lists.push(await score(page))
    }
    return lists
  }

  return {
    scores: async ({ workspaceId, datasetIds, documentIds }, question, segments) => {
      const ids = [...new Set(datasetIds)]
      const documents = documentIds && new Set(documentIds)
      const score: Score = (matrix) => segments ? matrix.scoresOf(segments, question, documents) : matrix.scores(question, documents)
      // One look at all of them: what is as new as its dataset is used at once.
      const now = await versions(workspaceId, ids)
      const lists: Scored[] = []
      // One after another, so that others have their turns in between.
      for (const id of ids) {
        if (!now.has(id)) continue
        const dataset = { workspaceId, id }
        const key = `${workspaceId} ${id} ${question.length}`
        const kept = await inTurn(key, async () => {
          const matrix = cache.get(key)
          const current = matrix?.version === now.get(id) ? matrix : await bringUpToDate(key, dataset, question.length)
          return current && score(current)
        })
        lists.push(...kept ? [kept] : await readAnew(key, dataset, question.length, score))
      }
      return lists
    },
    sums: async ({ workspaceId, datasetIds }, dimensions, segments) => {
      const sums = new Map<string, Float32Array>()
      const elsewhere = [...new Set(datasetIds)].filter((id) => {
        const kept = cache.get(`${workspaceId} ${id} ${dimensions}`)
        kept?.sumsOf(segments, sums)
        return !kept
      })
      if (elsewhere.length === 0) return sums
      const rows = await db.query<{ id: string; vector: Buffer }>(
        `SELECT coalesce(parent_id, segment_id) AS id, vector FROM vector_index_segments
         WHERE workspace_id = $1 AND dataset_id = ANY ($2::uuid[]) AND dimensions = $3 AND (segment_id = ANY ($4::uuid[]) OR parent_id = ANY ($4::uuid[]))`,
        [workspaceId, elsewhere, dimensions, [...segments]])
      const row = new Float32Array(dimensions)
      for (const { id, vector } of rows) {
        intoRow(vector, row)
        addTo(sums, id, row)
      }
      return sums
    },
  }
}
