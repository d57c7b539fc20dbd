/** What happens once at start and once at the end. */
import { service, StartupError } from '../../../core/index.ts'
import type { KeyRow } from '../models/api-token.ts'
import { flushing } from './flushing.ts'
import { keyRows } from './key-rows.ts'
import { peppers } from './peppers.ts'
import { strategy } from './strategy.ts'

const SHOWN = 20

const describe = ({ id, name, prefix, last4, workspace_id, dataset_id, grants }: KeyRow): string => {
  const what = dataset_id !== null ? `bound to the dataset ${dataset_id}` : grants !== null ? `granted ${grants.length} datasets` : 'with terms of its own'
  return `${id} ${name === null ? '' : `"${name}" `}(${prefix}...${last4}, ${what}, workspace ${workspace_id})`
}

export const running = service('apiKeys.running', {
  uses: { rows: keyRows, strategy, peppers, flushing },
  create: ({ rows, strategy, peppers, flushing }) => {
    /** A strategy that cannot express a key might let it do more than it was made for. */
    const refuseWidening = async (): Promise<void> => {
      const inexpressible = (await rows.bound()).filter(({ type, workspace_id, dataset_id, grants, terms }) => {
        try { strategy.check({ type, workspaceId: workspace_id, datasetId: dataset_id, grants, terms }) } catch { return true }
        return false
      })
      if (inexpressible.length === 0) return
      const more = inexpressible.length - SHOWN
      throw new StartupError([{
        path: `adapters.keyScope.${strategy.name}`,
        message: [
          `cannot express ${inexpressible.length} keys that were made under another strategy and reach less than their workspace:`,
          ...inexpressible.slice(0, SHOWN).map(describe), ...more > 0 ? [`and ${more} more`] : [],
        ].join('\n    '),
        fix: 'Choose the strategy under which they were made, delete them there, and come back; or keep that strategy.',
      }], { exitCode: 1 })
    }
    return {
      start: async (): Promise<void> => {
        await refuseWidening()
        await peppers.check()
        flushing.start()
      },
      stop: (): Promise<void> => flushing.stop(),
    }
  },
})
