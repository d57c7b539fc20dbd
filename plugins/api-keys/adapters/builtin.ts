import { defineAdapter } from '../../../core/index.ts'
import type { KeyRow } from '../models/api-token.ts'
import { apiKeys } from '../ports.ts'
import type { ApiKeys, KnownKey } from '../ports.ts'
import { endings } from '../services/endings.ts'
import { keyRows } from '../services/key-rows.ts'
import { keys } from '../services/keys.ts'
import { secrets } from '../services/secrets.ts'

const known = ({ id, workspace_id, type, app_id, dataset_id, grants, terms, expires_at, allowed_ips, rate_limit, name, created_by, prefix, last4, last_used_at, created_at }: KeyRow): KnownKey => ({
  id, workspaceId: workspace_id, type, appId: app_id, datasetId: dataset_id, grants, terms, expiresAt: expires_at, allowedIps: allowed_ips, rateLimit: rate_limit,
  name, createdBy: created_by, prefix, last4, lastUsedAt: last_used_at, createdAt: created_at,
})

/** Keys in our own table. */
export const builtin = defineAdapter(apiKeys, 'builtin', {
  uses: { keys, rows: keyRows, endings, secrets },
  create: ({ keys, rows, endings, secrets }): ApiKeys => ({
    create: async (request) => {
      const { row, token } = await keys.create(request)
      return { id: row.id, token }
    },
    find: async (workspaceId, id) => {
      const row = await rows.seek(workspaceId, id)
      return row && known(row)
    },
    list: async (workspaceId) => (await rows.list(workspaceId)).map(known),
    ofApp: async (workspaceId, appId) => (await rows.ofApp(workspaceId, appId)).map(known),
    isSecretOf: keys.isSecretOf,
    change: async (workspaceId, id, change) => { await keys.change(workspaceId, id, change) },
    rotate: async (workspaceId, id, overlapSeconds, given) => {
      const { token } = await keys.rotate(workspaceId, id, overlapSeconds, given)
      return { token }
    },
    remove: endings.remove,
    removeOfApp: endings.removeOfApp,
    newSecret: secrets.newToken,
    typeOf: secrets.typeOf,
    changing: keys.changing,
  }),
})
