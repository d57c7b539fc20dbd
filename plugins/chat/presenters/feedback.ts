import type { FeedbackRow } from '../models/feedback.ts'
import type { FeedbackItem } from '../schemas/feedback.ts'

/** Its times are in ISO 8601, unlike all others. */
export const presentFeedback = (row: FeedbackRow): FeedbackItem => ({
  id: row.id, app_id: row.app_id, conversation_id: row.conversation_id, message_id: row.message_id, rating: row.rating, content: row.content,
  from_source: row.from_source, from_end_user_id: row.from_end_user_id, from_account_id: row.from_account_id,
  created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString(),
})
