import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export interface AppFileRow {
  id: string
  workspace_id: string
  app_id: string
  end_user_id: string
  name: string
  /** Lower case, without the dot. */
  extension: string
  /** By its bytes, not by its name. */
  mime_type: string
  /** A bigint, which comes as text. */
  size: number | string
  storage_key: string
  hash: string
  created_at: Date
  /** When somebody last asked whether it is still needed, or named it in a request. */
  checked_at: Date
}
export const AppFileRecord = model<AppFileRow>('app_files', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  app_id: DataTypes.UUID,
  end_user_id: DataTypes.UUID,
  name: DataTypes.TEXT,
  extension: DataTypes.TEXT,
  mime_type: DataTypes.TEXT,
  size: DataTypes.BIGINT,
  storage_key: DataTypes.TEXT,
  hash: DataTypes.TEXT,
  created_at: DataTypes.DATE,
  checked_at: DataTypes.DATE,
})
