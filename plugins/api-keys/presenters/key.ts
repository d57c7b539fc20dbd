import type { KeyRow } from '../models/api-token.ts'
import type { Key } from '../schemas/key.ts'

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000)
/** The secret is shown when the key is made or rotated; later only enough of it to tell keys apart. */
export const presentKey = (row: KeyRow, token = `${row.prefix}...${row.last4}`): Key => ({
  id: row.id,
  type: row.type,
  name: row.name,
  token,
  dataset_id: row.dataset_id,
  dataset_ids: row.grants?.map(({ datasetId }) => datasetId) ?? (row.dataset_id === null ? null : [row.dataset_id]),
  grants: row.grants?.map(({ datasetId, rights }) => ({ dataset_id: datasetId, rights: [...rights] })) ?? null,
  expires_at: row.expires_at && seconds(row.expires_at),
  allowed_ips: row.allowed_ips,
  rate_limit: row.rate_limit,
  last_used_at: row.last_used_at && seconds(row.last_used_at),
  created_at: seconds(row.created_at),
})
