/**
 * Vectors in PostgreSQL's extension pgvector, one table per dimension, with an HNSW graph for large datasets. The score is the cosine; what
 * points away from the question (below 0) is not found. The tables are made here and not by a migration: not every server has the extension.
 */
import { database, defineAdapter, StartupError } from '../../../core/index.ts'
import type { Database } from '../../../core/index.ts'
import { vectorIndex } from '../ports.ts'
import type { Hit, VectorIndex } from '../ports.ts'
import { unit } from '../vectors/arithmetic.ts'
import { byScore } from '../vectors/ranking.ts'
import { chosen } from '../queries/chosen.ts'
import { searchable } from '../queries/searchable.ts'

/** The first with iterative scans: before it, a filter could leave a search of the graph with too few hits. */
const OLDEST = 8
const BATCH = 500
/** Up to so many vectors are all compared, which is exact and fast; among more the graph is followed. */
const COMPARED = 10_000

const tableOf = (dimensions: number): string => `vector_index_${dimensions}`

/** The graph takes single precision up to 2,000 dimensions and half precision up to 4,000; beyond that all vectors are compared. */
const inGraph = (dimensions: number, value: string): string | undefined =>
  dimensions <= 2000 ? value : dimensions <= 4000 ? `(${value})::halfvec(${dimensions})` : undefined

const makeTable = (dimensions: number): string => {
  const name = tableOf(dimensions)
  const expression = inGraph(dimensions, 'vector')
  return `
    CREATE TABLE ${name} (
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      segment_id uuid NOT NULL,
      document_id uuid NOT NULL,
      vector vector(${dimensions}) NOT NULL,
      PRIMARY KEY (dataset_id, segment_id),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE
    );
    CREATE INDEX ${name}_by_document ON ${name} (dataset_id, document_id);
    ${expression ? `CREATE INDEX ${name}_graph ON ${name} USING hnsw ((${expression}) ${dimensions <= 2000 ? 'vector' : 'halfvec'}_cosine_ops)` : ''}`
}

const insert = (dimensions: number): string => `
  INSERT INTO ${tableOf(dimensions)} (workspace_id, dataset_id, segment_id, document_id, vector)
  SELECT $1, $2, segment_id, document_id, vector::vector FROM unnest($3::uuid[], $4::uuid[], $5::text[]) AS entry (segment_id, document_id, vector)`

const OF_SCOPE = 'workspace_id = $1 AND dataset_id = ANY ($2::uuid[])'
const cosine = '1 - (vector <=> $3::vector)'

/** Best first; what may not be found is passed over one by one, so that `$4` are left. */
const nearest = (dimensions: number, graph: string | undefined): string => `
  SELECT segment_id AS "segmentId", score FROM (
    SELECT segment_id, ${cosine} AS score FROM ${tableOf(dimensions)} WHERE ${OF_SCOPE}
    ORDER BY ${graph ? `${graph} <=> ${inGraph(dimensions, '$3::vector') ?? ''}` : 'score DESC, segment_id'}
  ) AS ranked WHERE ${searchable('ranked.segment_id')} LIMIT $4`

const named = (dimensions: number): string => `
  SELECT segment_id AS "segmentId", ${cosine} AS score FROM ${tableOf(dimensions)} t
  WHERE ${OF_SCOPE} AND segment_id = ANY ($4::uuid[]) AND ${searchable('t.segment_id')}`

const followGraph = `SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', '200', true),
  set_config('hnsw.max_scan_tuples', '1000000', true), set_config('enable_sort', 'off', true)`

