import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export interface EndUserRow {
  id: string
  workspace_id: string
  app_id: string
  type: 'service-api'
  /** As the app's own system calls whoever uses it. */
  session_id: string
  name: string | null
  is_anonymous: boolean
  created_at: Date
  updated_at: Date
}
export const EndUserRecord = model<EndUserRow>('end_users', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  app_id: DataTypes.UUID,
  type: DataTypes.TEXT,
  session_id: DataTypes.TEXT,
  name: DataTypes.TEXT,
  is_anonymous: DataTypes.BOOLEAN,
  created_at: DataTypes.DATE,
  updated_at: DataTypes.DATE,
})
