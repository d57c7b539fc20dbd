/** The matrices that are in memory, each brought up to date before it is used. */
import { LRUCache } from 'lru-cache'
import type { Database, Logger } from '../../../core/index.ts'
import { createMatrix, matrixBytes } from './matrix.ts'
import type { Matrix } from './matrix.ts'
import type { Scored } from './ranking.ts'

interface Dataset { readonly workspaceId: string; readonly id: string }
interface Row { readonly segment_id: string; readonly version: string; readonly vector: Buffer }

const PAGE_BYTES = 4 * 1024 * 1024

export interface Matrices {
  /**
   * The cosines of a unit-length question with all vectors of its dimension. Not for use inside a transaction: it may wait for another
   * search, which may wait for the connection.
   */
  scores(dataset: Dataset, question: Float32Array): Promise<Scored[]>
}

interface Needs { readonly db: Database; readonly log: Logger; readonly cacheBytes: number }

export const createMatrices = ({ db, log, cacheBytes }: Needs): Matrices => {
  const cache = new LRUCache<string, Matrix>({ maxSize: Math.max(1, cacheBytes), sizeCalculation: ({ bytes }) => Math.max(1, bytes) })
  const turns = new Map<string, Promise<unknown>>()
  const warned = new Set<string>()

  const currentVersion = async ({ workspaceId, id }: Dataset): Promise<number | undefined> => {
    const [row] = await db.query<{ version: string }>(
      'SELECT version FROM vector_index_datasets WHERE workspace_id = $1 AND dataset_id = $2', [workspaceId, id])
    return row && Number(row.version)
  }
  const count = async ({ id }: Dataset, dimensions: number): Promise<number> => {
    const [row] = await db.query<{ count: string }>('SELECT count(*) FROM vector_index_segments WHERE dataset_id = $1 AND dimensions = $2', [id, dimensions])
    return Number(row?.count)
  }

  /** Rows that were written after a version, in the order of writing. */
  async function* pages({ id }: Dataset, dimensions: number, after: number): AsyncGenerator<Row[]> {
    const limit = Math.max(1, Math.floor(PAGE_BYTES / (4 * dimensions)))
    let last: { version: string; segment_id: string } = { version: String(after), segment_id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }
    for (;;) {
      const rows = await db.query<Row>(
        `SELECT segment_id, version, vector FROM vector_index_segments
         WHERE dataset_id = $1 AND dimensions = $2 AND (version, segment_id) > ($3::bigint, $4::uuid) ORDER BY version, segment_id LIMIT $5`,
        [id, dimensions, last.version, last.segment_id, limit])
      yield rows
      if (rows.length < limit) return
      last = rows.at(-1) as Row
    }
  }

  /** Undefined where the dataset is too large to keep. */
  const bringUpToDate = async (key: string, dataset: Dataset, dimensions: number): Promise<Matrix | undefined> => {
    const version = await currentVersion(dataset)
    const old = cache.get(key)
    if (version === undefined || version === old?.version) return old ?? createMatrix(dimensions, 0)
    const size = await count(dataset, dimensions)
    if (matrixBytes(dimensions, size) > cacheBytes) return undefined
    // An older number than ours: a write that we had seen was undone. Begin anew.
    const matrix = old && old.version < version ? old : createMatrix(dimensions, size)
    for await (const rows of pages(dataset, dimensions, matrix.version)) for (const { segment_id, vector } of rows) matrix.set(segment_id, vector)
    if (matrix.size !== size) {
      const rows = await db.query<{ segment_id: string }>(
        'SELECT segment_id FROM vector_index_segments WHERE dataset_id = $1 AND dimensions = $2', [dataset.id, dimensions])
      matrix.keep(new Set(rows.map(({ segment_id }) => segment_id)))
    }
    matrix.version = version
    cache.set(key, matrix)
    return matrix
  }

  /** One at a time for a dataset: what one search reads, the next need not. */
  const inTurn = <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(key) ?? Promise.resolve()).then(work)
    const settled = turn.catch(() => undefined).finally(() => { if (turns.get(key) === settled) turns.delete(key) })
    turns.set(key, settled)
    return turn
  }

  return {
    scores: async (dataset, question) => {
      const dimensions = question.length
      const key = `${dataset.workspaceId} ${dataset.id} ${dimensions}`
      const matrix = await inTurn(key, () => bringUpToDate(key, dataset, dimensions))
      if (matrix) return [matrix.scores(question)]
      if (!warned.has(key)) {
        warned.add(key)
        log.warn({ dataset: dataset.id }, 'its vectors are read anew for every search: raise adapters.vectorIndex.exact.cacheBytes, or choose pgvector')
      }
      const lists: Scored[] = []
      for await (const rows of pages(dataset, dimensions, 0)) {
        const page = createMatrix(dimensions, rows.length)
        for (const { segment_id, vector } of rows) page.set(segment_id, vector)
        lists.push(page.scores(question))
      }
      return lists
    },
  }
}
