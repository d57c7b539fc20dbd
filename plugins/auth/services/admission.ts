/** What every way of signing in ends with. */
import { database, service } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import type { AccountStatus } from '../models/account.ts'
import { identities } from './identities.ts'
import { sessions } from './sessions.ts'
import type { Tokens } from './sessions.ts'

export interface Known { readonly id: string; readonly password_hash: string | null; readonly status: AccountStatus }
export interface Admission {
  /**
   * Begins a session of an account that has shown who it is; undefined where it has no workspace. Throws `account_banned` or
   * `account_not_initialized`, and `authentication_failed` where its password has changed meanwhile: what was shown is worth nothing any more.
   */
  (account: Known, address: string): Promise<Tokens | undefined>
}

/** Throws unless the account may be used. */
const mustBeActive = (status: AccountStatus): void => {
  if (status === 'banned' || status === 'closed') throw authErrors.accountBanned()
  if (status !== 'active') throw authErrors.accountNotInitialized()
}

export const admit = service('auth.admit', {
  uses: { db: database, identities, sessions },
  create: ({ db, identities, sessions }): Admission => ({ id, password_hash, status }, address) => db.transaction(async () => {
    mustBeActive(status)
    if (!await identities.hasPlace(id)) return undefined
    // Holds the row: whoever changes the password or suspends the account comes before, and is seen here, or after, and ends this session too.
    const [row] = await db.query(
      `UPDATE accounts SET last_login_at = now(), last_login_ip = $3, last_active_at = now()
       WHERE id = $1 AND status = 'active' AND password_hash IS NOT DISTINCT FROM $2 RETURNING 1`, [id, password_hash, address])
    if (!row) throw authErrors.authenticationFailed()
    return sessions.begin(id)
  }),
})
