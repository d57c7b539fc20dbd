/** Deleting for good: rows, index entries and, after the commit, stored files. */
import { database, queue, service } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { deleteFiles } from '../jobs/delete-files.ts'
import type { DocumentRow } from '../models/document.ts'
import { datasetLifecycle, textIndex, vectorIndex } from '../ports.ts'

export interface Deletion {
  /** Throws 404. Whoever must act with it (`datasetLifecycle`) does so in the same transaction. */
  dataset(workspaceId: string, id: string): Promise<void>
  /** All of them, or none. Throws 404, and 403 where one is archived. */
  documents(workspaceId: string, datasetId: string, ids: readonly string[]): Promise<void>
}

const KEYS_PER_JOB = 500

export const deletion = service('datasets.deletion', {
  uses: { db: database, queue, vectorIndex, textIndex, lifecycle: datasetLifecycle },
  create: ({ db, queue, vectorIndex, textIndex, lifecycle }): Deletion => {
    const dropFiles = async (workspaceId: string, ids: readonly string[]): Promise<void> => {
      const files = await db.query<{ storage_key: string }>(
        'DELETE FROM upload_files WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) RETURNING storage_key', [workspaceId, ids])
      const keys = files.map(({ storage_key }) => storage_key)
      for (let start = 0; start < keys.length; start += KEYS_PER_JOB) await queue.enqueue(deleteFiles, { keys: keys.slice(start, start + KEYS_PER_JOB) })
    }
    return {
      dataset: (workspaceId, id) => db.transaction(async () => {
        // The lock waits for a batch that is being written, and keeps the next one from beginning.
        const [found] = await db.query('SELECT id FROM datasets WHERE workspace_id = $1 AND id = $2 FOR UPDATE', [workspaceId, id])
        if (!found) throw datasetErrors.datasetNotFound()
        for (const one of lifecycle.values()) await one.deleting({ workspaceId, id })
        await vectorIndex.remove({ workspaceId, id }, 'all')
        await textIndex.remove({ workspaceId, id }, 'all')
        const files = await db.query<{ id: string }>(
          'SELECT upload_file_id AS id FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND upload_file_id IS NOT NULL', [workspaceId, id])
        await db.query('DELETE FROM datasets WHERE workspace_id = $1 AND id = $2', [workspaceId, id])
        await dropFiles(workspaceId, files.map((file) => file.id))
      }),
      documents: (workspaceId, datasetId, ids) => db.transaction(async () => {
        // The dataset first, as everywhere: otherwise this and its deletion, or this and another of its kind, might each wait for the other.
        const [dataset] = await db.query('SELECT id FROM datasets WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE', [workspaceId, datasetId])
        if (!dataset) throw datasetErrors.datasetNotFound()
        const found = await db.query<DocumentRow>(
          'SELECT * FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND id = ANY ($3::uuid[]) ORDER BY id FOR UPDATE', [workspaceId, datasetId, ids])
        if (found.length < new Set(ids).size) throw datasetErrors.documentNotFound()
        if (found.some(({ archived }) => archived)) throw datasetErrors.archived()
        const at = { workspaceId, id: datasetId }
        for (const { id: documentId } of found) {
          await vectorIndex.remove(at, { documentId })
          await textIndex.remove(at, { documentId })
        }
        await db.query('DELETE FROM documents WHERE workspace_id = $1 AND id = ANY ($2::uuid[])', [workspaceId, ids])
        await dropFiles(workspaceId, found.flatMap(({ upload_file_id: id }) => id ?? []))
      }),
    }
  },
})
