/** The rows of the text index: one per (term, segment), written and removed. */
import type { Database } from '../../../core/index.ts'
import { chosen } from '../queries/chosen.ts'
import type { IndexedDataset, IndexedText, TextIndex } from '../ports.ts'
import { ANALYSIS, analyse, frequencies } from './analysis.ts'
import type { Language } from './languages.ts'

/** Segments per statement: some 5,000 rows, whose values are written down without anybody else having a turn. */
const BATCH = 100
const SMALLINT = 32_767

// The terms go over once, and into their index in its order, which then grows at few places at a time.
const insertEntries = `
  WITH made AS (
    INSERT INTO text_index_segments (dataset, segment_id, document_id, length, terms)
    SELECT $1, segment_id, document_id, length, string_to_array(terms, E'\\n')
    FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::text[]) AS entry (segment_id, document_id, length, terms)
    ORDER BY segment_id
    ON CONFLICT (dataset, segment_id) DO NOTHING
    RETURNING id, segment_id, length, terms
  ), rows AS (
    INSERT INTO text_index_terms (dataset, term, segment, frequency, length)
    SELECT $1, term, id, least(frequency, ${SMALLINT}), least(length, ${SMALLINT})
    FROM made JOIN unnest($2::uuid[], $6::text[]) AS entry (segment_id, frequencies) USING (segment_id)
      CROSS JOIN LATERAL unnest(terms, string_to_array(frequencies, ' ')::integer[]) AS own (term, frequency)
    ORDER BY term COLLATE "C", id
  )
  SELECT segment_id, length FROM made`

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

interface Entry { readonly text: IndexedText; readonly terms: ReadonlyMap<string, number>; readonly length: number; readonly languages: ReadonlySet<Language> }

const entryOf = (text: IndexedText): Entry => {
  const { tokens, language, languages } = analyse(text.text)
  const terms = frequencies(tokens)
  // As if they stood in the text once, those that do not stand there.
  for (const { term } of analyse(text.keywords?.join('\n') ?? '', language).tokens) if (!terms.has(term)) terms.set(term, 1)
  return { text, terms, languages, length: [...terms.values()].reduce((sum, count) => sum + count, 0) }
}

/** The number of a dataset, made where it has none yet, which from now on has passages in these languages. */
const numberOf = async (db: Database, { workspaceId, id }: IndexedDataset, languages: readonly Language[]): Promise<number> => {
  const find = () => db.query<{ id: number; languages: string[] }>(
    'SELECT id, languages FROM text_index_datasets WHERE workspace_id = $1 AND dataset_id = $2', [workspaceId, id])
  let [row] = await find()
  if (!row) {
    await db.query(
      'INSERT INTO text_index_datasets (workspace_id, dataset_id, languages, analysis) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
      [workspaceId, id, languages, ANALYSIS])
    ;[row] = await find()
  }
  if (!row) throw new Error(`the dataset ${id} is being deleted`)
  if (languages.some((language) => !row.languages.includes(language))) {
    await db.query('UPDATE text_index_datasets SET languages = ARRAY(SELECT DISTINCT unnest(languages || $2::text[]) ORDER BY 1) WHERE id = $1', [row.id, languages])
  }
  return row.id
}

/** Adds what is not there; returns what is. */
const insert = async (db: Database, dataset: number, entries: readonly Entry[]): Promise<Entry[]> => {
  const made = await db.query<{ segment_id: string; length: number }>(insertEntries, [
    dataset, entries.map(({ text }) => text.segmentId), entries.map(({ text }) => text.documentId), entries.map(({ length }) => length),
    entries.map(({ terms }) => [...terms.keys()].join('\n')), entries.map(({ terms }) => [...terms.values()].join(' ')),
  ])
  if (made.length > 0) await db.query(addSize, [dataset, made.length, made.reduce((sum, { length }) => sum + length, 0)])
  const ids = new Set(made.map(({ segment_id }) => segment_id))
  return entries.filter(({ text }) => !ids.has(text.segmentId))
}

/** Both join the transaction of their caller. */
export const createPostings = (db: Database): Pick<TextIndex, 'write' | 'remove'> => {
  const remove: TextIndex['remove'] = async ({ workspaceId, id }, what) => {
    const [which, values] = chosen(what)
    await db.query(what === 'all' ? removeAll : removeSome(which), [workspaceId, id, ...values])
  }
  return {
    remove,
    write: (dataset, entries) => db.transaction(async () => {
      const sameCase = entries.map((entry) => ({ ...entry, segmentId: entry.segmentId.toLowerCase() }))
      const latest = [...new Map(sameCase.map((entry) => [entry.segmentId, entry])).values()]
      if (latest.length === 0) return
      for (let at = 0; at < latest.length; at += BATCH) {
        const batch = latest.slice(at, at + BATCH).map(entryOf)
        const number = await numberOf(db, dataset, [...new Set(batch.flatMap(({ languages }) => [...languages]))])
        let left = await insert(db, number, batch)
        // What is there already, perhaps written by another just now, is replaced.
        while (left.length > 0) {
          await remove(dataset, { segmentIds: left.map(({ text }) => text.segmentId) })
          left = await insert(db, number, left)
        }
      }
    }),
  }
}
