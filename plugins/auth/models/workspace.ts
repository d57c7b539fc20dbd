import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { Role } from '../roles.ts'

export interface WorkspaceRow { id: string; name: string; plan: string; status: 'normal' | 'archive'; created_at: Date }
export const Workspace = model<WorkspaceRow>('workspaces', {
  id: { type: DataTypes.UUID, primaryKey: true },
  name: DataTypes.TEXT,
  plan: DataTypes.TEXT,
  status: DataTypes.TEXT,
  created_at: DataTypes.DATE,
})

export interface MemberRow {
  workspace_id: string
  account_id: string
  role: Role
  /** Whether this is the workspace in which the account works at present; true for one at most. */
  current: boolean
  created_at: Date
}
export const Member = model<MemberRow>('workspace_members', {
  workspace_id: { type: DataTypes.UUID, primaryKey: true },
  account_id: { type: DataTypes.UUID, primaryKey: true },
  role: DataTypes.TEXT,
  current: DataTypes.BOOLEAN,
  created_at: DataTypes.DATE,
})
