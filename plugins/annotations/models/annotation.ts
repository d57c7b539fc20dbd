import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export interface AnnotationRow {
  id: string
  workspace_id: string
  app_id: string
  /** Of the message that it corrects. */
  message_id: string | null
  question: string
  answer: string
  hit_count: number
  account_id: string
  created_at: Date
  updated_at: Date
}
export const Annotation = model<AnnotationRow>('annotations', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  app_id: DataTypes.UUID,
  message_id: DataTypes.UUID,
  question: DataTypes.TEXT,
  answer: DataTypes.TEXT,
  hit_count: DataTypes.INTEGER,
  account_id: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_at: DataTypes.DATE,
})

/** The vector of a question, by the model that made it: 32-bit floats, little-endian. */
export interface AnnotationVectorRow {
  workspace_id: string
  app_id: string
  model: string
  annotation_id: string
  /** When the annotation was. */
  written_at: Date
  vector: Buffer
  made_at: Date
}
export const AnnotationVector = model<AnnotationVectorRow>('annotation_vectors', {
  workspace_id: { type: DataTypes.UUID, primaryKey: true },
  app_id: { type: DataTypes.UUID, primaryKey: true },
  model: { type: DataTypes.TEXT, primaryKey: true },
  annotation_id: { type: DataTypes.UUID, primaryKey: true },
  written_at: DataTypes.DATE,
  vector: DataTypes.BLOB,
  made_at: DataTypes.DATE,
})

/** That one answered, in the words of that time. */
export interface AnnotationHitRow {
  id: string
  workspace_id: string
  annotation_id: string
  message_id: string
  question: string
  matched_question: string
  answer: string
  score: number
  source: 'api' | 'console'
  created_at: Date
}
export const AnnotationHit = model<AnnotationHitRow>('annotation_hits', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  annotation_id: DataTypes.UUID,
  message_id: DataTypes.UUID,
  question: DataTypes.TEXT,
  matched_question: DataTypes.TEXT,
  answer: DataTypes.TEXT,
  score: DataTypes.DOUBLE,
  source: DataTypes.TEXT,
  created_at: DataTypes.DATE,
})
