/** Giving the workspace to another member, which takes a code from the owner's mailbox. */
import Joi from 'joi'
import { database, errors, route } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { memberErrors } from '../member-errors.ts'
import { Account } from '../models/account.ts'
import { result } from '../schemas/account.ts'
import { memberId } from '../schemas/member.ts'
import { codes } from '../services/codes.ts'
import { members } from '../services/members.ts'
import { addressOf, code, language, mailed, token, validity } from './kit.ts'

const ofOwner = { surface: 'console', credential: 'account', access: 'workspace:transfer', resource: 'workspace', method: 'POST' } as const

const askCode = route({
  ...ofOwner, path: '/workspaces/current/members/send-owner-transfer-confirm-email',
  summary: 'Have a code mailed to the owner, to give the workspace away with',
  uses: { codes, Account },
  body: Joi.object<{ language?: string | null }, true>({ language }),
  reply: mailed,
  errors: [authErrors.tooManyCodes],
  handle: async ({ actor, ctx }, { codes, Account }) => {
    const account = await Account.findByPk(actor.id)
    if (!account) throw errors.notFound()
    const { token } = await codes.ask({ purpose: 'transfer', email: account.email, accountId: account.id, address: addressOf(ctx) })
    return { result: 'success' as const, data: token }
  },
})

const checkCode = route({
  ...ofOwner, path: '/workspaces/current/members/owner-transfer-check',
  summary: 'Show the code from the mail; the answer has the token for the transfer',
  uses: { codes, Account },
  body: Joi.object<{ code: string; token: string }, true>({ code: code.required(), token: token.required() }),
  reply: validity,
  errors: [authErrors.codeWrong, authErrors.tokenInvalid],
  handle: async ({ actor, body }, { codes, Account }) => {
    const account = await Account.findByPk(actor.id)
    if (!account) throw errors.notFound()
    return { is_valid: true, email: account.email, token: await codes.confirm('transfer', account.email, body.code, body.token) }
  },
})

const transfer = route({
  ...ofOwner, path: '/workspaces/current/members/{member_id}/owner-transfer',
  summary: 'Make another member the owner; the owner becomes an admin',
  uses: { db: database, codes, members },
  params: memberId,
  body: Joi.object<{ token: string }, true>({ token: token.required() }),
  reply: result,
  errors: [authErrors.tokenInvalid, memberErrors.cannotOperateSelf, memberErrors.memberMissing, memberErrors.accountNotActive],
  handle: async ({ actor, params, body }, { db, codes, members }) => {
    await db.transaction(async () => {
      const { accountId } = await codes.take('transfer', body.token)
      if (accountId !== actor.id) throw authErrors.tokenInvalid()
      await members.transfer(actor, params.member_id)
    })
    return { result: 'success' as const }
  },
})

export const transferRoutes = [askCode, checkCode, transfer]
