/** From a secret to what is known of its key: by the cache, else by the database. */
import { cache, database, service } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import type { KeyRecord } from '../ports.ts'
import { records } from './records.ts'
import type { Memory } from './records.ts'
import { hasher } from './secrets.ts'

/** Milliseconds. A change of owner is felt after the first at the latest; a deleted key at once, because its record is sealed. */
const KNOWN = 60_000
const UNKNOWN = 10_000
/** Longer than any record, and any read that might still fill one, can last. */
const SEALED = 600_000

export interface Lookup {
  /** null: there is no such key. The token must be well formed. */
  find(token: string): Promise<Memory>
  /** Makes the keys of these hashes unknown for good. Call it once their rows are gone; it resolves when no process believes them any more. */
  seal(hashes: readonly string[]): Promise<void>
}

const place = (hash: string): string => `api-key:${hash}`

export const lookup = service('apiKeys.lookup', {
  uses: { cache, db: database, accounts, hasher, records },
  create: ({ cache, db, accounts, hasher, records }): Lookup => {
    const select = async (hash: string): Promise<KeyRecord | undefined> => {
      const [row] = await db.query<KeyRecord>(
        `SELECT id, workspace_id AS "workspaceId", type, dataset_id AS "datasetId" FROM api_tokens WHERE token_hash = $1`, [hash])
      return row
    }
    const remember = async (hash: string, memory: Memory, ttl: number, tags: readonly string[], generation: string): Promise<Memory> => {
      await cache.set(place(hash), records.encode(hash, memory, Date.now() + ttl), { ttl, tags, generation, ifAbsent: true })
      return memory
    }
    return {
      find: async (token) => {
        const hash = hasher.hash(token)
        const memory = records.decode(hash, await cache.get(place(hash)))
        if (memory !== undefined) return memory
        const before = await cache.generation(place(hash))
        const first = await select(hash)
        if (!first) return remember(hash, null, UNKNOWN, [], before)
        // The tag is known only now, and its mark must be older than what is remembered: so read once more after it.
        const tags = [`workspace:${first.workspaceId}`]
        const generation = await cache.generation(place(hash), tags)
        const [key, owner] = [await select(hash), await accounts.owner(first.workspaceId)]
        return key ? remember(hash, { ...key, ownerId: owner?.accountId ?? null }, KNOWN, tags, generation) : remember(hash, null, UNKNOWN, [], generation)
      },
      seal: async (hashes) => {
        await Promise.all(hashes.map((hash) => cache.seal(place(hash), records.encode(hash, null, Date.now() + SEALED), SEALED)))
      },
    }
  },
})
