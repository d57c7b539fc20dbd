/** Signing in: by e-mail address and password, or by a code that was mailed to the address. */
import { database, service } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { Account } from '../models/account.ts'
import { admit } from './admission.ts'
import { attempts } from './attempts.ts'
import { codes } from './codes.ts'
import { directory } from './directory.ts'
import { decodePassword, passwords } from './passwords.ts'
import type { Tokens } from './sessions.ts'

export interface Credentials { readonly email: string; /** Base64. */ readonly password: string; readonly address: string }
export interface MailedCode { readonly email: string; readonly code: string; readonly token: string; readonly address: string }
/**
 * Both resolve to undefined where the account is right but has no workspace, and throw `account_banned` or `account_not_initialized` once it
 * was shown to be right.
 */
export interface SignIn {
  /** Throws `authentication_failed`, with the same answer and the same work for an unknown account; `too_many_requests`. */
  byPassword(credentials: Credentials): Promise<Tokens | undefined>
  /** Throws what `codes.confirm` does. */
  byCode(code: MailedCode): Promise<Tokens | undefined>
}

export const signIn = service('auth.signIn', {
  uses: { db: database, Account, admit, attempts, codes, directory, passwords },
  create: ({ db, Account, admit, attempts, codes, directory, passwords }): SignIn => ({
    byPassword: async ({ email, password, address }) => {
      await attempts.take(email, address)
      const account = await directory.find(email)
      if (!await passwords.verify(account?.password_hash, decodePassword(password)) || !account) throw authErrors.authenticationFailed()
      await attempts.clear(email, address)
      return admit(account, address)
    },
    byCode: async ({ email, code, token, address }) => {
      const confirmed = await codes.confirm('sign-in', email, code, token)
      return db.transaction(async () => {
        const { accountId } = await codes.take('sign-in', confirmed)
        const account = await Account.findByPk(accountId)
        if (!account) throw authErrors.tokenInvalid()
        return admit(account, address)
      })
    },
  }),
})
