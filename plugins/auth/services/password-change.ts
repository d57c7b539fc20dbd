/** Giving an account another password. */
import { database, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { authErrors } from '../errors.ts'
import { Account } from '../models/account.ts'
import type { AccountRow } from '../models/account.ts'
import { attempts } from './attempts.ts'
import { codes } from './codes.ts'
import { letters } from './letters.ts'
import { passwords } from './passwords.ts'
import { sessions } from './sessions.ts'

export interface PasswordChange {
  /** With the token of a confirmed code: ends every session. What keeps the account from being used, such as a suspension, stays. Throws as `codes.take`. */
  reset(token: string, password: string): Promise<void>
  /** By its owner, with the present password where there is one: ends every other session. Throws `current_password_incorrect`, `too_many_requests`. */
  change(by: Changer, password: string): Promise<AccountRow>
}
export interface Changer {
  readonly accountId: string
  readonly workspaceId: string
  readonly sessionId: string
  /** Of the client. */
  readonly address: string
  readonly current: string | undefined
}

export const passwordChange = service('auth.passwordChange', {
  uses: { db: database, Account, attempts, codes, letters, passwords, sessions, audit },
  create: ({ db, Account, attempts, codes, letters, passwords, sessions, audit }): PasswordChange => {
    /** Inside a transaction. `before`: what the password must still be. */
    const set = async (accountId: string, hash: string, before?: { readonly hash: string | null }): Promise<AccountRow> => {
      const condition = before === undefined ? {} : { password_hash: before.hash }
      const [count, [account]] = await Account.update({ password_hash: hash, updated_at: new Date() }, { where: { id: accountId, ...condition }, returning: true })
      if (count === 0 || !account) throw authErrors.currentPasswordIncorrect()
      await codes.drop(accountId)
      letters.post('password-changed', account.email, {})
      return account
    }
    const record = async (workspaceId: string, { id, email }: AccountRow, action: string): Promise<void> => {
      await audit.record({ workspaceId, action, resource: { type: 'account', id, name: email } })
    }
    return {
      reset: async (token, password) => {
        await codes.look('reset-password', token)
        const hash = await passwords.hash(password)
        await db.transaction(async () => {
          const { accountId } = await codes.take('reset-password', token)
          const account = await set(accountId, hash)
          await sessions.endAll(accountId)
          const [home] = await db.query<{ workspace_id: string }>(
            'SELECT workspace_id FROM workspace_members WHERE account_id = $1 ORDER BY current DESC, created_at, workspace_id LIMIT 1', [accountId])
          if (home) await record(home.workspace_id, account, 'account.password-reset')
        })
      },
      change: async ({ accountId, workspaceId, sessionId, address, current }, password) => {
        const account = await Account.findByPk(accountId, { rejectOnEmpty: true })
        if (account.password_hash !== null) {
          await attempts.take(account.email, address)
          if (!await passwords.verify(account.password_hash, current)) throw authErrors.currentPasswordIncorrect()
          await attempts.clear(account.email, address)
        }
        const hash = await passwords.hash(password)
        return db.transaction(async () => {
          const changed = await set(accountId, hash, { hash: account.password_hash })
          await sessions.endAll(accountId, sessionId)
          await record(workspaceId, changed, 'account.password-changed')
          return changed
        })
      },
    }
  },
})
