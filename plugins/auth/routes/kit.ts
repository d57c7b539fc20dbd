/** What several routes of accounts share. */
import Joi from 'joi'
import type Koa from 'koa'
import type { Result } from '../schemas/account.ts'
import type { Cookies } from '../services/cookies.ts'
import type { Tokens } from '../services/sessions.ts'

export const open = { surface: 'console', credential: 'none', access: 'public', resource: 'none', method: 'POST' } as const
export const change = { surface: 'console', credential: 'account', access: 'account:update', resource: 'none', method: 'POST' } as const

export const email = Joi.string().email({ tlds: false }).max(254)
/** Clients say in which language they would like to be written to; there is one so far. */
export const language = Joi.string().max(20).allow('', null)
export const locale = Joi.string().pattern(/^[a-z]{2}-[A-Z]{2}$/, 'language')
export const token = Joi.string().max(200)
/** Six digits, as they are or, as some clients send them, in Base64. */
export const code = Joi.string().max(20).custom((sent: string) => /^\d{6}$/.test(sent) ? sent : Buffer.from(sent, 'base64').toString('latin1'))

export interface Asking { email: string; language?: string | null }
export const asking = Joi.object<Asking, true>({ email: email.required(), language })
export interface Confirming { email: string; code: string; token: string }
export const confirming = Joi.object<Confirming, true>({ email: email.required(), code: code.required(), token: token.required() })

export interface Mailed { result: 'success'; data: string }
export const mailed = Joi.object<Mailed, true>({ result: Joi.string<'success'>().valid('success').required(), data: Joi.string().required() })
export interface Validity { is_valid: boolean; email: string; token: string }
export const validity = Joi.object<Validity, true>({ is_valid: Joi.boolean().required(), email: Joi.string().required(), token: Joi.string().required() })

export type Entry = Result | { result: 'fail'; data: string }
export const entry = Joi.object<Entry>({ result: Joi.string().valid('success', 'fail').required(), data: Joi.string() })
/** The answer to a sign-in; the session itself travels in cookies. */
export const enter = (ctx: Koa.Context, cookies: Cookies, tokens: Tokens | undefined): Entry => {
  if (!tokens) return { result: 'fail', data: 'This account belongs to no workspace. Ask the owner of one for an invitation.' }
  cookies.write(ctx, tokens)
  return { result: 'success' }
}

export const addressOf = (ctx: Koa.Context): string => String(ctx.state['clientAddress'])
