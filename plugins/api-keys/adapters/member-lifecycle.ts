import { defineAdapter } from '../../../core/index.ts'
import { memberLifecycle } from '../../auth/ports.ts'
import type { MemberLifecycle } from '../../auth/ports.ts'
import { endings } from '../services/endings.ts'

/** A key does not outlive its maker, and acts as the present owner from the moment there is another. */
export const makers = defineAdapter(memberLifecycle, 'api-keys', {
  uses: { endings },
  create: ({ endings }): MemberLifecycle => ({
    lessening: async ({ workspaceId, accountId }, can) => { if (!can('api-key:create')) await endings.removeMaker(workspaceId, accountId) },
    ownerChanging: endings.changeOwner,
  }),
})
