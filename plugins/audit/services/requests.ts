/** The request in which something happens, found from wherever it happens. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type Koa from 'koa'
import { service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import type { AuditEntry } from '../ports.ts'

export type Doer = Pick<AuditEntry, 'actor' | 'address' | 'requestId'>
export interface Requests {
  run<T>(ctx: Koa.Context, work: () => T): T
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
    return {
      run: (ctx, work) => storage.run(ctx, work),
      doer: () => {
        const ctx = storage.getStore()
        return ctx ? doerOf(ctx) : { actor: { kind: 'operator', id: null }, address: null, requestId: null }
      },
    }
  },
})
