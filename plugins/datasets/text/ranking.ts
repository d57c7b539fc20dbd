/** The best passages for a question, in one statement. */
import type { Database } from '../../../core/index.ts'
import { searchable } from '../queries/searchable.ts'
import type { Word } from './statistics.ts'

export interface Ranked {
  readonly segmentId: string
  /** The sum of BM25. */
  readonly score: number
  /** Among the best; otherwise it was only asked about. */
  readonly isBest: boolean
  /** Whether what was left out surely scores lower than all candidates. */
  readonly isSure: boolean
  /** Whether there were candidates beyond those that were looked at. */
  readonly hasMore: boolean
}
export interface Search {
  readonly workspaceId: string
  readonly datasets: readonly number[]
  readonly mean: number
  /** Passages that have none of them are left out, */
  readonly rare: readonly Word[]
  /** and these are looked up for the others. */
  readonly frequent: readonly Word[]
  readonly limit: number
  readonly also: readonly string[]
  /** How many of the best are looked at until there are `limit` that may be found; null: all. */
  readonly candidates: number | null
  readonly documentIds: readonly string[] | null
  /** The documents are few: all their passages are candidates. */
  readonly within: boolean
}

/** k1 = 1.2, b = 0.75; `$9` is k1 · b / mean length. */
const part = 'weight * frequency / (frequency + 0.3::float8 + $9::float8 * length)'

// A look-up by key in a subquery of its own each time, on purpose no join: see `searchable`.
const statement = (synonyms: boolean): string => `
  WITH rare AS MATERIALIZED (
    SELECT * FROM unnest($3::text[], $4::integer[], $5::float8[]) AS entry (term, word, weight)
  ), frequent AS MATERIALIZED (
    SELECT * FROM unnest($6::text[], $7::integer[], $8::float8[]) AS entry (term, word, weight)
  ), scored AS MATERIALIZED (
    SELECT dataset, segment, sum(${part}) AS score FROM (
      SELECT ${synonyms ? 'dataset, segment, min(weight) AS weight, sum(frequency) AS frequency, min(length) AS length' : '*'}
      FROM unnest($2::integer[]) AS searched (dataset) CROSS JOIN rare CROSS JOIN LATERAL (
        SELECT segment, frequency, length FROM text_index_terms i WHERE i.dataset = searched.dataset AND i.term = rare.term COLLATE "C" OFFSET 0
      ) AS t
      ${synonyms ? 'GROUP BY dataset, segment, word' : ''}
    ) AS found GROUP BY dataset, segment
  ), bound AS MATERIALIZED (
    SELECT (SELECT score FROM scored WHERE $10::integer IS NOT NULL ORDER BY score DESC OFFSET $10::integer - 1 LIMIT 1) AS least,
      (SELECT coalesce(sum(weight), 0) FROM (SELECT DISTINCT word, weight FROM frequent) AS words) AS rest
  ), named AS MATERIALIZED (
    SELECT dataset, id AS segment, segment_id FROM text_index_segments
    WHERE dataset = ANY ($2::integer[]) AND segment_id = ANY ($11::uuid[]) AND ${searchable('segment_id', '$13')}
  ), chosen AS (
    SELECT dataset, segment, score FROM scored WHERE score >= coalesce((SELECT least - rest FROM bound), 0)
    UNION ALL SELECT dataset, segment, coalesce(score, 0) FROM named LEFT JOIN scored USING (dataset, segment)
    UNION ALL SELECT dataset, id, 0 FROM text_index_segments WHERE $14 AND dataset = ANY ($2::integer[]) AND document_id = ANY ($13::uuid[])
  ), summed AS MATERIALIZED (
    SELECT segment, score + coalesce((
      SELECT sum(${part}) FROM (
        SELECT weight, sum(frequency) AS frequency, min(length) AS length FROM frequent CROSS JOIN LATERAL (
          SELECT frequency, length FROM text_index_terms i WHERE i.dataset = chosen.dataset AND i.term = frequent.term COLLATE "C" AND i.segment = chosen.segment OFFSET 0
        ) AS t GROUP BY word, weight
      ) AS found WHERE EXISTS (SELECT FROM frequent)), 0) AS score
    FROM (SELECT dataset, segment, max(score) AS score FROM chosen GROUP BY dataset, segment) AS chosen
  ), best AS (
    SELECT live.segment_id, score FROM (SELECT * FROM summed WHERE score > 0 ORDER BY score DESC, segment LIMIT $10) AS ranked CROSS JOIN LATERAL (
      SELECT segment_id FROM text_index_segments i WHERE i.id = ranked.segment AND ${searchable('i.segment_id', '$13')} LIMIT 1
    ) AS live
    ORDER BY score DESC, segment LIMIT $12
  )
  SELECT segment_id AS "segmentId", score, bool_or(is_best) AS "isBest", (SELECT rest = 0 OR coalesce(least >= rest, false) FROM bound) AS "isSure",
    (SELECT count(*) > $10::integer FROM summed) IS TRUE AS "hasMore"
  FROM (
    SELECT *, true AS is_best FROM best
    UNION ALL SELECT segment_id, score, false FROM named JOIN summed USING (segment) WHERE score > 0
  ) AS hits
  GROUP BY segment_id, score ORDER BY score DESC, segment_id`
const [plain, withSynonyms] = [statement(false), statement(true)]

export const rank = (db: Database, search: Search): Promise<Ranked[]> => {
  const { workspaceId, datasets, mean, rare, frequent, limit, also, candidates, documentIds, within } = search
  const columns = (words: readonly Word[]) => {
    const rows = words.flatMap(({ terms, weight }, word) => terms.map((term) => ({ term, word, weight })))
    return [rows.map(({ term }) => term), rows.map(({ word }) => word), rows.map(({ weight }) => weight)]
  }
  return db.query<Ranked>(rare.some(({ terms }) => terms.length > 1) ? withSynonyms : plain,
    [workspaceId, datasets, ...columns(rare), ...columns(frequent), 0.9 / mean, candidates, also, limit, documentIds, within], { prepared: true })
}
