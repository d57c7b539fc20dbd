import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { GivenRole } from '../roles.ts'

export interface InvitationRow {
  workspace_id: string
  /** Pending until it accepts its first invitation, where nobody had the address before. */
  account_id: string
  role: GivenRole
  /** SHA-256 of the token in the mail, hex. */
  token_hash: string
  invited_by: string
  expires_at: Date
  created_at: Date
}
export const Invitation = model<InvitationRow>('invitations', {
  workspace_id: { type: DataTypes.UUID, primaryKey: true },
  account_id: { type: DataTypes.UUID, primaryKey: true },
  role: DataTypes.TEXT,
  token_hash: DataTypes.TEXT,
  invited_by: DataTypes.UUID,
  expires_at: DataTypes.DATE,
  created_at: DataTypes.DATE,
})
