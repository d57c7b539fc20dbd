import type { KnownKey } from '../../api-keys/ports.ts'
import type { AppKeyItem } from '../schemas/app-key.ts'

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000)
/** The secret is shown when the key is made; later only enough of it to tell keys apart. */
export const presentAppKey = (key: KnownKey, token = `${key.prefix}...${key.last4}`): AppKeyItem =>
  ({ id: key.id, type: 'app', name: key.name, token, last_used_at: key.lastUsedAt && seconds(key.lastUsedAt), created_at: seconds(key.createdAt) })