const createTables = (db: Database) => {
  const made = new Set<number>()
  const exists = async (dimensions: number): Promise<boolean> => {
    if (made.has(dimensions)) return true
    const [row] = await db.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [tableOf(dimensions)])
    if (row?.there) db.afterCommit(() => { made.add(dimensions) })
    return row?.there ?? false
  }
  return {
    exists,
    /** Inside a transaction. */
    ensure: async (dimensions: number): Promise<void> => {
      if (await exists(dimensions)) return
      await db.query("SELECT pg_advisory_xact_lock(hashtext('mortise vector tables'))")
      if (!await exists(dimensions)) await db.query(makeTable(dimensions))
    },
    all: async (): Promise<string[]> => (await db.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
       WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname ~ '^vector_index_[0-9]+$'`)).map(({ name }) => name),
  }
}

const checkExtension = async (db: Database): Promise<void> => {
  const refuse = (message: string, fix: string): never => {
    throw new StartupError([{ path: 'adapters.vectorIndex.pgvector', message, fix }], { exitCode: 1 })
  }
  if (!await db.hasExtension('vector')) {
    refuse(
      'this PostgreSQL server has no extension "vector" that this user may create',
      'Install pgvector there and run CREATE EXTENSION vector as a superuser, or choose the adapter vectorIndex: exact, which needs no extension.')
  }
  await db.transaction(async () => {
    await db.query("SELECT pg_advisory_xact_lock(hashtext('mortise vector tables'))")
    await db.query('CREATE EXTENSION IF NOT EXISTS vector')
  })
  const [row] = await db.query<{ version: string }>(`SELECT extversion AS version FROM pg_extension WHERE extname = 'vector'`)
  const [major = 0, minor = 0] = (row?.version ?? '').split('.').map(Number)
  if (major === 0 && minor < OLDEST) {
    refuse(`this database has pgvector ${row?.version ?? ''}; 0.${OLDEST} or newer is needed`, 'Upgrade it on the server, then run ALTER EXTENSION vector UPDATE.')
  }
}

export const pgvector = defineAdapter(vectorIndex, 'pgvector', {
  uses: { db: database },
  create: async ({ db }): Promise<VectorIndex> => {
    await checkExtension(db)
    const tables = createTables(db)
    const remove: VectorIndex['remove'] = ({ workspaceId, id }, what) => db.transaction(async () => {
      const [which, values] = chosen(what)
      for (const table of await tables.all()) {
        await db.query(`DELETE FROM ${table} WHERE workspace_id = $1 AND dataset_id = $2 AND ${which}`, [workspaceId, id, ...values])
      }
    })
    const nearestOf = async (scope: readonly unknown[], dimensions: number, limit: number): Promise<Hit[]> => {
      const [counted] = await db.query<{ many: number }>(
        `SELECT count(*)::integer AS many FROM (SELECT FROM ${tableOf(dimensions)} WHERE ${OF_SCOPE} LIMIT ${COMPARED + 1}) AS first`, scope.slice(0, 2))
      const graph = (counted?.many ?? 0) > COMPARED ? inGraph(dimensions, 'vector') : undefined
      return db.transaction(async () => {
        if (graph) await db.query(followGraph)
        return db.query<Hit>(nearest(dimensions, graph), [...scope, limit])
      })
    }
    return {
      remove,
      write: (dataset, entries) => db.transaction(async () => {
        const latest = [...new Map(entries.map((entry) => [entry.segmentId.toLowerCase(), { ...entry, vector: unit(entry.vector) }])).values()]
        if (latest.length === 0) return
        await remove(dataset, { segmentIds: latest.map(({ segmentId }) => segmentId) })
        for (const dimensions of new Set(latest.map(({ vector }) => vector.length))) {
          await tables.ensure(dimensions)
          // A vector of zeros has no direction and is found by nothing.
          const rows = latest.filter(({ vector }) => vector.length === dimensions && vector.some((value) => value !== 0))
          for (let at = 0; at < rows.length; at += BATCH) {
            const batch = rows.slice(at, at + BATCH)
            await db.query(insert(dimensions), [
              dataset.workspaceId, dataset.id, batch.map(({ segmentId }) => segmentId), batch.map(({ documentId }) => documentId),
              batch.map(({ vector }) => literal(vector)),
            ])
          }
        }
      }),
      search: async ({ workspaceId, datasetIds }, vector, limit, also = []) => {
        const question = unit(vector)
        const dimensions = question.length
        if (question.every((value) => value === 0) || !await tables.exists(dimensions)) return []
        const scope = [workspaceId, datasetIds, literal(question)]
        const hits = limit > 0 ? await nearestOf(scope, dimensions, limit) : []
        const known = new Set(hits.map(({ segmentId }) => segmentId))
        const missing = also.filter((id) => !known.has(id))
        const more = missing.length > 0 ? await db.query<Hit>(named(dimensions), [...scope, missing]) : []
        const above = [...hits, ...more].filter(({ score }) => score > 0)
        return above.map(({ segmentId, score }) => ({ segmentId, score: Math.min(1, score) })).sort(byScore)
      },
    }
  },
})

const literal = (vector: Float32Array): string => `[${vector.join(',')}]`
