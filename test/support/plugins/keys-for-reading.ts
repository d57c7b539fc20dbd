/** A scoping strategy as somebody else would write it: keys that read their workspace's datasets, and write nothing. */
import { defineAdapter, defineErrors, definePlugin } from '../../../core/index.ts'
import { keyScope } from '../../../plugins/api-keys/ports.ts'

const errors = defineErrors({ noBinding: [400, 'invalid_param', 'Keys of this server read the whole workspace. Make one without a dataset.'] })
const READING = /:(read|list|retrieve)$/

const reading = defineAdapter(keyScope, 'reading', {
  create: () => ({
    check: ({ datasetId }) => { if (datasetId !== null) throw errors.noBinding() },
    scope: ({ datasetId, workspaceId }) => {
      const reach = (permission: string, type: string): 'all' | readonly string[] => {
        if (!READING.test(permission)) return []
        if (type === 'dataset') return datasetId === null ? 'all' : [datasetId]
        return type === 'workspace' && datasetId === null ? [workspaceId] : []
      }
      return {
        reach,
        can: (permission, resource) => {
          const reached = reach(permission, resource?.type ?? 'workspace')
          return reached === 'all' || (resource?.id === undefined ? datasetId === null && reached.length > 0 : reached.includes(resource.id.toLowerCase()))
        },
      }
    },
  }),
})
export default definePlugin({ name: 'keys-for-reading', kernel: '^1', adapters: [reading] })
