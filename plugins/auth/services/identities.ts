/** Who an account is at this moment: its workspace and its role there. */
import { database, service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { mayRole } from '../roles.ts'
import type { Role } from '../roles.ts'

export interface Identity { readonly accountId: string; readonly workspaceId: string; readonly role: Role }
export interface Identities {
  /** Undefined unless the account is active and a member of a workspace in use. One query. */
  find(accountId: string): Promise<Identity | undefined>
}

export const identities = service('auth.identities', {
  uses: { db: database },
  create: ({ db }): Identities => ({
    find: async (accountId) => {
      const [row] = await db.query<{ workspace_id: string; role: Role }>(
        `SELECT m.workspace_id, m.role FROM accounts a
         JOIN workspace_members m ON m.account_id = a.id JOIN workspaces w ON w.id = m.workspace_id
         WHERE a.id = $1 AND a.status = 'active' AND w.status = 'normal' ORDER BY m.current DESC, m.created_at, m.workspace_id LIMIT 1`, [accountId])
      return row && { accountId, workspaceId: row.workspace_id, role: row.role }
    },
  }),
})

/** An account acts in one workspace, by what its role holds there. */
export const actorOf = ({ accountId, workspaceId, role }: Identity): Actor => ({
  kind: 'account', id: accountId, accountId, workspaceId,
  can: (permission, resource) => mayRole(role, permission) && (resource?.type !== 'workspace' || (resource.id ?? workspaceId) === workspaceId),
  reach: (permission, type) => !mayRole(role, permission) ? [] : type === 'workspace' ? [workspaceId] : 'all',
})
