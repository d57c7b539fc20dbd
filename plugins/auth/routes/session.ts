/** Signing in and out. Tokens travel in cookies only. */
import Joi from 'joi'
import { route } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { result } from '../schemas/account.ts'
import type { Result } from '../schemas/account.ts'
import { cookies } from '../services/cookies.ts'
import { sessions } from '../services/sessions.ts'
import { signIn } from '../services/sign-in.ts'

interface Login { email: string; password: string; remember_me?: boolean; language?: string; invite_token?: string | null }

const login = route({
  method: 'POST', path: '/login', surface: 'console', credential: 'none', access: 'public', resource: 'none',
  summary: 'Sign in; the session arrives as cookies',
  description: '`password` is the Base64 of its UTF-8 bytes. An account without a workspace gets 200 with `result: "fail"` and no cookies.',
  uses: { cookies, signIn },
  body: Joi.object<Login, true>({
    email: Joi.string().email({ tlds: false }).max(254).required(),
    password: Joi.string().max(1024).required(),
    remember_me: Joi.boolean(),
    language: Joi.string().max(20),
    invite_token: Joi.string().max(200).allow('', null),
  }),
  reply: Joi.object<Result | { result: 'fail'; data: string }>({ result: Joi.string().valid('success', 'fail').required(), data: Joi.string() }),
  errors: [authErrors.authenticationFailed, authErrors.accountBanned, authErrors.accountNotInitialized, authErrors.tooManyAttempts],
  handle: async ({ body, ctx }, { cookies, signIn }) => {
    const tokens = await signIn({ email: body.email, password: body.password, address: String(ctx.state['clientAddress']) })
    if (!tokens) return { result: 'fail' as const, data: 'This account belongs to no workspace. Ask the owner of one for an invitation.' }
    cookies.write(ctx, tokens)
    return { result: 'success' as const }
  },
})

const logout = route({
  method: 'POST', path: '/logout', surface: 'console', credential: 'account', access: 'session:end', resource: 'none',
  summary: 'Sign out: the refresh token ends, the cookies go',
  uses: { cookies, sessions },
  reply: result,
  handle: async ({ actor, ctx }, { cookies, sessions }) => {
    await sessions.end(actor.id)
    cookies.clear(ctx)
    return { result: 'success' as const }
  },
})

const refresh = route({
  method: 'POST', path: '/refresh-token', surface: 'console', credential: 'none', access: 'public', resource: 'none',
  summary: 'Go on with a session: takes the refresh token cookie, which is spent, and answers with new cookies',
  uses: { cookies, sessions },
  reply: result,
  errors: [authErrors.refreshInvalid],
  handle: async ({ ctx }, { cookies, sessions }) => {
    const [token, ...others] = cookies.values(ctx, 'refresh_token')
    const tokens = token === undefined || others.length > 0 ? undefined : await sessions.renew(token)
    if (!tokens) throw authErrors.refreshInvalid()
    cookies.write(ctx, tokens)
    return { result: 'success' as const }
  },
})

export const sessionRoutes = [login, logout, refresh]
