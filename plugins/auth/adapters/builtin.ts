/** Accounts in our own tables. */
import { randomUUID } from 'node:crypto'
import { database, defineAdapter } from '../../../core/index.ts'
import { Account } from '../models/account.ts'
import { Member, Workspace } from '../models/workspace.ts'
import { accounts } from '../ports.ts'
import { passwords } from '../services/passwords.ts'

export const builtin = defineAdapter(accounts, 'builtin', {
  uses: { db: database, Account, Workspace, Member, passwords },
  create: ({ db, Account, Workspace, Member, passwords }) => ({
    exist: async () => await Account.count() > 0,
    setup: async ({ email, name, password, workspace = `${name}'s workspace`, language = 'en-US' }) => {
      const hash = await passwords.hash(password)
      return db.transaction(async () => {
        // Two processes may be asked at once; the second waits here and then finds the first one's account.
        await db.query(`SELECT pg_advisory_xact_lock(hashtext('auth.setup'))`)
        if (await Account.count() > 0) return undefined
        const [accountId, workspaceId, now] = [randomUUID(), randomUUID(), new Date()]
        await Account.create({
          id: accountId, email, name, password_hash: hash, interface_language: language, interface_theme: 'light', timezone: 'UTC',
          status: 'active', created_at: now, updated_at: now,
        })
        await Workspace.create({ id: workspaceId, name: workspace, plan: 'basic', status: 'normal', created_at: now })
        await Member.create({ workspace_id: workspaceId, account_id: accountId, role: 'owner', current: true, created_at: now })
        return { accountId, workspaceId }
      })
    },
    owner: async (workspaceId) => {
      const [row] = await db.query<{ id: string; name: string; email: string; workspace: string }>(
        `SELECT a.id, a.name, a.email, w.name AS workspace FROM workspaces w JOIN workspace_members m ON m.workspace_id = w.id AND m.role = 'owner'
         JOIN accounts a ON a.id = m.account_id WHERE w.id = $1 AND w.status = 'normal' AND a.status = 'active'`, [workspaceId])
      return row && { accountId: row.id, name: row.name, email: row.email, workspaceName: row.workspace }
    },
  }),
})
