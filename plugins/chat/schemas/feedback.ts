import Joi from 'joi'
import { page, string, stringOrNull, text, userNeeded, uuid } from './common.ts'
import type { Page } from './common.ts'

export type Rating = 'like' | 'dislike'
const rating = Joi.string<Rating>().valid('like', 'dislike').allow(null).default(null)
const content = text(0, 10_000).allow(null)
export interface NewFeedback { rating: Rating | null; content?: string | null; user: string }
export const newFeedback = Joi.object<NewFeedback, true>({ rating, content, user: userNeeded })
export interface ConsoleFeedback { message_id: string; rating: Rating | null; content?: string | null }
export const consoleFeedback = Joi.object<ConsoleFeedback, true>({ message_id: uuid.required(), rating, content })

export const feedbackQuery = Joi.object<Page, true>({ page, limit: Joi.number().integer().empty('').min(1).max(101).default(20) })
export interface FeedbackItem {
  id: string
  app_id: string
  conversation_id: string
  message_id: string
  rating: Rating
  content: string | null
  from_source: 'user' | 'admin'
  from_end_user_id: string | null
  from_account_id: string | null
  created_at: string
  updated_at: string
}
export const feedbackItem = Joi.object<FeedbackItem, true>({
  id: string, app_id: string, conversation_id: string, message_id: string, rating: Joi.string<Rating>().required(), content: stringOrNull,
  from_source: Joi.string<'user' | 'admin'>().required(), from_end_user_id: stringOrNull, from_account_id: stringOrNull, created_at: string, updated_at: string,
})
export interface FeedbackList { data: FeedbackItem[] }
export const feedbackList = Joi.object<FeedbackList, true>({ data: Joi.array().items(feedbackItem).required() })
