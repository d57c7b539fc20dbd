/** Who did what. */
import { definePort } from '../../core/index.ts'
import type { Json } from '../../core/index.ts'

export interface AuditEvent {
  readonly workspaceId: string
  /** `<what>.<what became of it>`: `api-key.rotated`, `member.removed`. */
  readonly action: string
  readonly resource: { readonly type: string; readonly id: string; readonly name?: string | null }
  /** Whatever else helps a reader. Never a secret, and nothing by which one could be guessed. */
  readonly details?: { readonly [name: string]: Json }
}
export interface Audit {
  /**
   * Writes it down as done by whoever makes the request in which this is called; outside of one, by the operator of the server. Inside a
   * transaction it is part of it: what is rolled back was not done. Throws where it cannot be written; let it, so that nothing is done unseen.
   */
  record(event: AuditEvent): Promise<void>
}
export const audit = definePort<Audit>('audit')
