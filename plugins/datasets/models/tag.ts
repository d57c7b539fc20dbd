import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export interface TagRow { id: string; workspace_id: string; name: string; created_by: string; created_at: Date }
export const Tag = model<TagRow>('dataset_tags', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  name: DataTypes.TEXT,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
})

/** A row for each tag that a dataset bears. */
export interface TagBindingRow { workspace_id: string; tag_id: string; dataset_id: string; created_at: Date }
export const TagBinding = model<TagBindingRow>('dataset_tag_bindings', {
  workspace_id: { type: DataTypes.UUID, primaryKey: true },
  tag_id: { type: DataTypes.UUID, primaryKey: true },
  dataset_id: { type: DataTypes.UUID, primaryKey: true },
  created_at: DataTypes.DATE,
})
