import { database, defineAdapter } from '../../../core/index.ts'
import { fileReferences } from '../../apps/ports.ts'

/** Files that were sent with a question. */
export const chatFileReferences = defineAdapter(fileReferences, 'chat', {
  uses: { db: database },
  create: ({ db }) => ({
    has: async ({ workspaceId, id }, uploadFileId) => (await db.query(
      `SELECT 1 FROM message_files f JOIN messages m ON m.workspace_id = f.workspace_id AND m.id = f.message_id
       WHERE f.workspace_id = $1 AND f.upload_file_id = $3 AND m.app_id = $2 LIMIT 1`, [workspaceId, id, uploadFileId])).length > 0,
  }),
})
