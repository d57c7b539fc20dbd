/** What ends with a role. */
import { database, service } from '../../../core/index.ts'
import { memberLifecycle } from '../ports.ts'
import { mayRole } from '../roles.ts'
import type { Role } from '../roles.ts'
import { holds } from './holds.ts'

export interface Lessening {
  /** Ends what a member may not do any more: null, where it is removed or suspended. Inside of the transaction that takes the role away. */
  member(workspaceId: string, accountId: string, role: Role | null): Promise<void>
  /** Takes invitations back, by a condition over them; whoever was only invited, and nowhere else, is forgotten. */
  invitations(condition: string, values: readonly unknown[]): Promise<number>
}

export const lessening = service('auth.lessening', {
  uses: { db: database, holds, lifecycle: memberLifecycle },
  create: ({ db, holds, lifecycle }): Lessening => {
    const invitations: Lessening['invitations'] = async (condition, values) => {
      const invited = await db.query<{ id: string }>(`SELECT DISTINCT account_id AS id FROM invitations WHERE ${condition} ORDER BY account_id`, values)
      // Held first, and looked at after: another workspace may invite them at this moment.
      for (const { id } of invited) await holds.account(id)
      const gone = await db.query(`DELETE FROM invitations WHERE ${condition} AND account_id = ANY ($${values.length + 1}::uuid[]) RETURNING 1`, [...values, invited.map(({ id }) => id)])
      await db.query(
        `DELETE FROM accounts a WHERE a.id = ANY ($1::uuid[]) AND a.status = 'pending' AND NOT EXISTS (SELECT 1 FROM invitations i WHERE i.account_id = a.id)
         AND NOT EXISTS (SELECT 1 FROM workspace_members m WHERE m.account_id = a.id)`, [invited.map(({ id }) => id)])
      return gone.length
    }
    return {
      invitations,
      member: async (workspaceId, accountId, role) => {
        const can = (permission: string): boolean => role !== null && mayRole(role, permission)
        // Whoever invites is shown the token, and could use it after having left.
        if (!can('member:invite')) await invitations('workspace_id = $1 AND invited_by = $2', [workspaceId, accountId])
        for (const one of lifecycle.values()) await one.lessening({ workspaceId, accountId }, can)
      },
    }
  },
})
