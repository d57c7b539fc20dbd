import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'
import type { AuditEntry } from '../ports.ts'

export interface AuditLogRow {
  id: string
  workspace_id: string
  at: Date
  actor_kind: AuditEntry['actor']['kind']
  actor_id: string | null
  action: string
  resource_type: string
  resource_id: string
  resource_name: string | null
  details: { readonly [name: string]: Json }
  address: string | null
  request_id: string | null
}
export const AuditLog = model<AuditLogRow>('audit_logs', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  at: DataTypes.DATE,
  actor_kind: DataTypes.TEXT,
  actor_id: DataTypes.TEXT,
  action: DataTypes.TEXT,
  resource_type: DataTypes.TEXT,
  resource_id: DataTypes.TEXT,
  resource_name: DataTypes.TEXT,
  details: DataTypes.JSONB,
  address: DataTypes.TEXT,
  request_id: DataTypes.TEXT,
})
