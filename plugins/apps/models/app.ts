import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { AppMode, ModelConfig } from '../ports.ts'

export interface AppRow {
  id: string
  workspace_id: string
  name: string
  description: string
  mode: AppMode
  icon_type: 'emoji' | 'image' | 'link' | null
  icon: string | null
  icon_background: string | null
  use_icon_as_answer_icon: boolean
  enable_site: boolean
  enable_api: boolean
  /** Runs at a time; null: as many as the server allows. */
  max_active_requests: number | null
  /** The version of its settings that holds now; null: none. */
  model_config_id: string | null
  /** What an imported file says of an app whose mode has no model configuration. */
  definition: Record<string, unknown> | null
  created_by: string
  created_at: Date
  updated_by: string
  updated_at: Date
}
export const App = model<AppRow>('apps', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  name: DataTypes.TEXT,
  description: DataTypes.TEXT,
  mode: DataTypes.TEXT,
  icon_type: DataTypes.TEXT,
  icon: DataTypes.TEXT,
  icon_background: DataTypes.TEXT,
  use_icon_as_answer_icon: DataTypes.BOOLEAN,
  enable_site: DataTypes.BOOLEAN,
  enable_api: DataTypes.BOOLEAN,
  max_active_requests: DataTypes.INTEGER,
  model_config_id: DataTypes.UUID,
  definition: DataTypes.JSONB,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_by: DataTypes.UUID,
  updated_at: DataTypes.DATE,
})

/** One version of an app's settings; it never changes. */
export interface ModelConfigRow { id: string; workspace_id: string; app_id: string; config: ModelConfig; created_by: string; created_at: Date }
export const AppModelConfig = model<ModelConfigRow>('app_model_configs', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  app_id: DataTypes.UUID,
  config: DataTypes.JSONB,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
})
