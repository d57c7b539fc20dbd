/** What people do to a document that is being indexed, or could not be: pause, resume, retry. */
import { database, queue, service } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { enqueueIndexing } from '../jobs/index-document.ts'
import { Document, UNINDEXED } from '../models/document.ts'
import type { DocumentRow } from '../models/document.ts'
import { datasetRecords } from './dataset-records.ts'

export interface IndexingControl {
  /** Its indexing stops before the next batch, and waits for `resume`. Throws 404, and 400 where it has come to an end. */
  pause(workspaceId: string, datasetId: string, id: string): Promise<void>
  /** Goes on where it stopped. Throws as `pause` does. */
  resume(workspaceId: string, datasetId: string, id: string): Promise<void>
  /** Begins documents anew that have failed or are paused: all of them, or none. Throws 404 and 400. */
  retry(workspaceId: string, datasetId: string, ids: readonly string[]): Promise<void>
}

export const indexingControl = service('datasets.indexing-control', {
  uses: { db: database, queue, Document, records: datasetRecords },
  create: ({ db, queue, Document, records }): IndexingControl => {
    /** Inside a transaction. Waits for the batch that is just being stored, so that none follows. */
    const lock = async (workspaceId: string, datasetId: string, ids: readonly string[]): Promise<DocumentRow[]> => {
      const rows = await db.query<DocumentRow>(
        'SELECT * FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND id = ANY ($3::uuid[]) ORDER BY id FOR UPDATE', [workspaceId, datasetId, ids])
      if (rows.length < new Set(ids).size) throw datasetErrors.documentNotFound()
      return rows
    }
    const lockUnfinished = async (workspaceId: string, datasetId: string, id: string): Promise<DocumentRow> => {
      const [row] = await lock(workspaceId, datasetId, [id]) as [DocumentRow]
      if (row.indexing_status === 'completed') throw datasetErrors.alreadyFinished()
      if (row.indexing_status === 'error') throw datasetErrors.alreadyFinished('The indexing of this document has failed. Retry the document instead.')
      return row
    }
    /** Its segments stay, and what is not complete is done. Of a document that came without a file (see `DatasetImport`) they are all there is. */
    const again = async ({ workspace_id, id, name, generation, splitting_completed_at }: DocumentRow, now: Date): Promise<void> => {
      if (splitting_completed_at === null) {
        throw invalid('document_ids', `The import of "${name}" has not come to its end, and there is no file here to begin from. Run the import again, or delete the document.`)
      }
      await Document.update(
        { indexing_status: 'waiting', error: null, stalls: 0, is_paused: false, paused_at: null, stopped_at: null, checked_at: now, updated_at: now }, { where: { workspace_id, id } })
      await enqueueIndexing(queue, { workspace_id, document_id: id, generation })
    }
    return {
      pause: (workspaceId, datasetId, id) => db.transaction(async () => {
        const { is_paused } = await lockUnfinished(workspaceId, datasetId, id)
        if (!is_paused) await Document.update({ is_paused: true, paused_at: new Date(), updated_at: new Date() }, { where: { workspace_id: workspaceId, id } })
      }),
      resume: (workspaceId, datasetId, id) => db.transaction(async () => {
        const { is_paused, generation } = await lockUnfinished(workspaceId, datasetId, id)
        if (!is_paused) return
        const now = new Date()
        await Document.update({ is_paused: false, paused_at: null, checked_at: now, updated_at: now }, { where: { workspace_id: workspaceId, id } })
        await enqueueIndexing(queue, { workspace_id: workspaceId, document_id: id, generation })
      }),
      retry: (workspaceId, datasetId, ids) => db.transaction(async () => {
        // Whoever takes many documents of a dataset takes the dataset first, so that two never wait for each other.
        await records.lock(workspaceId, datasetId)
        for (const row of await lock(workspaceId, datasetId, ids)) {
          const { id, name, generation, indexing_status: status, is_paused } = row
          if (status === 'completed') throw datasetErrors.alreadyFinished(`"${name}" is indexed already. Leave it out.`)
          if (status !== 'error' && !is_paused) throw datasetErrors.beingIndexed(`"${name}" is being indexed. Wait for its end, or pause it first.`)
          const now = new Date()
          // What is cut already is not cut again: people may have changed it since.
          if (row.upload_file_id === null || row.splitting_completed_at !== null) {
            await again(row, now)
            continue
          }
          // Another generation: a run of the one before, should it still be under way somewhere, finds nothing to do or to undo.
          await Document.update({ ...UNINDEXED, generation: generation + 1, checked_at: now, updated_at: now }, { where: { workspace_id: workspaceId, id } })
          await enqueueIndexing(queue, { workspace_id: workspaceId, document_id: id, generation: generation + 1 })
        }
      }),
    }
  },
})
