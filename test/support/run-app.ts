import { randomUUID } from 'node:crypto'
import type { Database } from '../../core/index.ts'

/** An app as runs know it: a row, and nothing more. */
export const newApp = async (db: Database): Promise<{ readonly workspaceId: string; readonly appId: string }> => {
  const [workspaceId, appId] = [randomUUID(), randomUUID()]
  await db.query(`INSERT INTO workspaces (id, name, plan, status, created_at) VALUES ($1, 'runs', 'sandbox', 'normal', now())`, [workspaceId])
  await db.query(
    `INSERT INTO apps (id, workspace_id, name, mode, enable_site, enable_api, created_by, created_at, updated_by, updated_at)
     VALUES ($1, $2, 'runs', 'chat', false, true, $1, now(), $1, now())`, [appId, workspaceId])
  return { workspaceId, appId }
}
