import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { ModelType } from '../ports.ts'

/** What a workspace chose for a type of model. */
export interface ModelDefaultRow {
  workspace_id: string
  model_type: ModelType
  provider: string
  model: string
  updated_by: string
  updated_at: Date
}
export const ModelDefault = model<ModelDefaultRow>('model_defaults', {
  workspace_id: { type: DataTypes.UUID, primaryKey: true },
  model_type: { type: DataTypes.TEXT, primaryKey: true },
  provider: DataTypes.TEXT,
  model: DataTypes.TEXT,
  updated_by: DataTypes.UUID,
  updated_at: DataTypes.DATE,
})
