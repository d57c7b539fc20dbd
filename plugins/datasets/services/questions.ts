/** What was asked of a dataset is kept. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import type { Owner } from './dataset-records.ts'

export interface Questions {
  /** Throws 404 where the dataset is gone, which it may be since the question came. */
  keep(owner: Owner, datasetId: string, question: string): Promise<void>
}

export const questions = service('datasets.questions', {
  uses: { db: database },
  create: ({ db }): Questions => ({
    keep: async ({ workspaceId, accountId }, datasetId, question) => {
      const [kept] = await db.query(
        `INSERT INTO dataset_queries (id, workspace_id, dataset_id, content, source, created_by)
         SELECT $3, workspace_id, id, $4, 'hit_testing', $5 FROM datasets WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE
         RETURNING id`, [workspaceId, datasetId, randomUUID(), question, accountId])
      if (!kept) throw datasetErrors.datasetNotFound()
    },
  }),
})
