/**
 * Vectors in a plain column, compared one by one in this process: exact, on any PostgreSQL, up to some 50,000 segments a dataset. The score
 * is the cosine; what points away from the question (below 0) is not found.
 *
 * Each dataset that is searched is kept in memory as one matrix. Every write takes a new number from one sequence, under a row lock of its
 * dataset, so that a higher number was committed later; numbers are never used again, also not after a rollback. A search compares the
 * number (one row) and reads what is newer. So several processes stay right without telling each other.
 */
import Joi from 'joi'
import { database, defineAdapter, logger } from '../../../core/index.ts'
import { vectorIndex } from '../ports.ts'
import type { VectorIndex } from '../ports.ts'
import { cosine, toBytes, unit } from '../vectors/arithmetic.ts'
import { createMatrices } from '../vectors/matrices.ts'
import { bySegment, ranked, vectorsOf } from '../vectors/ranking.ts'
import { chosenVectors } from '../queries/chosen.ts'
import { searchable } from '../queries/searchable.ts'

export interface ExactOptions {
  /** Memory for matrices, in bytes. A dataset that needs more is read anew for each search. */
  readonly cacheBytes: number
}

const firstOrNewVersion = `
  INSERT INTO vector_index_datasets (workspace_id, dataset_id, version) VALUES ($1, $2, nextval('vector_index_version'))
  ON CONFLICT (workspace_id, dataset_id) DO UPDATE SET version = nextval('vector_index_version')
  RETURNING version`

const newVersion = `
  UPDATE vector_index_datasets SET version = nextval('vector_index_version') WHERE workspace_id = $1 AND dataset_id = $2 RETURNING version`

const upsert = `
  INSERT INTO vector_index_segments (workspace_id, dataset_id, version, segment_id, parent_id, document_id, dimensions, vector)
  SELECT $1, $2, $3, id, nullif(segment_id, id), document_id, octet_length(vector) / 4, vector
  FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::bytea[]) AS entry (id, segment_id, document_id, vector)
  ON CONFLICT (dataset_id, segment_id) DO UPDATE
  SET parent_id = excluded.parent_id, document_id = excluded.document_id, dimensions = excluded.dimensions, version = excluded.version, vector = excluded.vector`

const selectFindable = `SELECT id FROM unnest($2::uuid[]) AS candidate (id) WHERE ${searchable('candidate.id')}`

/** Rows per statement: 1 MB of 512-dimensional vectors. */
const BATCH = 500

export const exact = defineAdapter(vectorIndex, 'exact', {
  options: Joi.object<ExactOptions, true>({ cacheBytes: Joi.number().integer().min(0).default(256 * 1024 * 1024) }),
  uses: { db: database, log: logger },
  create: ({ db, log }, { cacheBytes }): VectorIndex => {
    const matrices = createMatrices({ db, cacheBytes, log })
    const findable = async (workspaceId: string, segmentIds: readonly string[]): Promise<string[]> => {
      if (segmentIds.length === 0) return []
      const rows = await db.query<{ id: string }>(selectFindable, [workspaceId, segmentIds])
      const ids = new Set(rows.map(({ id }) => id))
      return segmentIds.filter((id) => ids.has(id))
    }
    return {
      write: (dataset, entries) => db.transaction(async () => {
        const latest = [...new Map(entries.map((entry) => [entry.id.toLowerCase(), entry])).values()]
        if (latest.length === 0) return
        const [row] = await db.query<{ version: string }>(firstOrNewVersion, [dataset.workspaceId, dataset.id])
        for (let at = 0; at < latest.length; at += BATCH) {
          const batch = latest.slice(at, at + BATCH)
          await db.query(upsert, [
            dataset.workspaceId, dataset.id, row?.version, batch.map(({ id }) => id), batch.map(({ segmentId }) => segmentId),
            batch.map(({ documentId }) => documentId), batch.map(({ vector }) => toBytes(unit(vector))),
          ])
        }
      }),
      remove: ({ workspaceId, id }, what) => db.transaction(async () => {
        if ((await db.query(newVersion, [workspaceId, id])).length === 0) return
        const [which, values] = chosenVectors(what)
        await db.query(`DELETE FROM vector_index_segments WHERE workspace_id = $1 AND dataset_id = $2 AND ${which}`, [workspaceId, id, ...values])
      }),
      search: async (scope, vector, limit, also = []) => {
        const asked = new Set(also)
        // Only asked about: no reason to compare all.
        const question = unit(vector)
        const lists = await matrices.scores(scope, question, limit === 0 ? asked : undefined)
        const segments = bySegment(lists)
        const best: string[] = []
        // Candidates until enough of them may be found.
        for (let from = 0, to = 2 * limit; best.length < limit; from = to, to *= 4) {
          const candidates = ranked(segments, from, to)
          if (candidates.length === 0) break
          best.push(...(await findable(scope.workspaceId, candidates)).slice(0, limit - best.length))
        }
        for (const id of best) asked.delete(id)
        const hits = vectorsOf(lists, new Set([...best, ...await findable(scope.workspaceId, [...asked])]))
        const families = new Set(hits.filter(({ id, segmentId }) => id !== segmentId).map(({ segmentId }) => segmentId))
        if (families.size === 0) return hits
        const sums = await matrices.sums(scope, question.length, families)
        const family = new Map([...sums].map(([id, sum]) => [id, cosine(sum, question)]))
        return hits.map((hit) => families.has(hit.segmentId) ? { ...hit, family: family.get(hit.segmentId) ?? hit.score } : hit)
      },
    }
  },
})
