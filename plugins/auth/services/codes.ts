/**
 * Codes by mail. Whoever asks gets a token, the address gets six digits, and only both together are worth something. What is asked for an
 * address that nobody has goes the same way, down to its row, but for the mail.
 */
import { createHmac, randomInt } from 'node:crypto'
import { database, deriveKey, networkOf, serverConfig, service } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { MailCode } from '../models/mail-code.ts'
import type { CodePurpose } from '../models/mail-code.ts'
import { letters } from './letters.ts'
import { digest, newToken } from './tokens.ts'

const TRIES = 5
const MINUTES = 5
/** Seconds between two mails for one purpose to one address, as far as one client asks for them. */
const PAUSE = 60
/** Codes for one purpose and address that may be good at a time, whoever asked: what many clients together can send, or guess at. */
const LIVING = 10

export interface CodeRequest {
  readonly purpose: CodePurpose
  /** Where somebody has the address, as it stands in the account: what a client writes may look the same to us and be another to a mail server. */
  readonly email: string
  /** Whom the address belongs to, or who wants it; null: to nobody, and no mail is sent. */
  readonly accountId: string | null
  /** Of the client. */
  readonly address: string
}
export interface Confirmed { readonly email: string; readonly accountId: string }
export interface Codes {
  /** Throws 429 with Retry-After. */
  ask(request: CodeRequest): Promise<{ readonly token: string }>
  /**
   * The token that is good for what the purpose says, for five minutes. Throws 400 where the code is wrong, or token, purpose and address do
   * not go together. Not for use inside a transaction: a wrong try must count, whatever becomes of the request.
   */
  confirm(purpose: CodePurpose, email: string, code: string, token: string): Promise<string>
  /** What was confirmed, without using it up. Throws 400. */
  look(purpose: CodePurpose, token: string): Promise<Confirmed>
  /** Uses it up, in the transaction of the caller. Of two at once one succeeds. Throws 400. */
  take(purpose: CodePurpose, token: string): Promise<Confirmed>
  /** Ends whatever was asked for an account: for when its password or its address changes. */
  drop(accountId: string): Promise<void>
  /** Removes what has expired; resolves to the number. */
  forget(): Promise<number>
}

const good = `token_hash = $1 AND purpose = $2 AND confirmed AND account_id IS NOT NULL AND expires_at > now()`

export const codes = service('auth.codes', {
  uses: { db: database, server: serverConfig, letters, MailCode },
  create: ({ db, server, letters, MailCode }): Codes => {
    const key = deriveKey(server, 'mailed code')
    const keyed = (...parts: readonly string[]): string => createHmac('sha256', key).update(JSON.stringify(parts)).digest('hex')
    const found = ([row]: readonly { email: string; account_id: string }[]): Confirmed => {
      if (!row) throw authErrors.tokenInvalid()
      return { email: row.email, accountId: row.account_id }
    }
    return {
      ask: async ({ purpose, email, accountId, address }) => {
        const [token, code] = [newToken(), String(randomInt(1_000_000)).padStart(6, '0')]
        const asker = keyed('asker', networkOf(address))
        await db.transaction(async () => {
          // Those who ask for one address take turns, so that many at once get no more than one after the other.
          await db.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`auth.codes ${purpose} ${email.toLowerCase()}`])
          const [state] = await db.query<{ pause: number | null; full: number | null }>(
            `SELECT ceil(extract(epoch FROM max(created_at) FILTER (WHERE asker_hash = $3) - now()) + ${PAUSE})::int AS pause,
               CASE WHEN count(*) FILTER (WHERE expires_at > now()) >= ${LIVING} THEN ceil(extract(epoch FROM min(expires_at) FILTER (WHERE expires_at > now()) - now()))::int END AS full
             FROM mail_codes WHERE purpose = $1 AND lower(email) = lower($2) AND created_at > now() - interval '1 hour'`, [purpose, email, asker])
          const wait = Math.max(state?.pause ?? 0, state?.full ?? 0)
          if (wait > 0) throw authErrors.tooManyCodes(undefined, { headers: { 'Retry-After': String(wait) } })
          await db.query(
            `INSERT INTO mail_codes (token_hash, purpose, email, account_id, asker_hash, code_hash, tries, confirmed, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0, false, now() + ${MINUTES} * interval '1 minute', now())`,
            [digest(token), purpose, email, accountId, asker, keyed('code', token, code)])
          if (accountId !== null) letters.post(purpose, email, { code })
        })
        return { token }
      },
      confirm: async (purpose, email, code, token) => {
        const next = newToken()
        // One statement: of many tries at once each counts, and one right code makes one token.
        const [row] = await db.query<{ confirmed: boolean }>(
          `UPDATE mail_codes SET tries = tries + 1, confirmed = (code_hash = $4 AND account_id IS NOT NULL),
             token_hash = CASE WHEN code_hash = $4 AND account_id IS NOT NULL THEN $5 ELSE token_hash END,
             expires_at = CASE WHEN code_hash = $4 AND account_id IS NOT NULL THEN now() + ${MINUTES} * interval '1 minute' ELSE expires_at END
           WHERE token_hash = $1 AND purpose = $2 AND lower(email) = lower($3) AND NOT confirmed AND tries < ${TRIES} AND expires_at > now() RETURNING confirmed`,
          [digest(token), purpose, email, keyed('code', token, code), digest(next)])
        if (!row) throw authErrors.tokenInvalid()
        if (!row.confirmed) throw authErrors.codeWrong()
        return next
      },
      look: async (purpose, token) => found(await db.query(`SELECT email, account_id FROM mail_codes WHERE ${good}`, [digest(token), purpose])),
      take: async (purpose, token) => found(await db.query(`DELETE FROM mail_codes WHERE ${good} RETURNING email, account_id`, [digest(token), purpose])),
      drop: async (accountId) => { await MailCode.destroy({ where: { account_id: accountId } }) },
      forget: async () => (await db.query('DELETE FROM mail_codes WHERE expires_at < now() RETURNING 1')).length,
    }
  },
})
