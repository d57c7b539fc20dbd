/** Giving an account another e-mail address: first the old one must agree, then the new one must answer. */
import { UniqueConstraintError } from 'sequelize'
import { database, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { authErrors } from '../errors.ts'
import { Account } from '../models/account.ts'
import type { AccountRow } from '../models/account.ts'
import { codes } from './codes.ts'
import { directory } from './directory.ts'
import { letters } from './letters.ts'
import { sessions } from './sessions.ts'

export interface Owner {
  readonly accountId: string
  readonly workspaceId: string
  readonly sessionId: string
  /** Of the client. */
  readonly address: string
}
export interface EmailChange {
  /** Mails a code to the present address. Throws `too_many_requests`. */
  askOld(owner: Owner): Promise<{ readonly token: string }>
  /** Mails one to the address that is to come, once the old one was confirmed. Throws `email_already_in_use`, `too_many_requests`, and as `codes.look`. */
  askNew(owner: Owner, email: string, token: string): Promise<{ readonly token: string }>
  /** The token of either code. Throws as `codes.confirm`. */
  confirm(owner: Owner, email: string, code: string, token: string): Promise<string>
  /** With the token of the new address: ends every other session. Throws `email_already_in_use`, and as `codes.take`. */
  finish(owner: Owner, email: string, token: string): Promise<AccountRow>
  /** Throws `email_already_in_use`. */
  mustBeFree(email: string): Promise<void>
}

export const emailChange = service('auth.emailChange', {
  uses: { db: database, Account, codes, directory, letters, sessions, audit },
  create: ({ db, Account, codes, directory, letters, sessions, audit }): EmailChange => {
    const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
    const mustBeFree = async (email: string): Promise<void> => { if (await directory.find(email)) throw authErrors.emailInUse() }
    const load = (accountId: string): Promise<AccountRow> => Account.findByPk(accountId, { rejectOnEmpty: true })
    return {
      mustBeFree,
      askOld: async ({ accountId, address }) => codes.ask({ purpose: 'old-email', email: (await load(accountId)).email, accountId, address }),
      askNew: async ({ accountId, address }, email, token) => {
        // Looked at and not used up: whoever mistyped the address may ask for another. All codes of the account end with the change.
        const old = await codes.look('old-email', token)
        if (old.accountId !== accountId) throw authErrors.tokenInvalid()
        await mustBeFree(email)
        return codes.ask({ purpose: 'new-email', email, accountId, address })
      },
      confirm: async ({ accountId }, email, code, token) => {
        const { email: old } = await load(accountId)
        return codes.confirm(same(email, old) ? 'old-email' : 'new-email', email, code, token)
      },
      finish: async ({ accountId, workspaceId, sessionId }, email, token) => {
        try {
          return await db.transaction(async () => {
            const confirmed = await codes.take('new-email', token)
            if (confirmed.accountId !== accountId || !same(confirmed.email, email)) throw authErrors.tokenInvalid()
            const before = await Account.findByPk(accountId, { lock: true, rejectOnEmpty: true })
            const [, [changed]] = await Account.update({ email: confirmed.email, updated_at: new Date() }, { where: { id: accountId }, returning: true })
            if (!changed) throw authErrors.tokenInvalid()
            await codes.drop(accountId)
            await sessions.endAll(accountId, sessionId)
            await audit.record({
              workspaceId, action: 'account.email-changed', resource: { type: 'account', id: accountId, name: changed.email }, details: { before: before.email },
            })
            letters.post('email-changed', before.email, { newEmail: changed.email })
            return changed
          })
        } catch (error) {
          // Somebody else took it since it was asked for.
          if (error instanceof UniqueConstraintError) throw authErrors.emailInUse()
          throw error
        }
      },
    }
  },
})
