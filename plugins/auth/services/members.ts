/** Who belongs to a workspace, and as what. */
import { database, errors, service } from '../../../core/index.ts'
import type { Actor, Json } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { memberErrors } from '../member-errors.ts'
import { Invitation } from '../models/invitation.ts'
import { memberLifecycle } from '../ports.ts'
import type { Accounts, KnownMember } from '../ports.ts'
import { mayRole } from '../roles.ts'
import type { GivenRole, Role } from '../roles.ts'
import { holds } from './holds.ts'
import { lessening } from './lessening.ts'

/** Whoever asks, with a role that is looked up again while the workspace is held. */
export type Asking = Pick<Actor, 'workspaceId' | 'id'>
export interface Members extends Pick<Accounts, 'may' | 'members' | 'setRole'> {
  /** Changes the role of a member, or of somebody who is invited. Throws `cannot-operate-self`, `forbidden`, `member-not-found` or `role-already-assigned`. */
  changeRole(asking: Asking, accountId: string, role: GivenRole): Promise<void>
  /** Removes a member, or takes an invitation back. Throws as `changeRole` does. */
  remove(asking: Asking, accountId: string): Promise<void>
  /** Makes another member the owner. Throws `forbidden` unless it is the owner who asks, `cannot-operate-self`, `member-not-found`. */
  transfer(asking: Asking, accountId: string): Promise<void>
  /** Throws `forbidden` where whoever asks has lost the permission, or was suspended, meanwhile. Inside of a transaction, when the workspace is held. */
  requireStill(asking: Asking, permission: string): Promise<void>
  /** Undefined where it is no member. */
  roleOf(workspaceId: string, accountId: string): Promise<Role | undefined>
  /** Adds a member. Inside of a transaction, when workspace and account are held. */
  join(workspaceId: string, accountId: string, role: Role): Promise<void>
}

