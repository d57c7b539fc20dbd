/** The log as rows. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import type { AuditLogRow } from '../models/audit-log.ts'
import type { Audit, AuditEvent } from '../ports.ts'
import type { Doer } from './requests.ts'

/** What happened, and how many milliseconds ago. */
export interface Happened extends AuditEvent, Doer { readonly id: string; readonly ago: number }
export interface Entries extends Pick<Audit, 'list'> {
  /** All of them or none. One that is there already stays as it is. */
  write(happened: readonly Happened[]): Promise<void>
  /** Removes at most `limit` of those that are older; resolves to how many these were. */
  forget(days: number, limit: number): Promise<number>
}

let last = 0n
/** Of one process, later ones sort behind earlier ones: two may have one time. Version 7 of RFC 9562, whose 12 bits behind the milliseconds count. */
const nextId = (): string => {
  const now = BigInt(Date.now()) << 12n
  last = now > last ? now : last + 1n
  const hex = last.toString(16).padStart(15, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(12)}-${randomUUID().slice(19)}`
}
export const happened = (event: AuditEvent, doer: Doer): Happened => ({ ...event, ...doer, id: nextId(), ago: 0 })

/** What PostgreSQL keeps in no text: NUL, and halves of surrogate pairs. */
const storable = (_key: string, value: unknown): unknown => typeof value === 'string' ? value.replace(/[\0\p{Cs}]/gu, '\ufffd') : value

// Every time is by the clock of the database, and apart from others of its transaction: the order is that in which things happened.
const WRITE = `
  INSERT INTO audit_logs (id, workspace_id, at, actor_kind, actor_id, action, resource_type, resource_id, resource_name, details, address, request_id)
  SELECT id, workspace_id, clock_timestamp() - ago * interval '1 millisecond', actor_kind, actor_id, action, resource_type, resource_id, resource_name, details, address, request_id
  FROM jsonb_to_recordset($1::jsonb) AS happened (id uuid, workspace_id uuid, ago float8, actor_kind text, actor_id text, action text,
    resource_type text, resource_id text, resource_name text, details jsonb, address text, request_id text)
  ON CONFLICT (id) DO NOTHING`

const WHERE = `workspace_id = $1 AND ($2::text IS NULL OR action = $2) AND ($3::text IS NULL OR actor_id = $3) AND ($4::text IS NULL OR resource_id = $4)
  AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)`

export const entries = service('audit.entries', {
  uses: { db: database },
  create: ({ db }): Entries => ({
    write: async (all) => {
      const rows = all.map(({ id, ago, workspaceId, action, actor, resource, details = {}, address, requestId }) => ({
        id, ago, workspace_id: workspaceId, action, actor_kind: actor.kind, actor_id: actor.id, details, address, request_id: requestId,
        resource_type: resource.type, resource_id: resource.id, resource_name: resource.name ?? null,
      }))
      await db.query(WRITE, [JSON.stringify(rows, storable)])
    },
    list: async (workspaceId, { action, actorId, resourceId, after, before }, { limit, offset }) => {
      const values = [workspaceId, action ?? null, actorId ?? null, resourceId ?? null, after ?? null, before ?? null]
      const [counted] = await db.query<{ total: number }>(`SELECT count(*)::int AS total FROM audit_logs WHERE ${WHERE}`, values)
      const rows = await db.query<AuditLogRow>(`SELECT * FROM audit_logs WHERE ${WHERE} ORDER BY at DESC, id DESC LIMIT $7 OFFSET $8`, [...values, limit, offset])
      return {
        total: counted?.total ?? 0,
        entries: rows.map((row) => ({
          id: row.id, workspaceId: row.workspace_id, at: row.at, action: row.action, details: row.details, address: row.address, requestId: row.request_id,
          actor: { kind: row.actor_kind, id: row.actor_id }, resource: { type: row.resource_type, id: row.resource_id, name: row.resource_name },
        })),
      }
    },
    forget: async (days, limit) => (await db.query(
      `DELETE FROM audit_logs WHERE id IN (SELECT id FROM audit_logs WHERE at < now() - $1 * interval '1 day' ORDER BY at LIMIT $2) RETURNING 1`, [days, limit])).length,
  }),
})
