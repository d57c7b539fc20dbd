import type { AuditEntry } from '../ports.ts'
import type { AuditLogItem } from '../schemas/audit-log.ts'

export const presentEntry = ({ id, at, actor, action, resource, details, address, requestId }: AuditEntry): AuditLogItem => ({
  id, at: Math.floor(at.getTime() / 1000), actor: { ...actor }, action,
  resource: { type: resource.type, id: resource.id, name: resource.name ?? null }, details, address, request_id: requestId,
})
