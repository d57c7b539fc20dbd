import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { KeyType } from '../ports.ts'

export interface ApiTokenRow {
  id: string
  workspace_id: string
  type: KeyType
  app_id: string | null
  /** The one dataset that the key reaches; null: the whole workspace. */
  dataset_id: string | null
  name: string | null
  /** The first five and the last four characters: all that is kept of the secret. */
  prefix: string
  last4: string
  /** HMAC-SHA-256 under the pepper, hex. */
  token_hash: string
  /** Tells which pepper made the hash. */
  pepper_id: string
  created_by: string
  last_used_at: Date | null
  created_at: Date
}

export const ApiToken = model<ApiTokenRow>('api_tokens', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  type: DataTypes.TEXT,
  app_id: DataTypes.UUID,
  dataset_id: DataTypes.UUID,
  name: DataTypes.TEXT,
  prefix: DataTypes.TEXT,
  last4: DataTypes.TEXT,
  token_hash: DataTypes.TEXT,
  pepper_id: DataTypes.TEXT,
  created_by: DataTypes.UUID,
  last_used_at: DataTypes.DATE,
  created_at: DataTypes.DATE,
})
