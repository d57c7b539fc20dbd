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
import type { Database } from '../../../core/index.ts'
import { textIndex } from '../ports.ts'
import type { IndexedText, TextIndex } from '../ports.ts'
import { frequencies } from '../text/analysis.ts'
import { keywords } from '../text/keywords.ts'
import { chosen } from './chosen.ts'
import { searchable } from './searchable.ts'

/** Segments per statement: some 50,000 rows. */
const BATCH = 500
const SMALLINT = 32_767

const insertSegments = `
  INSERT INTO text_index_segments (dataset, segment_id, document_id, length, terms)
  SELECT $1, segment_id, document_id, length, string_to_array(terms, E'\\n')
  FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::text[]) AS entry (segment_id, document_id, length, terms)
  ORDER BY segment_id
  ON CONFLICT (dataset, segment_id) DO NOTHING
  RETURNING id, segment_id, length`

// In the order of the index, which then grows at few places at a time.
const insertTerms = `
  INSERT INTO text_index_terms (dataset, term, segment, frequency, length)
  SELECT $1, term, segment, least(frequency, ${SMALLINT}), least(length, ${SMALLINT})
  FROM unnest($2::text[], $3::bigint[], $4::integer[], $5::integer[]) AS entry (term, segment, frequency, length)
  ORDER BY term COLLATE "C", segment`

// Now and then the many rows of a size become one. Rows that another writer is just adding up are left to it.
const addSize = `
  WITH old AS (
    SELECT id FROM text_index_sizes
    WHERE dataset = $1 AND (SELECT count(*) FROM text_index_sizes WHERE dataset = $1) >= 64
    FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM text_index_sizes WHERE id IN (SELECT id FROM old) RETURNING segments, length
  )
  INSERT INTO text_index_sizes (dataset, segments, length)
  SELECT $1, $2 + coalesce(sum(segments), 0), $3 + coalesce(sum(length), 0) FROM gone`

const removeSome = (which: string): string => `
  WITH gone AS (
    DELETE FROM text_index_segments
    WHERE dataset = (SELECT id FROM text_index_datasets WHERE workspace_id = $1 AND dataset_id = $2) AND ${which}
    RETURNING dataset, id, length, terms
  ), rows AS (
    DELETE FROM text_index_terms t USING (SELECT dataset, id, unnest(terms) AS term FROM gone) g
    WHERE t.dataset = g.dataset AND t.term = g.term COLLATE "C" AND t.segment = g.id
  )
  INSERT INTO text_index_sizes (dataset, segments, length)
  SELECT dataset, -count(*), -sum(length) FROM gone GROUP BY dataset`

const removeAll = `
  WITH gone AS (DELETE FROM text_index_datasets WHERE workspace_id = $1 AND dataset_id = $2 RETURNING id)
  DELETE FROM text_index_terms WHERE dataset IN (SELECT id FROM gone)`

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
    FROM (SELECT segment, score FROM scored ORDER BY score DESC, segment) AS ranked CROSS JOIN LATERAL (
      SELECT i.segment_id FROM text_index_segments i WHERE i.id = ranked.segment AND ${searchable('i.segment_id')} LIMIT 1
    ) AS live
    ORDER BY ranked.score DESC, ranked.segment
    LIMIT $5
  ), named AS (
    SELECT i.segment_id, scored.score
    FROM text_index_segments i JOIN scored ON scored.segment = i.id
    WHERE i.dataset IN (SELECT id FROM searched) AND i.segment_id = ANY ($6::uuid[]) AND ${searchable('i.segment_id')}
  )
  SELECT segment_id AS "segmentId", 2 * share / (1 + share) AS score
  FROM (
    SELECT segment_id, score / (SELECT sum(weight) FROM weighed) AS share FROM (SELECT * FROM best UNION SELECT * FROM named) AS found
  ) AS hits
  ORDER BY score DESC, segment_id`

interface Entry { readonly text: IndexedText; readonly terms: ReadonlyMap<string, number>; readonly length: number }

const analyse = (text: IndexedText): Entry => {
  const terms = frequencies(text.text)
  return { text, terms, length: [...terms.values()].reduce((sum, count) => sum + count, 0) }
}

/** The number of a dataset, made where it has none yet. */
const numberOf = async (db: Database, { workspaceId, id }: { workspaceId: string; id: string }): Promise<number> => {
  const find = () => db.query<{ id: number }>('SELECT id FROM text_index_datasets WHERE workspace_id = $1 AND dataset_id = $2', [workspaceId, id])
  let [row] = await find()
  if (!row) {
    await db.query('INSERT INTO text_index_datasets (workspace_id, dataset_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [workspaceId, id])
    ;[row] = await find()
  }
  if (!row) throw new Error(`the dataset ${id} is being deleted`)
  return row.id
}

/** Adds what is not there; returns what is. */
const insert = async (db: Database, dataset: number, entries: readonly Entry[]): Promise<Entry[]> => {
  const made = await db.query<{ id: string; segment_id: string; length: number }>(insertSegments, [
    dataset, entries.map(({ text }) => text.segmentId), entries.map(({ text }) => text.documentId), entries.map(({ length }) => length),
    entries.map(({ terms }) => [...terms.keys()].join('\n')),
  ])
  const ids = new Map(made.map(({ segment_id, id }) => [segment_id, id]))
  const rows = entries.flatMap(({ text, terms, length }) => {
    const id = ids.get(text.segmentId)
    return id === undefined ? [] : [...terms].map(([term, frequency]) => ({ term, id, frequency, length }))
  })
  if (rows.length > 0) {
    await db.query(insertTerms, [
      dataset, rows.map(({ term }) => term), rows.map(({ id }) => id), rows.map(({ frequency }) => frequency), rows.map(({ length }) => length),
    ])
  }
  if (made.length > 0) await db.query(addSize, [dataset, made.length, made.reduce((sum, { length }) => sum + length, 0)])
  return entries.filter(({ text }) => !ids.has(text.segmentId))
}

export const bm25 = defineAdapter(textIndex, 'bm25', {
  uses: { db: database },
  create: ({ db }): TextIndex => {
    const remove: TextIndex['remove'] = async ({ workspaceId, id }, what) => {
      if (what === 'all') await db.query(removeAll, [workspaceId, id])
      else {
        const [which, values] = chosen(what)
        await db.query(removeSome(which), [workspaceId, id, ...values])
      }
    }
    return {
      remove,
      write: (dataset, entries) => db.transaction(async () => {
        const sameCase = entries.map((entry) => ({ ...entry, segmentId: entry.segmentId.toLowerCase() }))
        const latest = [...new Map(sameCase.map((entry) => [entry.segmentId, entry])).values()]
        if (latest.length === 0) return
        const number = await numberOf(db, dataset)
        for (let at = 0; at < latest.length; at += BATCH) {
          let left = await insert(db, number, latest.slice(at, at + BATCH).map(analyse))
          // What is there already, perhaps written by another just now, is replaced.
          while (left.length > 0) {
            await remove(dataset, { segmentIds: left.map(({ text }) => text.segmentId) })
            left = await insert(db, number, left)
          }
        }
      }),
      search: async ({ workspaceId, datasetIds }, question, limit, also = []) => {
        const terms = frequencies(question)
        if (terms.size === 0 || datasetIds.length === 0) return []
        return db.query<{ segmentId: string; score: number }>(search, [workspaceId, datasetIds, [...terms.keys()], [...terms.values()], limit, also])
      },
      keywords,
    }
  },
})
