/** Analyses anew what was indexed by the rules of an earlier release. Until that is done, words whose stems have changed are not found. */
import { database, service } from '../../../core/index.ts'
import { textOf } from '../models/segment.ts'
import { ANALYSIS } from './analysis.ts'
import { createPostings } from './postings.ts'

/** What a dataset had when its renewal began: the rows up to this number. What is written anew gets a higher one. */
export interface Outdated { readonly workspace_id: string; readonly dataset_id: string; readonly until: number }
export interface TextRenewal {
  outdated(): Promise<readonly Outdated[]>
  /** Renews some of it; resolves to whether there is more. */
  renew(dataset: Outdated): Promise<boolean>
}
interface Row { readonly segment_id: string; readonly document_id: string; readonly content: string | null; readonly answer: string | null; readonly keywords: string[] | null }

/** Segments per transaction, during which nobody else writes into the dataset. */
const BATCH = 100

export const textRenewal = service('datasets.text-renewal', {
  uses: { db: database },
  create: ({ db }): TextRenewal => {
    const postings = createPostings(db)
    return {
      outdated: () => db.query<Outdated>(
        `SELECT workspace_id, dataset_id, coalesce((SELECT max(id) FROM text_index_segments WHERE dataset = d.id), 0)::float8 AS until
         FROM text_index_datasets d WHERE analysis < $1`, [ANALYSIS]),
      renew: ({ workspace_id, dataset_id, until }) => db.transaction(async () => {
        const at = { workspaceId: workspace_id, id: dataset_id }
        await db.query('SELECT 1 FROM datasets WHERE workspace_id = $1 AND id = $2 FOR UPDATE', [workspace_id, dataset_id])
        const rows = await db.query<Row>(
          `SELECT i.segment_id, i.document_id, s.content, s.answer, s.keywords
           FROM text_index_segments i LEFT JOIN document_segments s ON s.workspace_id = $1 AND s.id = i.segment_id
           WHERE i.dataset = (SELECT id FROM text_index_datasets WHERE workspace_id = $1 AND dataset_id = $2) AND i.id <= $3
           ORDER BY i.id LIMIT ${BATCH}`, [workspace_id, dataset_id, until])
        if (rows.length === 0) {
          await db.query('UPDATE text_index_datasets SET analysis = $3 WHERE workspace_id = $1 AND dataset_id = $2', [workspace_id, dataset_id, ANALYSIS])
          return false
        }
        await postings.remove(at, { segmentIds: rows.map(({ segment_id }) => segment_id) })
        await postings.write(at, rows.flatMap(({ segment_id, document_id, content, answer, keywords }) =>
          content === null ? [] : [{ segmentId: segment_id, documentId: document_id, text: textOf({ content, answer }), keywords: keywords ?? [] }]))
        return true
      }),
    }
  },
})
