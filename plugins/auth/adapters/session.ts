/** A console session: the access token as a cookie, or as `Authorization: Bearer`. */
import { timingSafeEqual } from 'node:crypto'
import type Koa from 'koa'
import { authenticator, defineAdapter } from '../../../core/index.ts'
import type { Authenticator } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { cookies } from '../services/cookies.ts'
import { actorOf, identities } from '../services/identities.ts'
import { sessions } from '../services/sessions.ts'
import type { SessionRef } from '../services/sessions.ts'

const headersOf = (ctx: Koa.Context): readonly string[] => ctx.req.headersDistinct['authorization'] ?? []
const bearerOf = (ctx: Koa.Context): string | undefined => {
  const [header = '', ...others] = headersOf(ctx)
  return others.length > 0 ? undefined : /^bearer\s+(\S+)$/i.exec(header)?.[1]
}
const equal = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

export const session = defineAdapter(authenticator, 'session', {
  uses: { cookies, identities, sessions },
  create: ({ cookies, identities, sessions }): Authenticator => {
    /** A browser sends cookies by itself, also when another site tells it to; only our own pages can read the token and repeat it. */
    const isGuarded = async (ctx: Koa.Context, session: SessionRef): Promise<boolean> => {
      const [cookie, ...others] = cookies.values(ctx, 'csrf_token')
      return cookie !== undefined && others.length === 0 && equal(ctx.get('x-csrf-token'), cookie) && await sessions.guards(cookie, session)
    }
    return {
      serves: ['account'],
      carriers: (ctx) => [
        ...cookies.values(ctx, 'access_token').map((_, index) => index === 0 ? 'cookie access_token' : `cookie access_token (${index + 1})`),
        ...headersOf(ctx).length > 0 ? ['header authorization'] : [],
      ],
      authenticate: async (ctx) => {
        const [cookie] = cookies.values(ctx, 'access_token')
        const session = await sessions.read(cookie ?? bearerOf(ctx) ?? '')
        if (session === undefined) throw authErrors.sessionInvalid()
        if (cookie !== undefined && ctx.method !== 'GET' && ctx.method !== 'HEAD' && !await isGuarded(ctx, session)) throw authErrors.csrfInvalid()
        const identity = await identities.find(session)
        if (!identity) throw authErrors.sessionInvalid()
        ctx.state['sessionId'] = session.sessionId
        return actorOf(identity)
      },
    }
  },
})
