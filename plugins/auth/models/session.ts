import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export interface SessionRow {
  id: string
  account_id: string
  /** SHA-256 of the refresh token, hex; the token itself is 256 random bits, so it needs no salt. */
  token_hash: string
  /** Of the token before it. */
  previous_hash: string | null
  rotated_at: Date
  expires_at: Date
  created_at: Date
}
export const Session = model<SessionRow>('sessions', {
  id: { type: DataTypes.UUID, primaryKey: true },
  account_id: DataTypes.UUID,
  token_hash: DataTypes.TEXT,
  previous_hash: DataTypes.TEXT,
  rotated_at: DataTypes.DATE,
  expires_at: DataTypes.DATE,
  created_at: DataTypes.DATE,
})
