import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export interface FeedbackRow {
  id: string
  workspace_id: string
  app_id: string
  conversation_id: string
  message_id: string
  rating: 'like' | 'dislike'
  content: string | null
  from_source: 'user' | 'admin'
  from_end_user_id: string | null
  from_account_id: string | null
  created_at: Date
  updated_at: Date
}

export const Feedback = model<FeedbackRow>('message_feedbacks', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  app_id: DataTypes.UUID,
  conversation_id: DataTypes.UUID,
  message_id: DataTypes.UUID,
  rating: DataTypes.TEXT,
  content: DataTypes.TEXT,
  from_source: DataTypes.TEXT,
  from_end_user_id: DataTypes.UUID,
  from_account_id: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_at: DataTypes.DATE,
})
