/** Another e-mail address. */
import Joi from 'joi'
import type Koa from 'koa'
import { route } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { presentProfile } from '../presenters/profile.ts'
import { profile, result } from '../schemas/account.ts'
import { emailChange } from '../services/email-change.ts'
import type { Owner } from '../services/email-change.ts'
import { sessionOf } from '../services/sessions.ts'
import { addressOf, change, confirming, email, language, mailed, token, validity } from './kit.ts'

const ownerOf = ({ actor, ctx }: { readonly actor: Actor; readonly ctx: Koa.Context }): Owner =>
  ({ accountId: actor.id, workspaceId: actor.workspaceId, sessionId: sessionOf(ctx), address: addressOf(ctx) })

interface Ask { email: string; language?: string | null; phase?: 'old_email' | 'new_email' | null; token?: string | null }
const askCode = route({
  ...change, path: '/account/change-email',
  summary: "Have a code mailed, to change one's e-mail address with",
  description: 'First to the present address, whatever `email` says; then, with `phase: "new_email"` and the token by which the first code was confirmed, to the new one.',
  uses: { emailChange },
  body: Joi.object<Ask, true>({
    email: email.required(), language, phase: Joi.string<'old_email' | 'new_email'>().valid('old_email', 'new_email').allow(null), token: token.allow('', null),
  }),
  reply: mailed,
  errors: [authErrors.tooManyCodes, authErrors.tokenInvalid, authErrors.emailInUse],
  handle: async ({ body, ...call }, { emailChange }) => {
    const owner = ownerOf(call)
    const { token } = body.phase === 'new_email' ? await emailChange.askNew(owner, body.email, body.token ?? '') : await emailChange.askOld(owner)
    return { result: 'success' as const, data: token }
  },
})

const checkCode = route({
  ...change, path: '/account/change-email/validity',
  summary: 'Show the code from a mail; the answer has the token for the next step',
  uses: { emailChange },
  body: confirming,
  reply: validity,
  errors: [authErrors.codeWrong, authErrors.tokenInvalid],
  handle: async ({ body: { email, code, token }, ...call }, { emailChange }) => ({ is_valid: true, email, token: await emailChange.confirm(ownerOf(call), email, code, token) }),
})

const finish = route({
  ...change, path: '/account/change-email/reset',
  summary: "Change one's e-mail address",
  description: 'With the token by which the code in the mail to the new address was confirmed. Every other session of the account ends.',
  uses: { emailChange },
  body: Joi.object<{ new_email: string; token: string }, true>({ new_email: email.required(), token: token.required() }),
  reply: profile,
  errors: [authErrors.tokenInvalid, authErrors.emailInUse],
  handle: async ({ body, ...call }, { emailChange }) => presentProfile(await emailChange.finish(ownerOf(call), body.new_email, body.token)),
})

const checkFree = route({
  ...change, path: '/account/change-email/check-email-unique',
  summary: 'Whether an e-mail address is free',
  uses: { emailChange },
  body: Joi.object<{ email: string }, true>({ email: email.required() }),
  reply: result,
  errors: [authErrors.emailInUse],
  handle: async ({ body }, { emailChange }) => {
    await emailChange.mustBeFree(body.email)
    return { result: 'success' as const }
  },
})

export const emailRoutes = [askCode, checkCode, finish, checkFree]
