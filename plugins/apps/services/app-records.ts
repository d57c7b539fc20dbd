/** Apps as rows: found, and held while they change. */
import { database, service } from '../../../core/index.ts'
import { appErrors } from '../errors.ts'
import type { AppRow } from '../models/app.ts'
import type { App } from '../ports.ts'

export interface AppRecords {
  /** Throws 404. */
  find(workspaceId: string, id: string): Promise<AppRow>
  /** Inside a transaction: keeps others from deleting or changing the app until it ends. Throws 404. */
  lock(workspaceId: string, id: string): Promise<AppRow>
}

/** As other plugins know it. */
export const asApp = (row: Pick<AppRow, 'id' | 'workspace_id' | 'name' | 'description' | 'mode' | 'max_active_requests' | 'created_by'>): App => ({
  id: row.id, workspaceId: row.workspace_id, name: row.name, description: row.description, mode: row.mode,
  maxActiveRequests: row.max_active_requests ?? 0, createdBy: row.created_by,
})

export const appRecords = service('apps.records', {
  uses: { db: database },
  create: ({ db }): AppRecords => {
    const one = async (workspaceId: string, id: string, hold = ''): Promise<AppRow> => {
      const [found] = await db.query<AppRow>(`SELECT * FROM apps WHERE workspace_id = $1 AND id = $2 ${hold}`, [workspaceId, id])
      if (!found) throw appErrors.appNotFound()
      return found
    }
    return { find: (workspaceId, id) => one(workspaceId, id), lock: (workspaceId, id) => one(workspaceId, id, 'FOR NO KEY UPDATE') }
  },
})
