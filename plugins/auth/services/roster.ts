/** The list of members as the members see it, with those who are invited. */
import { database, service } from '../../../core/index.ts'
import type { AccountRow } from '../models/account.ts'
import type { Role } from '../roles.ts'

export interface Listed extends Pick<AccountRow, 'id' | 'name' | 'email' | 'avatar' | 'last_login_at' | 'last_active_at' | 'created_at' | 'status'> { readonly role: Role }
export interface Roster {
  /** The oldest first. */
  list(workspaceId: string, role?: Role): Promise<readonly Listed[]>
}

export const roster = service('auth.roster', {
  uses: { db: database },
  create: ({ db }): Roster => ({
    // Of somebody who has not joined no more is told than whoever invited knew, though the address may have an account with a life elsewhere.
    list: (workspaceId, role) => db.query<Listed>(
      `SELECT * FROM (
         SELECT a.id, a.name, a.email, a.avatar, a.last_login_at, a.last_active_at, m.created_at, m.role, a.status
         FROM workspace_members m JOIN accounts a ON a.id = m.account_id WHERE m.workspace_id = $1
         UNION ALL
         SELECT a.id, split_part(lower(a.email), '@', 1), lower(a.email), NULL, NULL, NULL, i.created_at, i.role, 'pending'
         FROM invitations i JOIN accounts a ON a.id = i.account_id WHERE i.workspace_id = $1
       ) AS listed WHERE $2::text IS NULL OR role = $2 ORDER BY created_at, id`, [workspaceId, role ?? null]),
  }),
})
