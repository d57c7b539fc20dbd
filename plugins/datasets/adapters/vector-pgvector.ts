/**
 * Vectors in PostgreSQL's extension pgvector, one table per dimension, with an HNSW graph for large datasets. The score is the cosine; what
 * points away from the question (below 0) is not found. The tables are made here and not by a migration: not every server has the extension.
 */
import Joi from 'joi'
import { database, defineAdapter } from '../../../core/index.ts'
import { vectorIndex } from '../ports.ts'
import type { VectorHit, VectorIndex } from '../ports.ts'
import { chosenVectors } from '../queries/chosen.ts'
import { unit } from '../vectors/arithmetic.ts'
import { compare, count, FOLLOW_GRAPH, follow, vectorsOf } from '../vectors/pgvector-search.ts'
import { checkExtension, createTables, inGraph, tableOf } from '../vectors/pgvector-tables.ts'
import { byScore } from '../vectors/ranking.ts'

export interface PgvectorOptions {
  /** Up to so many vectors of a search's scope are all compared, which is exact and fast; among more the graph is followed. */
  readonly compared: number
}

const BATCH = 500
/** So many vectors for each segment that is asked for are taken from the graph, at first and where their segments are too few. */
const PER_SEGMENT = [4, 16]

const insert = (dimensions: number): string => `
  INSERT INTO ${tableOf(dimensions)} (workspace_id, dataset_id, segment_id, parent_id, document_id, vector)
  SELECT $1, $2, id, nullif(segment_id, id), document_id, vector::vector
  FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[]) AS entry (id, segment_id, document_id, vector)`

export const pgvector = defineAdapter(vectorIndex, 'pgvector', {
  options: Joi.object<PgvectorOptions, true>({ compared: Joi.number().integer().min(0).default(10_000) }),
  uses: { db: database },
  create: async ({ db }, { compared }): Promise<VectorIndex> => {
    await checkExtension(db)
    const tables = await createTables(db)
    const remove: VectorIndex['remove'] = ({ workspaceId, id }, what) => db.transaction(async () => {
      const [which, values] = chosenVectors(what)
      for (const table of await tables.all()) {
        await db.query(`DELETE FROM ${table} WHERE workspace_id = $1 AND dataset_id = $2 AND ${which}`, [workspaceId, id, ...values])
      }
    })
    const byGraph = (dimensions: number, values: readonly unknown[], vectors: number) => db.transaction(async () => {
      await db.query(FOLLOW_GRAPH)
      return db.query<{ id: string; score: number }>(follow(dimensions), [...values, vectors])
    })
    /** Segments, in no order. */
    const nearest = async (dimensions: number, scope: readonly unknown[], question: string, limit: number): Promise<string[]> => {
      const [counted] = await db.query<{ many: number }>(count(dimensions), [...scope, compared + 1])
      if ((counted?.many ?? 0) > compared && inGraph(dimensions, '')) {
        for (const each of PER_SEGMENT) {
          const found = await byGraph(dimensions, [...scope, question], each * limit)
          // In the order of the whole vectors: the graph may know them by half their precision.
          const best = found.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
          const segments = [...new Set(best.map(({ id }) => id))]
          if (segments.length >= limit) return segments.slice(0, limit)
          if (found.length < each * limit) break
        }
      }
      return (await db.query<{ id: string }>(compare(dimensions), [...scope, question, limit])).map(({ id }) => id)
    }
    return {
      remove,
      write: (dataset, entries) => db.transaction(async () => {
        const latest = [...new Map(entries.map((entry) => [entry.id.toLowerCase(), { ...entry, vector: unit(entry.vector) }])).values()]
        if (latest.length === 0) return
        await remove(dataset, { ids: latest.map(({ id }) => id) })
        for (const dimensions of new Set(latest.map(({ vector }) => vector.length))) {
          await tables.ensure(dimensions)
          // A vector of zeros has no direction and is found by nothing.
          const rows = latest.filter(({ vector }) => vector.length === dimensions && vector.some((value) => value !== 0))
          for (let at = 0; at < rows.length; at += BATCH) {
            const batch = rows.slice(at, at + BATCH)
            await db.query(insert(dimensions), [
              dataset.workspaceId, dataset.id, batch.map(({ id }) => id), batch.map(({ segmentId }) => segmentId),
              batch.map(({ documentId }) => documentId), batch.map(({ vector }) => literal(vector)),
            ])
          }
        }
      }),
      search: async ({ workspaceId, datasetIds, documentIds = null }, vector, limit, also = []) => {
        const question = unit(vector)
        const dimensions = question.length
        if (question.every((value) => value === 0) || !await tables.exists(dimensions)) return []
        const scope = [workspaceId, datasetIds, documentIds]
        const best = limit > 0 ? await nearest(dimensions, scope, literal(question), limit) : []
        const rows = await db.query<{ id: string | null; segmentId: string; score: number }>(
          vectorsOf(dimensions), [...scope, literal(question), [...new Set([...best, ...also])]])
        const families = new Map(rows.flatMap(({ id, segmentId, score }) => id === null ? [[segmentId, within(score)]] : []))
        return rows.flatMap(({ id, segmentId, score }): VectorHit[] => {
          const family = families.get(segmentId)
          return id === null ? [] : [{ id, segmentId, score: within(score), ...family === undefined ? {} : { family } }]
        }).sort(byScore)
      },
    }
  },
})

const within = (cosine: number): number => Math.min(1, Math.max(0, cosine))
const literal = (vector: Float32Array): string => `[${vector.join(',')}]`
