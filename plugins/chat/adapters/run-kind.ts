import { database, defineAdapter } from '../../../core/index.ts'
import { runKind } from '../../runs/ports.ts'

const LOST = 'The answer did not come to its end: the server that gave it went away. Ask again.'

/** The subject of a run of this kind is a message. */
export const chatRunKind = defineAdapter(runKind, 'chat', {
  uses: { db: database },
  create: ({ db }) => ({
    lost: async ({ workspaceId, appId, subjectId }, outcome) => {
      await db.query(
        `UPDATE messages SET status = $4, error = $5, updated_at = now() WHERE workspace_id = $1 AND app_id = $2 AND id = $3 AND status = 'running'`,
        outcome === 'stopped' ? [workspaceId, appId, subjectId, 'stopped', null] : [workspaceId, appId, subjectId, 'error', LOST])
    },
  }),
})
