import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

/** A table whose rows become segments of a document. */
export interface SegmentImportRow {
  id: string
  workspace_id: string
  dataset_id: string
  document_id: string
  status: 'waiting' | 'processing' | 'completed' | 'error'
  error: string | null
  /** Rows of the table, once it has been read. */
  total: number
  /** Those of them that are segments already. */
  done: number
  created_by: string
  created_at: Date
  updated_at: Date
}
export const SegmentImport = model<SegmentImportRow>('segment_imports', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  dataset_id: DataTypes.UUID,
  document_id: DataTypes.UUID,
  status: DataTypes.TEXT,
  error: DataTypes.TEXT,
  total: DataTypes.INTEGER,
  done: DataTypes.INTEGER,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_at: DataTypes.DATE,
})
