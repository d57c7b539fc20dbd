import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

/** A service elsewhere that answers questions at `<endpoint>/retrieval`. */
export interface ExternalApiRow {
  id: string
  workspace_id: string
  name: string
  description: string
  /** Without a slash at its end. */
  endpoint: string
  /** Its key, as the vault sealed it for `keyOwner` this row. */
  sealed: string
  created_by: string
  created_at: Date
  updated_by: string
  updated_at: Date
}
export const keyOwner = (workspaceId: string, id: string): string => `${workspaceId}/external_knowledge_apis/${id}`

export const ExternalApi = model<ExternalApiRow>('external_knowledge_apis', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  name: DataTypes.TEXT,
  description: DataTypes.TEXT,
  endpoint: DataTypes.TEXT,
  sealed: DataTypes.TEXT,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_by: DataTypes.UUID,
  updated_at: DataTypes.DATE,
})

/** Which of the things that a service knows a dataset stands for. */
export interface ExternalBindingRow { workspace_id: string; dataset_id: string; external_knowledge_api_id: string; external_knowledge_id: string }
export const ExternalBinding = model<ExternalBindingRow>('external_knowledge_bindings', {
  workspace_id: { type: DataTypes.UUID, primaryKey: true },
  dataset_id: { type: DataTypes.UUID, primaryKey: true },
  external_knowledge_api_id: DataTypes.UUID,
  external_knowledge_id: DataTypes.TEXT,
})
