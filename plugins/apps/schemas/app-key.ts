import Joi from 'joi'
import { string, stringOrNull, text, time, uuid } from './common.ts'

export interface AppKeyParams { app_id: string; api_key_id: string }
export const appKeyParams = Joi.object<AppKeyParams, true>({ app_id: uuid.required(), api_key_id: uuid.required() })
export const appKeyBody = Joi.object<{ name?: string }, true>({ name: text(1, 100).trim() })

export interface AppKeyItem { id: string; type: 'app'; name: string | null; token: string; last_used_at: number | null; created_at: number }
export const appKeyItem = Joi.object<AppKeyItem, true>({
  id: string, type: Joi.string<'app'>().valid('app').required(), name: stringOrNull, token: string, last_used_at: Joi.number().integer().allow(null).required(), created_at: time,
})
export const appKeyList = Joi.object<{ data: AppKeyItem[] }, true>({ data: Joi.array().items(appKeyItem).required() })
