import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

/** A text, a number, or a time in epoch seconds. */
export type MetadataType = 'string' | 'number' | 'time'
export type MetadataValue = string | number | null

/** A field that the documents of a dataset may have; a document keeps its value by the name of the field. */
export interface MetadataFieldRow {
  id: string
  workspace_id: string
  dataset_id: string
  type: MetadataType
  name: string
  created_by: string
  created_at: Date
  updated_by: string | null
  updated_at: Date
}
export const MetadataField = model<MetadataFieldRow>('dataset_metadata', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  dataset_id: DataTypes.UUID,
  type: DataTypes.TEXT,
  name: DataTypes.TEXT,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_by: DataTypes.UUID,
  updated_at: DataTypes.DATE,
})

/** What is known of every document; filters know them by these names too (`queries/metadata.ts`). */
export const BUILT_IN = [
  { name: 'document_name', type: 'string' }, { name: 'uploader', type: 'string' }, { name: 'upload_date', type: 'time' },
  { name: 'last_update_date', type: 'time' }, { name: 'source', type: 'string' },
] as const
export type BuiltIn = typeof BUILT_IN[number]['name']
