/** Accounts as such: found, made, suspended. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { memberErrors } from '../member-errors.ts'
import type { AccountStatus } from '../models/account.ts'
import { memberLifecycle } from '../ports.ts'
import type { Accounts } from '../ports.ts'
import type { Role } from '../roles.ts'
import { holds } from './holds.ts'
import { lessening } from './lessening.ts'
import { passwords } from './passwords.ts'
import { sessions } from './sessions.ts'

export type People = Pick<Accounts, 'find' | 'createAccount' | 'suspend'>

export const people = service('auth.people', {
  uses: { db: database, passwords, sessions, holds, lessening, lifecycle: memberLifecycle, audit },
  create: ({ db, passwords, sessions, holds, lessening, lifecycle, audit }): People => ({
    find: async (email) => {
      const [row] = await db.query<{ id: string; email: string; name: string; status: AccountStatus }>(
        `SELECT id, email, name, status FROM accounts WHERE lower(email) = lower($1) AND status <> 'pending'`, [email])
      return row && { accountId: row.id, email: row.email, name: row.name, suspended: row.status === 'banned' }
    },
    createAccount: async ({ email, name, password }) => {
      const hash = password === undefined ? null : await passwords.hash(password)
      // Whoever was only invited so far has nothing that could be taken over; the invitations stay.
      const [row] = await db.query<{ id: string }>(
        `INSERT INTO accounts (id, email, password_hash, name, interface_language, interface_theme, timezone, status, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'en-US', 'light', 'UTC', 'active', now(), now())
         ON CONFLICT (lower(email)) DO UPDATE SET email = excluded.email, password_hash = excluded.password_hash, name = excluded.name, status = 'active', updated_at = now()
         WHERE accounts.status = 'pending' RETURNING id`, [randomUUID(), email, hash, name])
      if (!row) throw memberErrors.addressTaken()
      return { accountId: row.id }
    },
    suspend: (accountId, suspended) => db.transaction(async () => {
      const account = await holds.account(accountId)
      if (!account) throw memberErrors.accountMissing()
      const [from, to] = suspended ? ['active', 'banned'] : ['banned', 'active']
      if (account.status === to) return
      if (account.status !== from) throw memberErrors.accountNotActive()
      await db.query('UPDATE accounts SET status = $2, updated_at = now() WHERE id = $1', [accountId, to])
      if (suspended) await sessions.endAll(accountId)
      const memberships = await db.query<{ workspaceId: string; role: Role }>(
        'SELECT workspace_id AS "workspaceId", role FROM workspace_members WHERE account_id = $1 ORDER BY workspace_id', [accountId])
      for (const { workspaceId, role } of memberships) {
        if (suspended) await lessening.member(workspaceId, accountId, null)
        if (role === 'owner') for (const one of lifecycle.values()) await one.ownerChanging(workspaceId)
        await audit.record({ workspaceId, action: suspended ? 'account.suspended' : 'account.restored', resource: { type: 'account', id: accountId, name: account.email } })
      }
    }),
  }),
})
