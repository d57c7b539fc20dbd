/** The three cookies of a console session. */
import type Koa from 'koa'
import { serverConfig, service } from '../../../core/index.ts'
import { authConfig } from '../config.ts'
import type { Tokens } from './sessions.ts'

export type CookieName = 'access_token' | 'refresh_token' | 'csrf_token'
export interface Cookies {
  /** Every value that the request carries under this name: a browser may hold one per domain, and only one can be meant. */
  values(ctx: Koa.Context, name: CookieName): readonly string[]
  write(ctx: Koa.Context, tokens: Tokens): void
  clear(ctx: Koa.Context): void
}

const isHttps = (url: string | undefined): boolean => url !== undefined && new URL(url).protocol === 'https:'

/**
 * Over https (both the server's own address and the console's) cookies are `Secure`, and without a cookie domain they bear the
 * `__Host-` prefix, which a neighbouring subdomain cannot forge. Only the names of the present configuration are read.
 */
export const cookies = service('auth.cookies', {
  uses: { server: serverConfig, config: authConfig },
  create: ({ server, config }): Cookies => {
    const secure = isHttps(server.publicUrl) && isHttps(server.consoleWebUrl ?? server.publicUrl)
    const prefix = secure && server.cookieDomain === undefined ? '__Host-' : ''
    const session = config.accessTokenMinutes * 60_000
    const set = (ctx: Koa.Context, name: CookieName, value: string | null, maxAge: number): void => {
      // A proxy ends TLS for us: what was configured counts, not how this hop arrived.
      ctx.cookies.secure = secure
      ctx.cookies.set(prefix + name, value, {
        path: '/', sameSite: 'lax', httpOnly: name !== 'csrf_token', secure, signed: false, overwrite: true,
        ...(value === null ? {} : { maxAge }), ...(server.cookieDomain === undefined ? {} : { domain: server.cookieDomain }),
      })
    }
    return {
      values: (ctx, name) => ctx.get('cookie').split(';').map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${prefix}${name}=`)).map((pair) => pair.slice(prefix.length + name.length + 1)),
      write: (ctx, { access, csrf, refresh }) => {
        set(ctx, 'access_token', access, session)
        set(ctx, 'csrf_token', csrf, session)
        set(ctx, 'refresh_token', refresh, config.refreshTokenDays * 86_400_000)
      },
      clear: (ctx) => { for (const name of ['access_token', 'csrf_token', 'refresh_token'] as const) set(ctx, name, null, 0) },
    }
  },
})
