/** From a secret to what is known of its key: by the cache, else by the database. */
import { cache, database, logger, service } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import type { KeyRecord } from '../ports.ts'
import { GRANTS } from '../models/api-token.ts'
import { records } from './records.ts'
import type { KnownKey, Memory } from './records.ts'
import { hasher } from './secrets.ts'
import { strategy } from './strategy.ts'

/** Milliseconds. A change of owner is felt after the first at the latest; a deleted or changed key at once, because its record is sealed. */
const KNOWN = 60_000
const UNKNOWN = 10_000
/**
 * A change must be committed, and what was read before it must have ended, while its seal stands. So a transaction may take what is
 * left of this after `KNOWN`: nine minutes where a dataset with all its rows goes, one where a key changes.
 */
const DELETING = 600_000
const CHANGING = 120_000

export interface Lookup {
  /** null: there is no such key. The token must be well formed. */
  find(token: string): Promise<Memory>
  /**
   * Makes every process ask the database about the keys of these hashes, and remember nothing of them for a while. Call it inside the
   * transaction that changes them, once their rows are locked: it throws where the cache cannot be told, and then nothing changes;
   * if something else throws, nothing has changed either; and once the transaction has committed, nobody believes what was before.
   */
  suspend(hashes: readonly string[], forDeletion?: boolean): Promise<void>
  /** After the transaction that deleted them: spares the database further questions about them. Never throws. */
  forget(hashes: readonly string[]): Promise<void>
}

const place = (hash: string): string => `api-key:${hash}`
/** No record, so it reads as a miss. */
const ASK = { ask: 'the database' }

export const lookup = service('apiKeys.lookup', {
  uses: { cache, db: database, accounts, hasher, records, strategy, log: logger },
  create: ({ cache, db, accounts, hasher, records, strategy, log }): Lookup => {
    type Found = KeyRecord & Pick<KnownKey, 'expiresAt' | 'allowedIps'>
    const select = async (hash: string): Promise<Found | undefined> => {
      const [row] = await db.query<Found>(
        `SELECT t.id, t.workspace_id AS "workspaceId", t.type, t.dataset_id AS "datasetId", ${GRANTS} AS grants, t.terms, t.allowed_ips AS "allowedIps",
           floor(extract(epoch FROM least(t.expires_at, CASE WHEN t.previous_hash = $1 THEN t.previous_expires_at END)) * 1000)::float8 AS "expiresAt"
         FROM api_tokens t WHERE (t.token_hash = $1 OR t.previous_hash = $1 AND t.previous_expires_at > now()) AND (t.expires_at IS NULL OR t.expires_at > now())`, [hash])
      return row
    }
    return {
      find: async (token) => {
        const hash = hasher.hash(token)
        const memory = records.decode(hash, await cache.get(place(hash)))
        // What another strategy knew of the key says nothing to this one.
        const usable = memory && (memory.strategy === strategy.name || memory.strategy === null && !strategy.loads)
        if (memory === null || usable) return memory
        // A record ends by when its reading began, not by when it was written: however late, it does not outlast a seal.
        const began = Date.now()
        const remember = async (found: Memory, ttl: number, tags: readonly string[], generation: string): Promise<Memory> => {
          await cache.set(place(hash), records.encode(hash, found, began + ttl), { ttl, tags, generation, ifAbsent: true })
          return found
        }
        const before = await cache.generation(place(hash))
        const first = await select(hash)
        if (!first) return remember(null, UNKNOWN, [], before)
        // The tag is known only now, and its mark must be older than what is remembered: so read once more after it.
        const tags = [`workspace:${first.workspaceId}`]
        const generation = await cache.generation(place(hash), tags)
        const [key, owner] = [await select(hash), await accounts.owner(first.workspaceId)]
        if (!key) return remember(null, UNKNOWN, [], generation)
        return remember({ ...key, ownerId: owner?.accountId ?? null, strategy: strategy.name, known: await strategy.load(key) }, KNOWN, tags, generation)
      },
      suspend: async (hashes, forDeletion = false) => {
        await Promise.all(hashes.map((hash) => cache.seal(place(hash), ASK, forDeletion ? DELETING : CHANGING)))
      },
      forget: async (hashes) => {
        try {
          await Promise.all(hashes.map((hash) => cache.seal(place(hash), records.encode(hash, null, Date.now() + DELETING), DELETING)))
        } catch (error) {
          log.debug({ err: error }, 'could not tell the cache that a key is gone; the database will say so')
        }
      },
    }
  },
})
