/** Who reaches a dataset: the members that it is shared with, who decides that, and whether keys do. */
import { database, service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { DatasetGrant } from '../models/dataset.ts'
import type { DatasetPermission, DatasetRow } from '../models/dataset.ts'
import type { DatasetChange } from '../schemas/dataset.ts'
import type { Owner } from './dataset-records.ts'

type Sharing = Pick<DatasetChange, 'permission' | 'partial_member_list'>
export interface DatasetAccess {
  /** By dataset, the accounts that it is shared with one by one, in a stable order. */
  members(workspaceId: string, datasetIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>
  /**
   * Whether the actor may share a dataset like this; without one, a new dataset. To send what holds already changes nothing, and everybody
   * may. Throws 403, and 400 where somebody is named who is no member of the workspace.
   */
  check(actor: Actor, sharing: Sharing, dataset?: DatasetRow): Promise<void>
  /** Lets API keys reach a dataset, or shuts them out. Throws 404. */
  openToKeys(owner: Owner, datasetId: string, open: boolean): Promise<void>
  /** Whoever left a workspace finds nothing shared with them should they come back. */
  left(workspaceId: string, accountId: string): Promise<void>
}

export const datasetAccess = service('datasets.access', {
  uses: { db: database, accounts, DatasetGrant },
  create: ({ db, accounts, DatasetGrant }): DatasetAccess => {
    const members: DatasetAccess['members'] = async (workspaceId, datasetIds) => {
      const grants = await DatasetGrant.findAll({ where: { workspace_id: workspaceId, dataset_id: [...datasetIds] }, order: ['account_id'] })
      const found = new Map<string, string[]>()
      for (const { dataset_id, account_id } of grants) found.set(dataset_id, [...found.get(dataset_id) ?? [], account_id])
      return found
    }
    return {
      members,
      check: async (actor, { permission, partial_member_list: list }, dataset) => {
        const before: DatasetPermission = dataset?.permission ?? 'only_me'
        const named = permission === 'partial_members' && list ? [...new Set(list.map(({ user_id }) => user_id))] : undefined
        if (!permission || permission === before && !named) return
        const known = dataset ? (await members(dataset.workspace_id, [dataset.id])).get(dataset.id) ?? [] : []
        const changes = permission !== before || named?.length !== known.length || named.some((id) => !known.includes(id))
        if (changes && !actor.can('dataset:share')) throw datasetErrors.mayNotShare()
        const joined = new Set([...known, ...named ? (await accounts.members(actor.workspaceId)).map(({ accountId }) => accountId) : []])
        const stranger = named?.find((id) => !joined.has(id))
        if (stranger) throw invalid('partial_member_list', `${stranger} is no member of this workspace. Leave them out, or wait until they have joined.`)
      },
      openToKeys: async ({ workspaceId, accountId }, datasetId, open) => {
        const [changed] = await db.query(
          'UPDATE datasets SET enable_api = $3, updated_by = $4, updated_at = now() WHERE workspace_id = $1 AND id = $2 RETURNING id', [workspaceId, datasetId, open, accountId])
        if (!changed) throw datasetErrors.datasetNotFound()
      },
      left: async (workspaceId, accountId) => {
        if ((await accounts.members(workspaceId)).some((member) => member.accountId === accountId)) return
        await DatasetGrant.destroy({ where: { workspace_id: workspaceId, account_id: accountId } })
      },
    }
  },
})
