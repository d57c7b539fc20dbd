/** The request in which something happens, found from wherever it happens. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type Koa from 'koa'
import { service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import type { AuditEntry } from '../ports.ts'

export type Doer = Pick<AuditEntry, 'actor' | 'address' | 'requestId'>
export interface Requests {
  run<T>(ctx: Koa.Context, work: () => Promise<T>): Promise<T>
  /** Who does what is being done; outside of a request, the operator. */
  doer(): Doer
}

export const doerOf = ({ state }: Pick<Koa.Context, 'state'>): Doer => {
  const { actor, clientAddress, requestId } = state as { readonly actor?: Actor; readonly clientAddress?: string; readonly requestId?: string }
  return {
    // Whoever is not asked for a credential, or has not shown it yet, is nobody.
    actor: actor && actor.kind !== 'anonymous' ? { kind: actor.kind, id: actor.id } : { kind: 'anonymous', id: null },
    address: clientAddress ?? null, requestId: requestId ?? null,
  }
}

export const requests = service('audit.requests', {
  create: (): Requests => {
    const storage = new AsyncLocalStorage<Koa.Context>()
    let running = 0
    return {
      run: async (ctx, work) => {
        running += 1
        try { return await storage.run(ctx, work) } finally {
          running -= 1
          // While it is on, every await of the process costs more; the next `run` wakes it.
          if (running === 0) storage.disable()
        }
      },
      doer: () => {
        const ctx = storage.getStore()
        return ctx ? doerOf(ctx) : { actor: { kind: 'operator', id: null }, address: null, requestId: null }
      },
    }
  },
})
