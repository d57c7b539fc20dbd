/**
 * Sessions: one a sign-in. A signed access token names the session and is good for a while (`accessTokenMinutes`), or until the session ends; a refresh token, used
 * once, makes the next. Whoever shows a refresh token from before ends the session: one of the two who have it is a thief.
 */
import { randomUUID } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import type Koa from 'koa'
import { database, deriveKey, logger, serverConfig, service } from '../../../core/index.ts'
import { authConfig } from '../config.ts'
import { Session } from '../models/session.ts'
import { digest, newToken } from './tokens.ts'

/** Seconds for which the token before the last is only refused, and ends nothing: two tabs, or an answer that was lost. */
const LENIENT = 10

export interface Tokens { readonly access: string; readonly csrf: string; readonly refresh: string }
export interface SessionRef { readonly accountId: string; readonly sessionId: string }
export interface Sessions {
  /** Joins the caller's transaction. */
  begin(accountId: string): Promise<Tokens>
  /** Undefined where the refresh token is unknown, used, expired, or its account not active. */
  renew(refresh: string): Promise<Tokens | undefined>
  end(sessionId: string): Promise<void>
  /** Ends all sessions of an account but one, in the caller's transaction. */
  endAll(accountId: string, butSessionId?: string): Promise<void>
  /** What an access token says; whether the session still lives is for {@link Identities} to tell. Undefined where it is not ours or has expired. */
  read(access: string): Promise<SessionRef | undefined>
  /** Whether a CSRF token was made for this session and is still valid. */
  guards(csrf: string, session: SessionRef): Promise<boolean>
  /** Removes what has expired; resolves to the number. */
  forget(): Promise<number>
}

/** The session of a request that was let in by one. */
export const sessionOf = (ctx: Koa.Context): string => String(ctx.state['sessionId'])

const isId = (value: unknown): value is string => typeof value === 'string' && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(value)

export const sessions = service('auth.sessions', {
  uses: { db: database, config: authConfig, server: serverConfig, log: logger, Session },
  create: ({ db, config, server, log, Session }): Sessions => {
    // Two keys, so that the CSRF token, which scripts may read, is never taken for an access token.
    const keys = { access: deriveKey(server, 'access token'), csrf: deriveKey(server, 'csrf token') }
    const sign = (key: Buffer, { accountId, sessionId }: SessionRef): Promise<string> => new SignJWT({ user_id: accountId, sid: sessionId })
      .setProtectedHeader({ alg: 'HS256' }).setExpirationTime(`${config.accessTokenMinutes} minutes`).sign(key)
    const verify = async (key: Buffer, token: string): Promise<SessionRef | undefined> => {
      try {
        const { user_id: accountId, sid: sessionId } = (await jwtVerify(token, key, { algorithms: ['HS256'], requiredClaims: ['exp', 'user_id', 'sid'] })).payload
        return isId(accountId) && isId(sessionId) ? { accountId, sessionId } : undefined
      } catch { return undefined }
    }
    const newRefresh = (sessionId: string) => {
      const token = `${sessionId}.${newToken()}`
      return { token, hash: digest(token), expires: new Date(Date.now() + config.refreshTokenDays * 86_400_000) }
    }
    const tokens = async (session: SessionRef, refresh: string): Promise<Tokens> =>
      ({ access: await sign(keys.access, session), csrf: await sign(keys.csrf, session), refresh })
    const end = async (sessionId: string): Promise<void> => { await db.query('DELETE FROM sessions WHERE id = $1', [sessionId]) }

    return {
      end,
      begin: async (accountId) => {
        const sessionId = randomUUID()
        const { token, hash, expires } = newRefresh(sessionId)
        const now = new Date()
        await Session.create({ id: sessionId, account_id: accountId, token_hash: hash, previous_hash: null, rotated_at: now, expires_at: expires, created_at: now })
        return tokens({ accountId, sessionId }, token)
      },
      renew: (refresh) => db.transaction(async () => {
        const [sessionId = ''] = refresh.split('.', 1)
        if (!isId(sessionId)) return undefined
        // Locked: of two with the same token the second sees what the first has made of it.
        const [row] = await db.query<{ account_id: string; is_last: boolean; is_before: boolean; usable: boolean }>(
          `SELECT s.account_id, s.token_hash = $2 AS is_last, s.previous_hash = $2 AND s.rotated_at > now() - $3 * interval '1 second' AS is_before,
             s.expires_at > now() AND a.status = 'active' AS usable
           FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE s.id = $1 FOR UPDATE OF s`, [sessionId, digest(refresh), LENIENT])
        if (!row) return undefined
        const { account_id: accountId } = row
        if (row.is_last) {
          if (!row.usable) return undefined
          const { token, hash, expires } = newRefresh(sessionId)
          await db.query('UPDATE sessions SET previous_hash = token_hash, token_hash = $2, rotated_at = now(), expires_at = $3 WHERE id = $1', [sessionId, hash, expires])
          return tokens({ accountId, sessionId }, token)
        }
        if (row.is_before) return undefined
        await end(sessionId)
        log.warn({ account: accountId }, 'a refresh token was shown that had been used before or never given out: the session has ended, and whoever has it must sign in again')
        return undefined
      }),
      endAll: async (accountId, but) => { await db.query('DELETE FROM sessions WHERE account_id = $1 AND id IS DISTINCT FROM $2', [accountId, but ?? null]) },
      read: (access) => verify(keys.access, access),
      guards: async (csrf, { accountId, sessionId }) => {
        const made = await verify(keys.csrf, csrf)
        return made?.accountId === accountId && made.sessionId === sessionId
      },
      forget: async () => (await db.query('DELETE FROM sessions WHERE expires_at < now() RETURNING 1')).length,
    }
  },
})
