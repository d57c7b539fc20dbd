/** Workspaces: made, renamed, archived, and the one in which an account works at present. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { memberErrors } from '../member-errors.ts'
import { Workspace } from '../models/workspace.ts'
import type { WorkspaceRow } from '../models/workspace.ts'
import { memberLifecycle } from '../ports.ts'
import type { Accounts } from '../ports.ts'
import type { Role } from '../roles.ts'
import { holds } from './holds.ts'
import { members } from './members.ts'

export interface Workspaces extends Pick<Accounts, 'owner' | 'workspaces' | 'createWorkspace' | 'archive'> {
  /** A workspace in use as one of its members sees it. */
  of(workspaceId: string, accountId: string): Promise<(WorkspaceRow & { readonly role: Role }) | undefined>
  rename(workspaceId: string, name: string): Promise<void>
  /** Throws `account_not_link_tenant` unless the account is a member and the workspace in use. */
  enter(workspaceId: string, accountId: string): Promise<void>
}

export const workspaces = service('auth.workspaces', {
  uses: { db: database, holds, members, Workspace, lifecycle: memberLifecycle, audit },
  create: ({ db, holds, members, Workspace, lifecycle, audit }): Workspaces => {
    const record = async (workspaceId: string, action: string, name: string, details = {}): Promise<void> =>
      audit.record({ workspaceId, action, resource: { type: 'workspace', id: workspaceId, name }, details })
    return {
      of: async (workspaceId, accountId) => {
        const [row] = await db.query<WorkspaceRow & { role: Role }>(
          `SELECT w.id, w.name, w.plan, w.status, w.created_at, m.role FROM workspaces w JOIN workspace_members m ON m.workspace_id = w.id
           WHERE w.id = $1 AND m.account_id = $2 AND w.status = 'normal'`, [workspaceId, accountId])
        return row
      },
      owner: async (workspaceId) => {
        const [row] = await db.query<{ id: string; name: string; email: string; workspace: string }>(
          `SELECT a.id, a.name, a.email, w.name AS workspace FROM workspaces w JOIN workspace_members m ON m.workspace_id = w.id AND m.role = 'owner'
           JOIN accounts a ON a.id = m.account_id WHERE w.id = $1 AND w.status = 'normal' AND a.status = 'active'`, [workspaceId])
        return row && { accountId: row.id, name: row.name, email: row.email, workspaceName: row.workspace }
      },
      workspaces: async () => (await Workspace.findAll({ order: ['created_at', 'id'] })).map(({ id, name, status }) => ({ workspaceId: id, name, archived: status === 'archive' })),
      createWorkspace: (name, ownerId) => db.transaction(async () => {
        const account = await holds.account(ownerId)
        if (!account) throw memberErrors.accountMissing()
        if (account.status !== 'active') throw memberErrors.accountNotActive()
        const workspaceId = randomUUID()
        await db.query(`INSERT INTO workspaces (id, name, plan, status, created_at) VALUES ($1, $2, 'basic', 'normal', now())`, [workspaceId, name])
        await members.join(workspaceId, ownerId, 'owner')
        return { workspaceId }
      }),
      rename: (workspaceId, name) => db.transaction(async () => {
        const before = await holds.workspace(workspaceId)
        if (!before) throw memberErrors.workspaceMissing()
        if (before.name === name) return
        await db.query('UPDATE workspaces SET name = $2 WHERE id = $1', [workspaceId, name])
        await record(workspaceId, 'workspace.renamed', name, { before: before.name })
      }),
      archive: (workspaceId, archived) => db.transaction(async () => {
        const before = await holds.workspace(workspaceId)
        if (!before) throw memberErrors.workspaceMissing()
        const status = archived ? 'archive' : 'normal'
        if (before.status === status) return
        await db.query('UPDATE workspaces SET status = $2 WHERE id = $1', [workspaceId, status])
        for (const one of lifecycle.values()) await one.ownerChanging(workspaceId)
        await record(workspaceId, archived ? 'workspace.archived' : 'workspace.restored', before.name)
      }),
      enter: (workspaceId, accountId) => db.transaction(async () => {
        await holds.account(accountId)
        // Two statements: no account may have two present workspaces, not even for a moment.
        await db.query('UPDATE workspace_members SET current = false WHERE account_id = $1 AND current', [accountId])
        const [entered] = await db.query(
          `UPDATE workspace_members m SET current = true FROM workspaces w
           WHERE w.id = m.workspace_id AND w.status = 'normal' AND m.workspace_id = $1 AND m.account_id = $2 RETURNING 1`, [workspaceId, accountId])
        if (!entered) throw memberErrors.notLinked()
      }),
    }
  },
})
