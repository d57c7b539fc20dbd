/** Switching documents on and off, and putting them into the archive and out of it. What is off or archived is not found from that moment on. */
import { database, service } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import type { DocumentRow } from '../models/document.ts'
import type { StatusAction } from '../schemas/document-change.ts'
import { datasetRecords } from './dataset-records.ts'
import type { Owner } from './dataset-records.ts'

export interface DocumentStatus {
  /** All of them, or none. Those that are so already stay as they are, and ids that the dataset does not have are passed over. Throws 404, and 400 `invalid_action`. */
  change(owner: Owner, datasetId: string, action: StatusAction | 'unknown', ids: readonly string[]): Promise<void>
}

/** What each action sets, and where. */
const changes: Readonly<Record<StatusAction, string>> = {
  enable: 'enabled = true, disabled_at = NULL, disabled_by = NULL WHERE NOT enabled',
  disable: 'enabled = false, disabled_at = now(), disabled_by = $4 WHERE enabled',
  archive: 'archived = true WHERE NOT archived',
  un_archive: 'archived = false WHERE archived',
}

export const documentStatus = service('datasets.document-status', {
  uses: { db: database, records: datasetRecords },
  create: ({ db, records }): DocumentStatus => ({
    change: ({ workspaceId, accountId }, datasetId, action, ids) => db.transaction(async () => {
      if (action === 'unknown') throw datasetErrors.invalidAction()
      if (ids.length === 0) return
      // Whoever takes many documents of a dataset takes the dataset first, so that two never wait for each other.
      await records.lock(workspaceId, datasetId)
      const of = [workspaceId, datasetId, ids]
      const rows = await db.query<DocumentRow>('SELECT * FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND id = ANY ($3::uuid[]) ORDER BY id FOR UPDATE', of)
      const unfinished = action === 'disable' && rows.find(({ indexing_status: status }) => status !== 'completed')
      if (unfinished) throw datasetErrors.invalidAction(`"${unfinished.name}" is not indexed, so it is not found anyway. Wait for the end of its indexing, or leave it out.`)
      await db.query(`UPDATE documents SET updated_at = now(), ${changes[action]} AND workspace_id = $1 AND dataset_id = $2 AND id = ANY ($3::uuid[])`, action === 'disable' ? [...of, accountId] : of)
    }),
  }),
})
