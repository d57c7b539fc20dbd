import { defineAdapter } from '../../../core/index.ts'
import { memberLifecycle } from '../../auth/ports.ts'
import type { MemberLifecycle } from '../../auth/ports.ts'
import { datasetAccess } from '../services/dataset-access.ts'

/** What was shared with a member ends with the membership. */
export const sharing = defineAdapter(memberLifecycle, 'datasets', {
  uses: { access: datasetAccess },
  create: ({ access }): MemberLifecycle => ({
    lessening: async ({ workspaceId, accountId }, can) => { if (!can('dataset:list')) await access.left(workspaceId, accountId) },
    ownerChanging: async () => {},
  }),
})
