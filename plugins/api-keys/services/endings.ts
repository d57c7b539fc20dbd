/** How keys end: by themselves, or with what they depended on. */
import { database, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { keyErrors } from '../errors.ts'
import { ApiToken, ApiTokenGrant } from '../models/api-token.ts'
import type { KeyRow } from '../models/api-token.ts'
import { hashesOf, keyRows } from './key-rows.ts'
import { lookup } from './lookup.ts'

export interface Endings {
  /** Resolves once the key is refused everywhere. Throws 404 where there is none of this id in the workspace, or bound to the dataset. */
  remove(workspaceId: string, id: string, datasetId?: string): Promise<void>
  /** Part of the transaction that deletes a dataset: what is left of a key is never more than it was. */
  removeDataset(workspaceId: string, datasetId: string): Promise<void>
  /** Resolves once the key is refused everywhere. Throws 404 where the app has none of this id. */
  removeOfApp(workspaceId: string, appId: string, id: string): Promise<void>
  /** Part of the transaction that deletes an app. */
  removeApp(workspaceId: string, appId: string): Promise<void>
  /** Part of the transaction after which an account may make no keys in the workspace: those that it made end with it. */
  removeMaker(workspaceId: string, accountId: string): Promise<void>
  /** Part of the transaction after which the workspace's keys act as another account, or as none. */
  changeOwner(workspaceId: string): Promise<void>
}

export const endings = service('apiKeys.endings', {
  uses: { db: database, audit, rows: keyRows, lookup, ApiToken, ApiTokenGrant },
  create: ({ db, audit, rows, lookup, ApiToken, ApiTokenGrant }): Endings => {
    const destroy = async (workspaceId: string, ending: readonly KeyRow[], reason?: string): Promise<void> => {
      await ApiToken.destroy({ where: { workspace_id: workspaceId, id: ending.map(({ id }) => id) } })
      for (const { id, name } of ending) {
        await audit.record({ workspaceId, action: 'api-key.deleted', resource: { type: 'api-key', id, name }, ...reason === undefined ? {} : { details: { reason } } })
      }
      db.afterCommit(() => lookup.forget(ending.flatMap(hashesOf)))
    }
    const end = async (workspaceId: string, ending: readonly KeyRow[], reason?: string): Promise<void> => {
      await lookup.suspend(ending.flatMap(hashesOf), true)
      await destroy(workspaceId, ending, reason)
    }
    return {
      remove: (workspaceId, id, datasetId) => db.transaction(async () => { await end(workspaceId, [await rows.lock(workspaceId, id, datasetId)]) }),
      removeDataset: async (workspaceId, datasetId) => {
        await rows.queue(workspaceId)
        const touched = await rows.lockNaming(workspaceId, datasetId)
        const gone = touched.filter(({ dataset_id, grants }) => dataset_id !== null || (grants ?? []).every((grant) => grant.datasetId === datasetId))
        await lookup.suspend(touched.flatMap(hashesOf), true)
        await ApiTokenGrant.destroy({ where: { workspace_id: workspaceId, dataset_id: datasetId } })
        await destroy(workspaceId, gone, 'the dataset that it reached was deleted')
      },
      removeOfApp: (workspaceId, appId, id) => db.transaction(async () => {
        const ending = await rows.lockOfApp(workspaceId, appId, id)
        if (ending.length === 0) throw keyErrors.keyMissing()
        await end(workspaceId, ending)
      }),
      removeApp: async (workspaceId, appId) => {
        await rows.queue(workspaceId)
        await end(workspaceId, await rows.lockOfApp(workspaceId, appId), 'the app that it was for was deleted')
      },
      removeMaker: async (workspaceId, accountId) => {
        await rows.queue(workspaceId)
        await end(workspaceId, await rows.lockAll(workspaceId, accountId), 'who made it may not make keys any more')
      },
      changeOwner: async (workspaceId) => {
        await rows.queue(workspaceId)
        await lookup.suspend((await rows.lockAll(workspaceId)).flatMap(hashesOf))
      },
    }
  },
})
