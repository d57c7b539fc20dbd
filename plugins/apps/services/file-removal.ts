/** Files that nobody needs any more leave storage, after the transaction that forgets them. */
import { database, queue, service } from '../../../core/index.ts'
import { deleteAppFiles } from '../jobs/delete-app-files.ts'
import type { AppFileRow } from '../models/app-file.ts'
import { fileReferences } from '../ports.ts'
import type { App } from '../ports.ts'

export interface FileRemoval {
  /** Inside the transaction that deletes the app. */
  ofApp(app: Pick<App, 'id' | 'workspaceId'>): Promise<void>
  /** Removes those that no message has, a day after they were sent or last named, and says how many they were. */
  sweep(signal: AbortSignal): Promise<number>
}
const BATCH = 200
const KEPT = '1 day'

export const fileRemoval = service('apps.file-removal', {
  uses: { db: database, queue, references: fileReferences },
  create: ({ db, queue, references }): FileRemoval => {
    const forget = async (keys: readonly string[]): Promise<void> => {
      for (let from = 0; from < keys.length; from += BATCH) await queue.enqueue(deleteAppFiles, { keys: keys.slice(from, from + BATCH) })
    }
    const isReferenced = async ({ workspace_id, app_id, id }: AppFileRow): Promise<boolean> => {
      for (const one of references.values()) if (await one.has({ workspaceId: workspace_id, id: app_id }, id)) return true
      return false
    }
    return {
      ofApp: async ({ workspaceId, id }) => {
        const rows = await db.query<AppFileRow>('DELETE FROM app_files WHERE workspace_id = $1 AND app_id = $2 RETURNING storage_key', [workspaceId, id])
        await forget(rows.map(({ storage_key }) => storage_key))
      },
      sweep: async (signal) => {
        let swept = 0
        for (let count = BATCH; count === BATCH;) {
          signal.throwIfAborted()
          count = await db.transaction(async () => {
            // One that is just being sent with a question is left alone.
            const old = await db.query<AppFileRow>(
              `SELECT * FROM app_files WHERE checked_at < now() - interval '${KEPT}' ORDER BY checked_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`)
            const gone: AppFileRow[] = []
            for (const row of old) if (!await isReferenced(row)) gone.push(row)
            await db.query('UPDATE app_files SET checked_at = now() WHERE id = ANY ($1::uuid[])', [old.map(({ id }) => id)])
            await db.query('DELETE FROM app_files WHERE id = ANY ($1::uuid[])', [gone.map(({ id }) => id)])
            await forget(gone.map(({ storage_key }) => storage_key))
            swept += gone.length
            return old.length
          })
        }
        return swept
      },
    }
  },
})
