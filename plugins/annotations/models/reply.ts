import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

/** That an app gives written answers, and how near a question must be. */
export interface SettingRow {
  id: string
  workspace_id: string
  app_id: string
  score_threshold: number
  embedding_provider: string
  embedding_model: string
  version: string
  updated_by: string
  updated_at: Date
}
export const AnnotationSetting = model<SettingRow>('annotation_settings', {
  id: DataTypes.UUID,
  workspace_id: { type: DataTypes.UUID, primaryKey: true },
  app_id: { type: DataTypes.UUID, primaryKey: true },
  score_threshold: DataTypes.DOUBLE,
  embedding_provider: DataTypes.TEXT,
  embedding_model: DataTypes.TEXT,
  version: DataTypes.BIGINT,
  updated_by: DataTypes.UUID,
  updated_at: DataTypes.DATE,
})

export type JobAction = 'enable' | 'disable' | 'import'
export type JobStatus = 'waiting' | 'processing' | 'completed' | 'error'
/** What clients ask the state of. */
export interface JobRow {
  id: string
  workspace_id: string
  app_id: string
  action: JobAction
  status: JobStatus
  error: string | null
  payload: unknown
  created_by: string
  created_at: Date
}
export const AnnotationJob = model<JobRow>('annotation_jobs', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  app_id: DataTypes.UUID,
  action: DataTypes.TEXT,
  status: DataTypes.TEXT,
  error: DataTypes.TEXT,
  payload: DataTypes.JSONB,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
})