export const members = service('auth.members', {
  uses: { db: database, holds, lessening, Invitation, lifecycle: memberLifecycle, audit },
  create: ({ db, holds, lessening, Invitation, lifecycle, audit }): Members => {
    const roleOf: Members['roleOf'] = async (workspaceId, accountId) => {
      const [row] = await db.query<{ role: Role }>('SELECT role FROM workspace_members WHERE workspace_id = $1 AND account_id = $2', [workspaceId, accountId])
      return row?.role
    }
    const record = async (workspaceId: string, what: 'joined' | 'role-changed' | 'removed', id: string, details: Record<string, Json>): Promise<void> => {
      const [account] = await db.query<{ email: string }>('SELECT email FROM accounts WHERE id = $1', [id])
      await audit.record({ workspaceId, action: `member.${what}`, resource: { type: 'member', id, name: account?.email ?? null }, details })
    }
    const join: Members['join'] = async (workspaceId, accountId, role) => {
      // Its first workspace is the one in which it works.
      await db.query(
        `INSERT INTO workspace_members (workspace_id, account_id, role, current, created_at)
         VALUES ($1, $2, $3, NOT EXISTS (SELECT 1 FROM workspace_members WHERE account_id = $2 AND current), now())`, [workspaceId, accountId, role])
      await Invitation.destroy({ where: { workspace_id: workspaceId, account_id: accountId } })
      await record(workspaceId, 'joined', accountId, { role })
    }
    const change = async (workspaceId: string, accountId: string, before: Role, role: Role): Promise<void> => {
      await db.query('UPDATE workspace_members SET role = $3 WHERE workspace_id = $1 AND account_id = $2', [workspaceId, accountId, role])
      await lessening.member(workspaceId, accountId, role)
      await record(workspaceId, 'role-changed', accountId, { before, role })
    }
    const leave = async (workspaceId: string, accountId: string, role: Role): Promise<void> => {
      await db.query('DELETE FROM workspace_members WHERE workspace_id = $1 AND account_id = $2', [workspaceId, accountId])
      await lessening.member(workspaceId, accountId, null)
      await record(workspaceId, 'removed', accountId, { role })
    }
    const crown = async (workspaceId: string, accountId: string, before: Role | undefined): Promise<void> => {
      const [old] = await db.query<{ id: string }>(`SELECT account_id AS id FROM workspace_members WHERE workspace_id = $1 AND role = 'owner'`, [workspaceId])
      // First: there is one owner at most, at any moment.
      if (old) await change(workspaceId, old.id, 'owner', 'admin')
      await (before === undefined ? join(workspaceId, accountId, 'owner') : change(workspaceId, accountId, before, 'owner'))
      for (const one of lifecycle.values()) await one.ownerChanging(workspaceId)
      await audit.record({ workspaceId, action: 'workspace.transferred', resource: { type: 'workspace', id: workspaceId }, details: { before: old?.id ?? null, owner: accountId } })
    }
    const requireStill: Members['requireStill'] = async ({ workspaceId, id }, permission) => {
      // Held: a suspension comes before this, and is seen, or after, and takes back what is done here.
      const account = await holds.account(id)
      const role = await roleOf(workspaceId, id)
      if (account?.status !== 'active' || role === undefined || !mayRole(role, permission)) throw errors.forbidden()
    }
    const requireActive = async (accountId: string): Promise<void> => {
      const account = await holds.account(accountId)
      if (!account) throw memberErrors.accountMissing()
      if (account.status !== 'active') throw memberErrors.accountNotActive()
    }
    /** What happens to a member or to an invitation, each one after the other in a workspace. */
    const operate = (
      asking: Asking, accountId: string, permission: string,
      on: { member(role: GivenRole): Promise<void>; invitation(role: GivenRole): Promise<void> },
    ): Promise<void> => db.transaction(async () => {
      const { workspaceId } = asking
      if (accountId === asking.id) throw memberErrors.cannotOperateSelf()
      await holds.workspace(workspaceId)
      await requireStill(asking, permission)
      const role = await roleOf(workspaceId, accountId)
      if (role === 'owner') throw memberErrors.ownerUntouchable()
      if (role !== undefined) {
        await holds.account(accountId)
        return on.member(role)
      }
      const invitation = await Invitation.findOne({ where: { workspace_id: workspaceId, account_id: accountId } })
      if (!invitation) throw memberErrors.memberMissing()
      return on.invitation(invitation.role)
    })
    return {
      roleOf, requireStill, join,
      may: async (workspaceId, accountId, permission) => {
        const [row] = await db.query<{ role: Role }>(
          `SELECT m.role FROM workspace_members m JOIN accounts a ON a.id = m.account_id
           WHERE m.workspace_id = $1 AND m.account_id = $2 AND a.status = 'active'`, [workspaceId, accountId])
        return row !== undefined && mayRole(row.role, permission)
      },
      members: (workspaceId) => db.query<KnownMember>(
        `SELECT a.id AS "accountId", a.email, a.name, m.role FROM workspace_members m JOIN accounts a ON a.id = m.account_id
         WHERE m.workspace_id = $1 ORDER BY m.created_at, a.id`, [workspaceId]),
      setRole: (workspaceId, accountId, role) => db.transaction(async () => {
        if (!await holds.workspace(workspaceId)) throw memberErrors.workspaceMissing()
        const before = await roleOf(workspaceId, accountId)
        if (role !== null && role === before) return
        if (before === 'owner') throw memberErrors.ownerStays()
        if (role === null) {
          if (before === undefined) throw memberErrors.memberMissing()
          await holds.account(accountId)
          return leave(workspaceId, accountId, before)
        }
        await requireActive(accountId)
        if (role === 'owner') return crown(workspaceId, accountId, before)
        await (before === undefined ? join(workspaceId, accountId, role) : change(workspaceId, accountId, before, role))
      }),
      changeRole: (asking, accountId, role) => operate(asking, accountId, 'member:update', {
        member: async (before) => {
          if (before === role) throw memberErrors.roleAlreadyAssigned()
          await change(asking.workspaceId, accountId, before, role)
        },
        invitation: async (before) => {
          if (before === role) throw memberErrors.roleAlreadyAssigned()
          await Invitation.update({ role }, { where: { workspace_id: asking.workspaceId, account_id: accountId } })
          await record(asking.workspaceId, 'role-changed', accountId, { before, role, pending: true })
        },
      }),
      remove: (asking, accountId) => operate(asking, accountId, 'member:remove', {
        member: (role) => leave(asking.workspaceId, accountId, role),
        invitation: async (role) => {
          await record(asking.workspaceId, 'removed', accountId, { role, pending: true })
          await lessening.invitations('workspace_id = $1 AND account_id = $2', [asking.workspaceId, accountId])
        },
      }),
      transfer: (asking, accountId) => db.transaction(async () => {
        const { workspaceId } = asking
        if (accountId === asking.id) throw memberErrors.cannotOperateSelf()
        await holds.workspace(workspaceId)
        await requireStill(asking, 'workspace:transfer')
        const before = await roleOf(workspaceId, accountId)
        if (before === undefined) throw memberErrors.memberMissing()
        await requireActive(accountId)
        await crown(workspaceId, accountId, before)
      }),
    }
  },
})
