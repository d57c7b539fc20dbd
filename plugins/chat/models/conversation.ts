import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { AppMode } from '../../apps/ports.ts'

export interface ConversationRow {
  id: string
  workspace_id: string
  app_id: string
  /** Settings of the app with which it began. */
  model_config_id: string
  mode: AppMode
  /** One of the two is not null. */
  end_user_id: string | null
  account_id: string | null
  name: string
  /** Given by hand, or by a model already: no model names it again. */
  is_named: boolean
  /** Those of the first question. */
  inputs: Record<string, unknown>
  introduction: string
  created_at: Date
  updated_at: Date
}

export const Conversation = model<ConversationRow>('conversations', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  app_id: DataTypes.UUID,
  model_config_id: DataTypes.UUID,
  mode: DataTypes.TEXT,
  end_user_id: DataTypes.UUID,
  account_id: DataTypes.UUID,
  name: DataTypes.TEXT,
  is_named: DataTypes.BOOLEAN,
  inputs: DataTypes.JSONB,
  introduction: DataTypes.TEXT,
  created_at: DataTypes.DATE,
  updated_at: DataTypes.DATE,
})
