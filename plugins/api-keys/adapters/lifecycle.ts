import { defineAdapter } from '../../../core/index.ts'
import { datasetLifecycle } from '../../datasets/ports.ts'
import { keys } from '../services/keys.ts'

/** A dataset takes the keys that are bound to it along: one that lost its binding would otherwise reach everything. */
export const lifecycle = defineAdapter(datasetLifecycle, 'api-keys', {
  uses: { keys },
  create: ({ keys }) => ({ deleting: ({ workspaceId, id }) => keys.removeBound(workspaceId, id) }),
})
