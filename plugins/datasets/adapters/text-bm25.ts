/**
 * Ranked full text in stock SQL: BM25 over one row per (term, segment).
 *
 *   share = Σ w(t) · tf / (tf + k1 · (1 − b + b · length / mean length)) / Σ w(t),   w(t) = qtf · ln(1 + (N − df + 0.5) / (df + 0.5))
 *   score = 2 · share / (1 + share)
 *
 * The sums go over the terms of the question. The upper one is BM25 with k1 = 1.2 and b = 0.75 (S. Robertson and H. Zaragoza, "The
 * Probabilistic Relevance Framework: BM25 and Beyond", 2009), the idf in the form that is never negative, each term as often as the question
 * has it. It is divided by its upper bound, which no passage reaches, so that it is the share of the question's information that a passage
 * carries: 0..1, with one meaning for every question. Words that no passage has count in the bound, so that nonsense scores low. The score is
 * Dice's coefficient (L. R. Dice, "Measures of the amount of ecologic association between species", 1945) of the question and the part of it
 * that was found; it keeps the order and uses the scale better: a passage of mean length that has each word once scores 0.625.
 *
 * N, df and the mean length are those of the datasets that are searched. A write adds rows and rewrites none: it takes as long in a large
 * dataset as in a small one, and two writers meet only where they write the same segment.
 */
import { database, defineAdapter } from '../../../core/index.ts'
import { textIndex } from '../ports.ts'
import type { Hit, TextIndex } from '../ports.ts'
import { frequencies } from '../text/analysis.ts'
import { keywords } from '../text/keywords.ts'
import { createPostings } from '../text/postings.ts'
import { searchable } from '../queries/searchable.ts'

const search = `
  WITH question AS (
    SELECT term, qtf FROM unnest($3::text[], $4::float8[]) AS entry (term, qtf)
  ), searched AS MATERIALIZED (
    SELECT id FROM text_index_datasets WHERE workspace_id = $1 AND dataset_id = ANY ($2::uuid[])
  ), size AS MATERIALIZED (
    SELECT sum(segments)::float8 AS segments, sum(length)::float8 / nullif(sum(segments), 0) AS mean
    FROM text_index_sizes WHERE dataset IN (SELECT id FROM searched)
  ), weighed AS MATERIALIZED (
    SELECT term, qtf * ln(1 + (segments - df + 0.5::float8) / (df + 0.5::float8)) AS weight
    FROM size CROSS JOIN question CROSS JOIN LATERAL (
      SELECT count(*) AS df FROM text_index_terms t WHERE t.dataset = ANY (ARRAY (SELECT id FROM searched)) AND t.term = question.term COLLATE "C"
    ) AS known
  ), scored AS MATERIALIZED (
    SELECT t.segment, sum(weight * frequency / (frequency + 1.2::float8 * (0.25::float8 + 0.75::float8 * length / mean))) AS score
    FROM size CROSS JOIN weighed CROSS JOIN searched
      JOIN text_index_terms t ON t.dataset = searched.id AND t.term = weighed.term COLLATE "C"
    GROUP BY t.segment
  ), best AS (
    SELECT live.segment_id, ranked.score
    FROM (SELECT segment, score FROM scored ORDER BY score DESC, segment LIMIT $7) AS ranked CROSS JOIN LATERAL (
      SELECT i.segment_id FROM text_index_segments i WHERE i.id = ranked.segment AND ${searchable('i.segment_id')} LIMIT 1
    ) AS live
    ORDER BY ranked.score DESC, ranked.segment
    LIMIT $5
  ), named AS (
    SELECT i.segment_id, scored.score
    FROM text_index_segments i JOIN scored ON scored.segment = i.id
    WHERE i.dataset IN (SELECT id FROM searched) AND i.segment_id = ANY ($6::uuid[]) AND ${searchable('i.segment_id')}
  )
  SELECT segment_id AS "segmentId", 2 * share / (1 + share) AS score, "isBest"
  FROM (
    SELECT segment_id, score / (SELECT sum(weight) FROM weighed) AS share, bool_or(is_best) AS "isBest"
    FROM (SELECT *, true AS is_best FROM best UNION ALL SELECT *, false FROM named) AS found GROUP BY segment_id, score
  ) AS hits
  ORDER BY score DESC, segment_id`

export const bm25 = defineAdapter(textIndex, 'bm25', {
  uses: { db: database },
  create: ({ db }): TextIndex => ({
    ...createPostings(db),
    search: async ({ workspaceId, datasetIds }, question, limit, also = []) => {
      const terms = frequencies(question)
      if (terms.size === 0 || datasetIds.length === 0) return []
      const find = (candidates: number | null) =>
        db.query<Hit & { isBest: boolean }>(search, [workspaceId, datasetIds, [...terms.keys()], [...terms.values()], limit, also, candidates])
      let hits = await find(4 * limit)
      // Few of the candidates may be found, or there are few: only then is it worth while to sort them all.
      if (hits.filter(({ isBest }) => isBest).length < limit) hits = await find(null)
      return hits.map(({ segmentId, score }) => ({ segmentId, score }))
    },
    keywords,
  }),
})
