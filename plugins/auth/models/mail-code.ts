import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export type CodePurpose = 'reset-password' | 'sign-in' | 'old-email' | 'new-email' | 'transfer'
export interface MailCodeRow {
  /** SHA-256 of the token that whoever asked for the code got, hex. */
  token_hash: string
  purpose: CodePurpose
  /** Where the code was sent. */
  email: string
  /** Whom it is about; null: nobody has the address, and nothing was sent. */
  account_id: string | null
  /** HMAC-SHA-256 of the client's address, hex. */
  asker_hash: string
  /** HMAC-SHA-256 of the code and the token, hex. */
  code_hash: string
  tries: number
  /** Whether the right code was given: the token is then good for what the purpose says, once. */
  confirmed: boolean
  expires_at: Date
  created_at: Date
}
export const MailCode = model<MailCodeRow>('mail_codes', {
  token_hash: { type: DataTypes.TEXT, primaryKey: true },
  purpose: DataTypes.TEXT,
  email: DataTypes.TEXT,
  account_id: DataTypes.UUID,
  asker_hash: DataTypes.TEXT,
  code_hash: DataTypes.TEXT,
  tries: DataTypes.INTEGER,
  confirmed: DataTypes.BOOLEAN,
  expires_at: DataTypes.DATE,
  created_at: DataTypes.DATE,
})
