/** The keys of an app, over the port that keeps all keys. */
import { database, service } from '../../../core/index.ts'
import { apiKeys } from '../../api-keys/ports.ts'
import type { KnownKey } from '../../api-keys/ports.ts'
import { appRecords } from './app-records.ts'
import type { Owner } from './app-records.ts'

export interface AppKeys {
  /** The newest first. Throws 404. */
  list(workspaceId: string, appId: string): Promise<readonly KnownKey[]>
  /** Throws 404, and 400 `max_keys_exceeded`. */
  create(owner: Owner, appId: string, name?: string): Promise<{ readonly key: KnownKey; readonly token: string }>
  /** Throws 404. */
  remove(workspaceId: string, appId: string, id: string): Promise<void>
}

export const appKeys = service('apps.keys', {
  uses: { db: database, keys: apiKeys, records: appRecords },
  create: ({ db, keys, records }): AppKeys => ({
    list: async (workspaceId, appId) => {
      await records.find(workspaceId, appId)
      return keys.ofApp(workspaceId, appId)
    },
    // The app first, as where it is deleted: otherwise this and that might each wait for the other.
    create: ({ workspaceId, accountId }, appId, name) => db.transaction(async () => {
      await records.lock(workspaceId, appId)
      const { id, token } = await keys.create({ type: 'app', workspaceId, appId, datasetId: null, createdBy: accountId, ...name === undefined ? {} : { name } })
      const key = await keys.find(workspaceId, id)
      if (!key) throw new Error('a key that was just made is not there')
      return { key, token }
    }),
    remove: async (workspaceId, appId, id) => {
      await records.find(workspaceId, appId)
      await keys.removeOfApp(workspaceId, appId, id)
    },
  }),
})
