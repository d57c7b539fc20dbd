/**
 * Rows that are held until the transaction ends, so that what concerns them happens one after the other. Whoever needs both holds the
 * workspace first. Others may still point at a held row.
 */
import { database, service } from '../../../core/index.ts'
import type { AccountRow } from '../models/account.ts'
import type { WorkspaceRow } from '../models/workspace.ts'

export interface Holds {
  /** Undefined where there is none. */
  account(accountId: string): Promise<Pick<AccountRow, 'status' | 'email' | 'name'> | undefined>
  workspace(workspaceId: string): Promise<Pick<WorkspaceRow, 'status' | 'name'> | undefined>
}

export const holds = service('auth.holds', {
  uses: { db: database },
  create: ({ db }): Holds => ({
    account: async (accountId) =>
      (await db.query<Pick<AccountRow, 'status' | 'email' | 'name'>>('SELECT status, email, name FROM accounts WHERE id = $1 FOR NO KEY UPDATE', [accountId]))[0],
    workspace: async (workspaceId) =>
      (await db.query<Pick<WorkspaceRow, 'status' | 'name'>>('SELECT status, name FROM workspaces WHERE id = $1 FOR NO KEY UPDATE', [workspaceId]))[0],
  }),
})
