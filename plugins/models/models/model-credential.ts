import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export interface ModelCredentialRow {
  id: string
  workspace_id: string
  provider: string
  /** JSON of what was entered, as the vault sealed it for `ownerOf` this row. */
  sealed: string
  created_by: string
  created_at: Date
  updated_by: string
  updated_at: Date
}
export const ModelCredential = model<ModelCredentialRow>('model_credentials', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  provider: DataTypes.TEXT,
  sealed: DataTypes.TEXT,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_by: DataTypes.UUID,
  updated_at: DataTypes.DATE,
})
export const ownerOf = (workspaceId: string, id: string): string => `${workspaceId}/model_credentials/${id}`
