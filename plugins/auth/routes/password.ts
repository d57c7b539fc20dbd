/** Passwords: a forgotten one, and another one. */
import Joi from 'joi'
import { route } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { presentProfile } from '../presenters/profile.ts'
import { profile, result } from '../schemas/account.ts'
import { codes } from '../services/codes.ts'
import { passwordChange } from '../services/password-change.ts'
import { newPassword } from '../services/passwords.ts'
import { sessionOf } from '../services/sessions.ts'
import { askCode } from './ask-code.ts'
import { addressOf, change, confirming, open, token, validity } from './kit.ts'

const ask = (path: string) => askCode(path, 'reset-password', 'Have a code mailed, to choose another password with')

const checkCode = route({
  ...open, path: '/forgot-password/validity',
  summary: 'Show the code from the mail; the answer has the token that takes another password',
  uses: { codes },
  body: confirming,
  reply: validity,
  errors: [authErrors.codeWrong, authErrors.tokenInvalid],
  handle: async ({ body: { email, code, token } }, { codes }) => ({ is_valid: true, email, token: await codes.confirm('reset-password', email, code, token) }),
})

interface Reset { token: string; new_password: string; password_confirm: string }
const reset = route({
  ...open, path: '/forgot-password/resets',
  summary: 'Choose another password',
  description: 'Every session of the account ends. What keeps the account from being used, such as a suspension or an invitation that was not accepted, stays.',
  uses: { passwordChange },
  body: Joi.object<Reset, true>({ token: token.required(), new_password: newPassword.required(), password_confirm: Joi.string().max(128).required() }),
  reply: result,
  errors: [authErrors.tokenInvalid, authErrors.passwordMismatch],
  handle: async ({ body }, { passwordChange }) => {
    if (body.new_password !== body.password_confirm) throw authErrors.passwordMismatch()
    await passwordChange.reset(body.token, body.new_password)
    return { result: 'success' as const }
  },
})

interface Change { password?: string | null; new_password: string; repeat_new_password: string }
const another = route({
  ...change, path: '/account/password',
  summary: "Change one's password",
  description: 'Takes the present password where there is one. Every other session of the account ends.',
  uses: { passwordChange },
  body: Joi.object<Change, true>({ password: Joi.string().max(128).allow('', null), new_password: newPassword.required(), repeat_new_password: Joi.string().max(128).required() }),
  reply: profile,
  errors: [authErrors.currentPasswordIncorrect, authErrors.passwordMismatch, authErrors.tooManyAttempts],
  handle: async ({ body, actor, ctx }, { passwordChange }) => {
    if (body.new_password !== body.repeat_new_password) throw authErrors.passwordMismatch()
    const by = { accountId: actor.id, workspaceId: actor.workspaceId, sessionId: sessionOf(ctx), address: addressOf(ctx), current: body.password ?? undefined }
    return presentProfile(await passwordChange.change(by, body.new_password))
  },
})

export const passwordRoutes = [ask('/forgot-password'), ask('/reset-password'), checkCode, reset, another]
