/** Who an account is at this moment: its workspace and its role there. */
import { database, service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { mayRole } from '../roles.ts'
import type { Role } from '../roles.ts'
import type { SessionRef } from './sessions.ts'

export interface Identity { readonly accountId: string; readonly workspaceId: string; readonly role: Role }
export interface Identities {
  /** Undefined unless the session lives, and the account is active and a member of a workspace in use. One query. */
  find(session: SessionRef): Promise<Identity | undefined>
  /** Whether an active account has a workspace in use to go to. */
  hasPlace(accountId: string): Promise<boolean>
}

const PLACES = `accounts a JOIN workspace_members m ON m.account_id = a.id JOIN workspaces w ON w.id = m.workspace_id AND w.status = 'normal'`

export const identities = service('auth.identities', {
  uses: { db: database },
  create: ({ db }): Identities => ({
    find: async ({ accountId, sessionId }) => {
      const [row] = await db.query<{ workspace_id: string; role: Role }>(
        `SELECT m.workspace_id, m.role FROM ${PLACES} JOIN sessions s ON s.account_id = a.id AND s.id = $2 AND s.expires_at > now()
         WHERE a.id = $1 AND a.status = 'active' ORDER BY m.current DESC, m.created_at, m.workspace_id LIMIT 1`, [accountId, sessionId])
      return row && { accountId, workspaceId: row.workspace_id, role: row.role }
    },
    hasPlace: async (accountId) => (await db.query(`SELECT 1 FROM ${PLACES} WHERE a.id = $1 AND a.status = 'active' LIMIT 1`, [accountId])).length > 0,
  }),
})

/** An account acts in one workspace, by what its role holds there. */
export const actorOf = ({ accountId, workspaceId, role }: Identity): Actor => ({
  kind: 'account', id: accountId, accountId, workspaceId,
  can: (permission, resource) => mayRole(role, permission) && (resource?.type !== 'workspace' || (resource.id ?? workspaceId) === workspaceId),
  reach: (permission, type) => !mayRole(role, permission) ? [] : type === 'workspace' ? [workspaceId] : 'all',
})
