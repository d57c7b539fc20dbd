/** Sessions: a signed access token for an hour, and a refresh token, used once, that makes the next. */
import { createHash, randomBytes } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { database, deriveKey, serverConfig, service } from '../../../core/index.ts'
import { authConfig } from '../config.ts'
import { RefreshToken } from '../models/refresh-token.ts'

export interface Tokens { readonly access: string; readonly csrf: string; readonly refresh: string }
export interface Sessions {
  /** Ends the account's earlier session at its next refresh. */
  begin(accountId: string): Promise<Tokens>
  /** Undefined where the refresh token is unknown, used, expired, or its account no longer active. */
  renew(refresh: string): Promise<Tokens | undefined>
  end(accountId: string): Promise<void>
  /** The account of an access token; undefined where it is not ours or has expired. */
  accountOf(access: string): Promise<string | undefined>
  /** Whether a CSRF token was made for this account and is still valid. */
  guards(csrf: string, accountId: string): Promise<boolean>
}

const digest = (token: string): string => createHash('sha256').update(token).digest('hex')

export const sessions = service('auth.sessions', {
  uses: { db: database, config: authConfig, server: serverConfig, RefreshToken },
  create: ({ db, config, server, RefreshToken }): Sessions => {
    // Two keys, so that the CSRF token, which scripts may read, is never taken for an access token.
    const keys = { access: deriveKey(server, 'access token'), csrf: deriveKey(server, 'csrf token') }
    const sign = (key: Buffer, accountId: string): Promise<string> =>
      new SignJWT({ user_id: accountId }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(`${config.accessTokenMinutes} minutes`).sign(key)
    const verify = async (key: Buffer, token: string): Promise<string | undefined> => {
      try {
        const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], requiredClaims: ['exp', 'user_id'] })
        return typeof payload['user_id'] === 'string' ? payload['user_id'] : undefined
      } catch { return undefined }
    }
    const newRefresh = () => {
      const token = randomBytes(32).toString('base64url')
      return { token, hash: digest(token), expires: new Date(Date.now() + config.refreshTokenDays * 86_400_000) }
    }
    const tokens = async (accountId: string, refresh: string): Promise<Tokens> =>
      ({ access: await sign(keys.access, accountId), csrf: await sign(keys.csrf, accountId), refresh })
    return {
      begin: async (accountId) => {
        const { token, hash, expires } = newRefresh()
        await RefreshToken.upsert({ account_id: accountId, token_hash: hash, expires_at: expires, created_at: new Date() })
        return tokens(accountId, token)
      },
      renew: async (refresh) => {
        const { token, hash, expires } = newRefresh()
        // One statement, so that of two that use the same token at once only one gets a session.
        const [row] = await db.query<{ account_id: string }>(
          `UPDATE refresh_tokens t SET token_hash = $2, expires_at = $3, created_at = now() FROM accounts a
           WHERE t.token_hash = $1 AND t.expires_at > now() AND a.id = t.account_id AND a.status = 'active' RETURNING t.account_id`,
          [digest(refresh), hash, expires])
        return row && tokens(row.account_id, token)
      },
      end: async (accountId) => { await RefreshToken.destroy({ where: { account_id: accountId } }) },
      accountOf: (access) => verify(keys.access, access),
      guards: async (csrf, accountId) => await verify(keys.csrf, csrf) === accountId,
    }
  },
})
