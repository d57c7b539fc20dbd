/** Who did what. */
import { definePort } from '../../core/index.ts'
import type { Actor, Json } from '../../core/index.ts'

export interface AuditEvent {
  readonly workspaceId: string
  /** `<what>.<what became of it>`: `api-key.rotated`, `member.removed`. */
  readonly action: string
  readonly resource: { readonly type: string; readonly id: string; readonly name?: string | null }
  /** Whatever else helps a reader. Never a secret, and nothing by which one could be guessed. */
  readonly details?: { readonly [name: string]: Json }
}
export interface AuditFilter {
  readonly action?: string
  readonly actorId?: string
  readonly resourceId?: string
  /** From this moment on. */
  readonly after?: Date
  /** Until just before this moment. */
  readonly before?: Date
}
export interface AuditEntry extends Required<AuditEvent> {
  readonly id: string
  readonly at: Date
  /** The operator and whoever is anonymous have no id. */
  readonly actor: { readonly kind: Actor['kind'] | 'operator'; readonly id: string | null }
  readonly address: string | null
  readonly requestId: string | null
}
export interface Audit {
  /**
   * Writes it down as done by whoever makes the request in which this is called; outside of one, by the operator of the server. Inside a
   * transaction it is part of it: what is rolled back was not done. Throws where it cannot be written; let it, so that nothing is done unseen.
   */
  record(event: AuditEvent): Promise<void>
  /** What was done in a workspace, the newest first, and how much there is in all. */
  list(workspaceId: string, filter: AuditFilter, window: { readonly limit: number; readonly offset: number }): Promise<{
    readonly entries: readonly AuditEntry[]; readonly total: number }>
}
export const audit = definePort<Audit>('audit')
