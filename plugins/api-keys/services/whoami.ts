/** What a key may know of itself. */
import { service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import type { Right, Scope } from '../ports.ts'
import { RIGHTS } from '../rights.ts'
import type { Whoami } from '../schemas/whoami.ts'
import { keyRows } from './key-rows.ts'
import { strategy } from './strategy.ts'

export interface WhoamiService { describe(actor: Actor): Promise<Whoami> }

/** Who holds this on a dataset has the right, under whatever strategy. */
const sign: Readonly<Record<Right, string>> = { retrieve: 'dataset:retrieve', read: 'dataset:read', write: 'document:create', manage: 'dataset:delete' }

export const reachOf = ({ reach }: Pick<Scope, 'reach'>): Whoami['reach']['datasets'] => {
  const found = new Map<string, Right[]>()
  for (const right of RIGHTS) {
    const ids = reach(sign[right], 'dataset')
    if (ids === 'all') return 'all'
    for (const id of ids) found.set(id, [...found.get(id) ?? [], right])
  }
  return [...found].map(([id, rights]) => ({ id, rights }))
}

export const whoami = service('apiKeys.whoami', {
  uses: { accounts, rows: keyRows, strategy },
  create: ({ accounts, rows, strategy }): WhoamiService => ({
    describe: async (actor) => {
      const { id, name, type, last4, expires_at: end, rate_limit } = await rows.find(actor.workspaceId, actor.id)
      const owner = await accounts.owner(actor.workspaceId)
      return {
        key: { id, name, type, last4, expires_at: end && Math.floor(end.getTime() / 1000) },
        workspace: { id: actor.workspaceId, name: owner?.workspaceName ?? '' },
        strategy: strategy.name,
        reach: { datasets: reachOf(actor) },
        rate_limit,
      }
    },
  }),
})
