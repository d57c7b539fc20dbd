/** Conversations as those see them who build an app. */
import Joi from 'joi'
import { anyObject, cursor, integer, limit, none, nothing, number, page, paged, sliced, string, stringOrNull, text, time, uuid } from './common.ts'
import type { Page, Paged, Slice } from './common.ts'
import { SORTS } from './conversation.ts'
import type { Sort } from './conversation.ts'
import { messageFileItem } from './message.ts'
import type { MessageFileItem } from './message.ts'

export interface AppParams { app_id: string }
export const appParams = Joi.object<AppParams, true>({ app_id: uuid.required() })
export interface ConversationOfApp extends AppParams { conversation_id: string }
export const conversationOfApp = Joi.object<ConversationOfApp, true>({ app_id: uuid.required(), conversation_id: uuid.required() })
export interface MessageOfApp extends AppParams { message_id: string }
export const messageOfApp = Joi.object<MessageOfApp, true>({ app_id: uuid.required(), message_id: uuid.required() })

const WHEN = /^(19[7-9]\d|[2-9]\d{3})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?$/
/** A moment as the console writes it, `2026-11-26 09:30`, or in ISO 8601; without a zone it is UTC. */
const moment = Joi.string().empty('').custom((given: string, helpers) => {
  const [, year, month, day, hour = '00', minute = '00', second = '00', zone = 'Z'] = WHEN.exec(given) ?? []
  const at = new Date(`${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour}:${minute}:${second}${zone}`)
  // The 30th of February is not the 2nd of March.
  return Number.isNaN(at.getTime()) || zone === 'Z' && at.getUTCDate() !== Number(day) ? helpers.error('moment') : at
}).messages({ moment: '{{#label}} takes a moment such as 2026-11-26 09:30' }) as unknown as Joi.DateSchema

export interface ConversationFilter extends Page {
  keyword: string
  start?: Date
  end?: Date
  annotation_status: 'all'
  sort_by: Sort
}
export const conversationFilter = Joi.object<ConversationFilter, true>({
  page, limit, keyword: text(0, 200).default(''), start: moment, end: moment,
  annotation_status: Joi.string<'all'>().empty('').valid('all').default('all').messages({ 'any.only': '{{#label}} takes all. Which answers are annotated, the list of annotations says' }),
  sort_by: Joi.string<Sort>().empty('').valid(...SORTS).default('-updated_at'),
})

interface Stats { like: number; dislike: number }
const stats = Joi.object<Stats, true>({ like: integer, dislike: integer }).required()
interface Talk {
  id: string
  status: string
  from_source: 'api' | 'console'
  from_end_user_id: string | null
  from_end_user_session_id: string | null
  from_account_id: string | null
  from_account_name: string | null
  created_at: number
  updated_at: number
  user_feedback_stats: Stats
  admin_feedback_stats: Stats
}
const talk = {
  id: string, status: string, from_source: Joi.string<'api' | 'console'>().required(), from_end_user_id: stringOrNull, from_end_user_session_id: stringOrNull,
  from_account_id: stringOrNull, from_account_name: stringOrNull, created_at: time, updated_at: time, user_feedback_stats: stats, admin_feedback_stats: stats,
}
interface StatusCount { success: number; failed: number; partial_success: number; paused: number }
export interface ChatConversation extends Talk { name: string; summary: string; read_at: null; message_count: number; status_count: StatusCount }
export const chatConversation = Joi.object<ChatConversation, true>({
  ...talk, name: string, summary: string, read_at: nothing, message_count: integer,
  status_count: Joi.object<StatusCount, true>({ success: integer, failed: integer, partial_success: integer, paused: integer }).required(),
})
export const chatConversationPage = Joi.object<Paged<ChatConversation>, true>(paged(chatConversation))
interface Brief { inputs: Record<string, unknown>; query: string; answer: string; message: never[] }
export interface CompletionConversation extends Talk { read_at: null; message: Brief | null }
export const completionConversation = Joi.object<CompletionConversation, true>({
  ...talk, read_at: nothing, message: Joi.object<Brief, true>({ inputs: anyObject, query: string, answer: string, message: none }).allow(null).required(),
})
export const completionConversationPage = Joi.object<Paged<CompletionConversation>, true>(paged(completionConversation))

