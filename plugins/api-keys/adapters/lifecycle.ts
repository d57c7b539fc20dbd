import { defineAdapter } from '../../../core/index.ts'
import { appLifecycle } from '../../apps/ports.ts'
import { datasetLifecycle } from '../../datasets/ports.ts'
import { endings } from '../services/endings.ts'

/** A dataset takes its grants, and the keys that reached nothing else, along: one that lost its binding would otherwise reach everything. */
export const lifecycle = defineAdapter(datasetLifecycle, 'api-keys', {
  uses: { endings },
  create: ({ endings }) => ({ deleting: ({ workspaceId, id }) => endings.removeDataset(workspaceId, id) }),
})

/** A key of an app ends with it. */
export const ofApps = defineAdapter(appLifecycle, 'api-keys', {
  uses: { endings },
  create: ({ endings }) => ({ deleting: ({ workspaceId, id }) => endings.removeApp(workspaceId, id) }),
})
