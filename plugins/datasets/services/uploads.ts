/** Files that people send before they say which documents these are to become. Each waits for some time, and becomes one document or none. */
import { randomUUID } from 'node:crypto'
import { database, errors, queue, service } from '../../../core/index.ts'
import type { Actor, UploadedFile } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { invalid } from '../errors.ts'
import { deleteFiles } from '../jobs/delete-files.ts'
import { UploadFile } from '../models/document.ts'
import type { UploadFileRow } from '../models/document.ts'
import { visibleTo } from '../queries/visible.ts'
import type { Owner } from './dataset-records.ts'
import { formats } from './formats.ts'

export interface Uploads {
  /** Throws 400 where there is no file, or nobody could read it. */
  receive(owner: Owner, file: UploadedFile | undefined): Promise<UploadFileRow>
  /** Those of the ids that the actor may look into, in the order of the ids: they wait, or are documents of a dataset that it reaches. */
  find(actor: Actor, ids: readonly string[]): Promise<readonly UploadFileRow[]>
  /** Inside a transaction, at whose end they wait no longer. In the order of the ids. Throws 400 where one of them is not there or does not wait. */
  take(workspaceId: string, ids: readonly string[]): Promise<readonly UploadFileRow[]>
  /** Removes those that have waited too long, and says how many they were. */
  sweep(signal: AbortSignal): Promise<number>
}
const BATCH = 200

export const uploads = service('datasets.uploads', {
  uses: { db: database, queue, UploadFile, formats, config: datasetsConfig },
  create: ({ db, queue, UploadFile, formats, config }): Uploads => ({
    receive: async ({ workspaceId, accountId }, file) => {
      if (!file) throw errors.noFileUploaded()
      const now = new Date()
      const row = await UploadFile.create({
        ...formats.labels(file), id: randomUUID(), workspace_id: workspaceId, storage_key: file.key, mime_type: file.mediaType, size: file.size, hash: file.hash,
        created_by: accountId, created_at: now, waiting_since: now,
      })
      file.keep()
      return row
    },
    find: (actor, ids) => db.query<UploadFileRow>(
      `SELECT f.* FROM upload_files f WHERE f.workspace_id = $1 AND f.id = ANY ($2::uuid[]) AND (f.waiting_since IS NOT NULL OR EXISTS
         (SELECT 1 FROM documents d JOIN datasets ON datasets.workspace_id = d.workspace_id AND datasets.id = d.dataset_id
          WHERE d.workspace_id = $1 AND d.upload_file_id = f.id AND ($4 OR ${visibleTo('$3')})))
       ORDER BY array_position($2::uuid[], f.id)`, [actor.workspaceId, ids, actor.id, actor.can('any-dataset:reach')]),
    take: async (workspaceId, ids) => {
      const rows = await db.query<UploadFileRow>(
        `WITH waiting AS (SELECT id FROM upload_files WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) AND waiting_since IS NOT NULL ORDER BY id FOR UPDATE)
         UPDATE upload_files f SET waiting_since = NULL FROM waiting WHERE f.workspace_id = $1 AND f.id = waiting.id RETURNING f.*`, [workspaceId, ids])
      return inOrder(ids, rows)
    },
    sweep: async (signal) => {
      let swept = 0
      for (let count = BATCH; count === BATCH; swept += count) {
        signal.throwIfAborted()
        count = await db.transaction(async () => {
          // One that is just becoming a document is left alone.
          const gone = await db.query<{ storage_key: string }>(
            `DELETE FROM upload_files WHERE id IN (SELECT id FROM upload_files WHERE waiting_since < now() - $1 * interval '1 hour'
               ORDER BY waiting_since LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) RETURNING storage_key`, [config.waitingHours])
          if (gone.length > 0) await queue.enqueue(deleteFiles, { keys: gone.map(({ storage_key }) => storage_key) })
          return gone.length
        })
      }
      return swept
    },
  }),
})

/** Throws 400 where one is missing. */
export const inOrder = (ids: readonly string[], rows: readonly UploadFileRow[]): readonly UploadFileRow[] => {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.map((id) => {
    const row = byId.get(id)
    if (!row) throw invalid('file_ids', `There is no file ${id} that could become a document: it was never sent, has become one already, or waited too long. Send it again.`)
    return row
  })
}
