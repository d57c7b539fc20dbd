import { defineAdapter } from '../../../core/index.ts'
import { datasetLifecycle } from '../../datasets/ports.ts'
import { keys } from '../services/keys.ts'

/** A dataset takes its grants, and the keys that reached nothing else, along: one that lost its binding would otherwise reach everything. */
export const lifecycle = defineAdapter(datasetLifecycle, 'api-keys', {
  uses: { keys },
  create: ({ keys }) => ({ deleting: ({ workspaceId, id }) => keys.removeDataset(workspaceId, id) }),
})