interface FeedbackOf { rating: string; content: string | null; from_source: string; from_end_user_id: string | null; from_account: { id: string; name: string } | null }
export interface ConsoleMessage {
  id: string
  conversation_id: string
  parent_message_id: null
  inputs: Record<string, unknown>
  query: string
  message: never[]
  message_tokens: number
  answer: string
  answer_tokens: number
  provider_response_latency: number
  from_source: 'api' | 'console'
  from_end_user_id: string | null
  from_account_id: string | null
  feedbacks: FeedbackOf[]
  workflow_run_id: null
  annotation_hit_history: { annotation_id: string; annotation_create_account: { id: string; name: string } } | null
  created_at: number
  agent_thoughts: never[]
  message_files: MessageFileItem[]
  extra_contents: never[]
  metadata: Record<string, unknown>
  status: string
  error: string | null
}
const person = Joi.object<{ id: string; name: string }, true>({ id: string, name: string })
export const consoleMessage = Joi.object<ConsoleMessage, true>({
  id: string, conversation_id: string, parent_message_id: nothing, inputs: anyObject, query: string, message: none, message_tokens: integer, answer: string,
  answer_tokens: integer, provider_response_latency: number, from_source: Joi.string<'api' | 'console'>().required(), from_end_user_id: stringOrNull, from_account_id: stringOrNull,
  feedbacks: Joi.array().items(Joi.object<FeedbackOf, true>({
    rating: string, content: stringOrNull, from_source: string, from_end_user_id: stringOrNull, from_account: person.allow(null).required(),
  })).required(),
  workflow_run_id: nothing,
  annotation_hit_history: Joi.object<NonNullable<ConsoleMessage['annotation_hit_history']>, true>({ annotation_id: string, annotation_create_account: person.required() }).allow(null).required(),
  created_at: time, agent_thoughts: none, message_files: Joi.array().items(messageFileItem).required(), extra_contents: none, metadata: anyObject, status: string, error: stringOrNull,
})
export const consoleMessageSlice = Joi.object<Slice<ConsoleMessage>, true>(sliced(consoleMessage))
export interface ConsoleMessageQuery { conversation_id: string; first_id?: string; limit: number }
export const consoleMessageQuery = Joi.object<ConsoleMessageQuery, true>({ conversation_id: uuid.required(), first_id: cursor, limit })

interface UsedModel { model: Record<string, unknown>; pre_prompt: string }
/** Settings with which it began. */
const usedModel = Joi.object<UsedModel, true>({ model: anyObject, pre_prompt: string }).allow(null).required()
export interface ChatDetail extends Talk { name: string; introduction: string; model_config: UsedModel | null; message_count: number }
export const chatDetail = Joi.object<ChatDetail, true>({ ...talk, name: string, introduction: string, model_config: usedModel, message_count: integer })
export interface CompletionDetail extends Talk { model_config: UsedModel | null; message: ConsoleMessage | null }
export const completionDetail = Joi.object<CompletionDetail, true>({ ...talk, model_config: usedModel, message: consoleMessage.allow(null).required() })

export interface ExportFilter { from_source?: 'user' | 'admin'; rating?: 'like' | 'dislike'; has_comment?: boolean; start_date?: Date; end_date?: Date; format: 'csv' | 'json' }
export const exportFilter = Joi.object<ExportFilter, true>({
  from_source: Joi.string<'user' | 'admin'>().empty('').valid('user', 'admin'), rating: Joi.string<'like' | 'dislike'>().empty('').valid('like', 'dislike'),
  has_comment: Joi.boolean().empty(''), start_date: moment, end_date: moment, format: Joi.string<'csv' | 'json'>().empty('').valid('csv', 'json').default('csv'),
})
