/** Signing in by e-mail address and password. */
import { Op, fn, col, where } from 'sequelize'
import { service } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { Account } from '../models/account.ts'
import { attempts } from './attempts.ts'
import { identities } from './identities.ts'
import { decodePassword, passwords } from './passwords.ts'
import { sessions } from './sessions.ts'
import type { Tokens } from './sessions.ts'

export interface Credentials { readonly email: string; /** Base64. */ readonly password: string; readonly address: string }
export interface SignIn {
  /**
   * Undefined where the account is right but has no workspace. Throws `authentication_failed`, with the same answer and the same work
   * for an unknown account; `too_many_requests`; and, once the password was right, `account_banned` or `account_not_initialized`.
   */
  (credentials: Credentials): Promise<Tokens | undefined>
}

export const signIn = service('auth.signIn', {
  uses: { Account, attempts, identities, passwords, sessions },
  create: ({ Account, attempts, identities, passwords, sessions }): SignIn => async ({ email, password, address }) => {
    await attempts.take(email, address)
    const account = await Account.findOne({ where: where(fn('lower', col('email')), Op.eq, fn('lower', email)) })
    if (!await passwords.verify(account?.password_hash, decodePassword(password)) || !account) throw authErrors.authenticationFailed()
    await attempts.clear(email, address)
    if (account.status === 'banned' || account.status === 'closed') throw authErrors.accountBanned()
    if (account.status !== 'active') throw authErrors.accountNotInitialized()
    if (!await identities.find(account.id)) return undefined
    const now = new Date()
    await Account.update({ last_login_at: now, last_login_ip: address, last_active_at: now }, { where: { id: account.id } })
    return sessions.begin(account.id)
  },
})
