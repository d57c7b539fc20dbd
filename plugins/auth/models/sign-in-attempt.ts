import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export interface SignInAttemptRow {
  /** HMAC-SHA-256 of account and address, hex. */
  pair: string
  count: number
  /** No try is taken before. */
  next_at: Date
  last_at: Date
}
export const SignInAttempt = model<SignInAttemptRow>('sign_in_attempts', {
  pair: { type: DataTypes.TEXT, primaryKey: true },
  count: DataTypes.INTEGER,
  next_at: DataTypes.DATE,
  last_at: DataTypes.DATE,
})
