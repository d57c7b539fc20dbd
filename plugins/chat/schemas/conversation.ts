import Joi from 'joi'
import { anyObject, cursor, integer, limit, none, sliced, string, text, time, user, uuid } from './common.ts'
import type { OfUser, Slice } from './common.ts'

export interface ConversationItem {
  id: string
  name: string
  inputs: Record<string, unknown>
  status: string
  introduction: string
  created_at: number
  updated_at: number
}
export const conversationItem = Joi.object<ConversationItem, true>({
  id: string, name: string, inputs: anyObject, status: string, introduction: string, created_at: time, updated_at: time,
})
export const conversationSlice = Joi.object<Slice<ConversationItem>, true>(sliced(conversationItem))

export const SORTS = ['created_at', '-created_at', 'updated_at', '-updated_at'] as const
export type Sort = typeof SORTS[number]
export interface ConversationQuery extends OfUser { last_id?: string; limit: number; sort_by: Sort }
export const conversationQuery = Joi.object<ConversationQuery, true>({
  user, last_id: cursor, limit, sort_by: Joi.string<Sort>().empty('').valid(...SORTS).default('-updated_at'),
})
export interface ConversationParams { conversation_id: string }
export const conversationParams = Joi.object<ConversationParams, true>({ conversation_id: uuid.required() })
export interface NewName extends OfUser { name?: string | null; auto_generate: boolean }
export const newName = Joi.object<NewName, true>({ name: text(0, 255).allow(null), auto_generate: Joi.boolean().empty(null).default(false), user })

export interface VariableQuery extends OfUser { last_id?: string; limit: number; variable_name?: string }
export const variableQuery = Joi.object<VariableQuery, true>({
  user, last_id: cursor, limit,
  variable_name: Joi.string().pattern(/^[\p{L}\p{N}_.-]{1,255}$/u).message('variable_name takes 1 to 255 letters, digits, and any of - _ .'),
})
export interface VariableParams extends ConversationParams { variable_id: string }
export const variableParams = Joi.object<VariableParams, true>({ conversation_id: uuid.required(), variable_id: uuid.required() })
export interface NewValue extends OfUser { value?: unknown }
export const newValue = Joi.object<NewValue>({ value: Joi.any(), user })
/** Only the conversations of workflows have variables. */
export interface NoVariables { limit: number; has_more: boolean; data: never[] }
export const noVariables = Joi.object<NoVariables, true>({ limit: integer, has_more: Joi.boolean().required(), data: none })
