import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export interface RefreshTokenRow {
  account_id: string
  /** SHA-256 of the token, hex; the token itself is 256 random bits, so it needs no salt. */
  token_hash: string
  expires_at: Date
  created_at: Date
}
export const RefreshToken = model<RefreshTokenRow>('refresh_tokens', {
  account_id: { type: DataTypes.UUID, primaryKey: true },
  token_hash: DataTypes.TEXT,
  expires_at: DataTypes.DATE,
  created_at: DataTypes.DATE,
})
