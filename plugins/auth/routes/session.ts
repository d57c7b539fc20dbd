/** Signing in and out. Tokens travel in cookies only. */
import Joi from 'joi'
import { route } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { result } from '../schemas/account.ts'
import { cookies } from '../services/cookies.ts'
import { sessionOf, sessions } from '../services/sessions.ts'
import { signIn } from '../services/sign-in.ts'
import { addressOf, email, enter, entry, open, token } from './kit.ts'

interface Login { email: string; password: string; remember_me?: boolean; language?: string; invite_token?: string | null }

const login = route({
  ...open, path: '/login',
  summary: 'Sign in; the session arrives as cookies',
  description: '`password` is the Base64 of its UTF-8 bytes. An account without a workspace gets 200 with `result: "fail"` and no cookies.',
  uses: { cookies, signIn },
  body: Joi.object<Login, true>({
    email: email.required(),
    password: Joi.string().max(1024).required(),
    remember_me: Joi.boolean(),
    language: Joi.string().max(20),
    invite_token: token.allow('', null),
  }),
  reply: entry,
  errors: [authErrors.authenticationFailed, authErrors.accountBanned, authErrors.accountNotInitialized, authErrors.tooManyAttempts],
  handle: async ({ body, ctx }, { cookies, signIn }) => {
    const tokens = await signIn.byPassword({ email: body.email, password: body.password, address: addressOf(ctx) })
    return enter(ctx, cookies, tokens)
  },
})

const logout = route({
  method: 'POST', path: '/logout', surface: 'console', credential: 'account', access: 'session:end', resource: 'none',
  summary: 'Sign out: the session ends at once, the cookies go',
  uses: { cookies, sessions },
  reply: result,
  handle: async ({ ctx }, { cookies, sessions }) => {
    await sessions.end(sessionOf(ctx))
    cookies.clear(ctx)
    return { result: 'success' as const }
  },
})

const refresh = route({
  ...open, path: '/refresh-token',
  summary: 'Go on with a session: takes the refresh token cookie, which is spent, and answers with new cookies',
  uses: { cookies, sessions },
  reply: result,
  errors: [authErrors.refreshInvalid],
  handle: async ({ ctx }, { cookies, sessions }) => {
    const [spent, ...others] = cookies.values(ctx, 'refresh_token')
    const tokens = spent === undefined || others.length > 0 ? undefined : await sessions.renew(spent)
    if (!tokens) throw authErrors.refreshInvalid()
    cookies.write(ctx, tokens)
    return { result: 'success' as const }
  },
})

export const sessionRoutes = [login, logout, refresh]
