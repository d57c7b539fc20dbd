/** What was asked of a dataset is kept, and after a while let go. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { datasetErrors } from '../errors.ts'
import type { DatasetQueryRow } from '../models/dataset.ts'
import type { RetrievalSettings } from '../ports.ts'
import { pageOf } from '../schemas/common.ts'
import type { Found, Page } from '../schemas/common.ts'
import type { Owner } from './dataset-records.ts'

type AskingApp = NonNullable<RetrievalSettings['askedBy']>
export interface Questions {
  /** Throws 404 where the dataset is gone, which it may be since the question came. */
  keep(owner: Owner, datasetId: string, question: string): Promise<void>
  /** Keeps what an app asked with each dataset that is still there, and counts a hit for each segment that was found. */
  asked(workspaceId: string, by: AskingApp, what: { readonly datasetIds: readonly string[]; readonly question: string; readonly found: readonly string[] }): Promise<void>
  /** The newest first. */
  list(workspaceId: string, datasetId: string, page: Page): Promise<Found<DatasetQueryRow>>
  /** Lets the old ones go, a few at a time, and says how many they were. */
  forget(signal: AbortSignal): Promise<number>
}

const AT_A_TIME = 1000

export const questions = service('datasets.questions', {
  uses: { db: database, config: datasetsConfig },
  create: ({ db, config }): Questions => ({
    keep: async ({ workspaceId, accountId }, datasetId, question) => {
      const [kept] = await db.query(
        `INSERT INTO dataset_queries (id, workspace_id, dataset_id, content, source, created_by)
         SELECT $3, workspace_id, id, $4, 'hit_testing', $5 FROM datasets WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE
         RETURNING id`, [workspaceId, datasetId, randomUUID(), question, accountId], { prepared: true })
      if (!kept) throw datasetErrors.datasetNotFound()
    },
    asked: async (workspaceId, { appId, userId }, { datasetIds, question, found }) => {
      await db.query(
        `INSERT INTO dataset_queries (id, workspace_id, dataset_id, content, source, source_app_id, created_by)
         SELECT new.id, d.workspace_id, d.id, $4, 'app', $5, $6 FROM unnest($2::uuid[], $3::uuid[]) AS new (id, dataset_id)
           JOIN datasets d ON d.workspace_id = $1 AND d.id = new.dataset_id FOR KEY SHARE OF d`,
        // What an end user types may have what the database does not store.
        [workspaceId, datasetIds.map(() => randomUUID()), datasetIds, question.replace(/[\0\p{Cs}]/gu, '\ufffd'), appId, userId])
      if (found.length === 0) return
      // In one order for all, so that two questions that find the same do not wait for each other.
      await db.query(
        `UPDATE document_segments SET hit_count = hit_count + 1 WHERE workspace_id = $1 AND id IN
           (SELECT id FROM document_segments WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE)`, [workspaceId, found])
    },
    list: async (workspaceId, datasetId, window) => {
      const { offset, ...page } = pageOf(window)
      const of = [workspaceId, datasetId]
      const [counted] = await db.query<{ total: number }>('SELECT count(*)::int AS total FROM dataset_queries WHERE workspace_id = $1 AND dataset_id = $2', of)
      const rows = await db.query<DatasetQueryRow>(
        'SELECT * FROM dataset_queries WHERE workspace_id = $1 AND dataset_id = $2 ORDER BY created_at DESC, id LIMIT $3 OFFSET $4', [...of, page.limit, offset])
      return { ...page, rows, total: counted?.total ?? 0 }
    },
    forget: async (signal) => {
      for (let gone = 0; ;) {
        signal.throwIfAborted()
        const rows = await db.query(
          `DELETE FROM dataset_queries WHERE id IN
             (SELECT id FROM dataset_queries WHERE created_at < now() - $1 * interval '1 day' LIMIT ${AT_A_TIME}) RETURNING id`, [config.keepQueriesDays])
        gone += rows.length
        if (rows.length < AT_A_TIME) return gone
      }
    },
  }),
})
