/** From a secret to what is known of its key: by the cache, else by the database. */
import { cache, database, logger, service } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import type { KeyRecord } from '../ports.ts'
import { GRANTS } from '../models/api-token.ts'
import { flights } from './flights.ts'
import { records } from './records.ts'
import type { Memory, RecognisedKey } from './records.ts'
import { secrets } from './secrets.ts'
import { strategy } from './strategy.ts'

/**
 * Milliseconds for which a key is remembered, and that there is none. Whatever takes something from a key, be it another owner of its
 * workspace, seals its record and is felt at once.
 */
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
  /** After the transaction that deleted them: spares the database further questions about those that no key has. Never throws. */
  forget(hashes: readonly string[]): Promise<void>
}

const place = (hash: string): string => `api-key:${hash}`
/** No record, so it reads as a miss. */
const ASK = { ask: 'the database' }

/** The secret of a row, by its hash. */
const IS = `(t.token_hash = $1 OR t.previous_hash = $1 AND t.previous_expires_at > now()) AND (t.expires_at IS NULL OR t.expires_at > now())`
const END = 'least(t.expires_at, CASE WHEN t.previous_hash = $1 THEN t.previous_expires_at END)'

export const lookup = service('apiKeys.lookup', {
  uses: { cache, db: database, accounts, secrets, records, strategy, log: logger },
  create: ({ cache, db, accounts, secrets, records, strategy, log }): Lookup => {
    type Found = KeyRecord & Pick<RecognisedKey, 'expiresAt' | 'allowedIps' | 'rateLimit'>
    /** @property left milliseconds until it expires, by the clock of the database; null: never */
    interface Row { readonly found: Found; readonly left: number | null }
    const reading = flights<Memory>()

    /** Whoever changes a key holds its row until the end, and a share of it cannot be had meanwhile. */
    const isAtRest = async (hash: string): Promise<boolean> =>
      (await db.query(`SELECT FROM api_tokens t WHERE ${IS} FOR KEY SHARE OF t SKIP LOCKED`, [hash], { prepared: true })).length > 0
    const select = async (hash: string): Promise<Row | undefined> => {
      const [row] = await db.query<Found & { left: number | null }>(
        `SELECT t.id, t.workspace_id AS "workspaceId", t.type, t.app_id AS "appId", t.dataset_id AS "datasetId", ${GRANTS} AS grants, t.terms, t.allowed_ips AS "allowedIps",
           t.rate_limit AS "rateLimit",
           floor(extract(epoch FROM ${END}) * 1000)::float8 AS "expiresAt", floor(extract(epoch FROM ${END} - clock_timestamp()) * 1000)::float8 AS left
         FROM api_tokens t WHERE ${IS}`, [hash], { prepared: true })
      if (!row) return undefined
      const { left, ...found } = row
      return { found, left }
    }
    /** Undefined: the cache does not say. */
    const recall = async (hash: string): Promise<Memory | undefined> => {
      const memory = records.decode(hash, await cache.get(place(hash)))
      // What another strategy knew of the key says nothing to this one.
      return memory && memory.strategy !== strategy.name && (memory.strategy !== null || strategy.loads) ? undefined : memory
    }
    const read = async (hash: string): Promise<Memory> => {
      // A record ends by when its reading began, not by when it was written: however late, it does not outlast a seal.
      const began = Date.now()
      const generation = await cache.generation(place(hash))
      const remember = async (found: Memory, ttl: number): Promise<void> => {
        await cache.set(place(hash), records.encode(hash, found, began + ttl), { ttl, generation, ifAbsent: true })
      }
      // In this order. A cache that was emptied, or turned back, has lost the seal of a change that is not committed yet: its row tells.
      const atRest = await isAtRest(hash)
      const asked = performance.now()
      const row = await select(hash)
      if (!row) {
        await remember(null, UNKNOWN)
        return null
      }
      const { found, left } = row
      const [owner, known] = [await accounts.owner(found.workspaceId), await strategy.load(found)]
      const key = { ...found, ownerId: owner?.accountId ?? null, strategy: strategy.name, known }
      // No longer than the database lets it live: a process whose own clock is late would believe it for longer.
      const ttl = left === null ? KNOWN : Math.min(KNOWN, Math.floor(left - (performance.now() - asked)))
      if (atRest && ttl > 0) await remember(key, ttl)
      return key
    }
    return {
      find: async (token) => {
        const unheard: string[] = []
        // What is remembered of a hash says nothing of those under other peppers.
        for (const hash of secrets.hashes(token)) {
          const memory = await recall(hash)
          if (memory) return memory
          if (memory === undefined) unheard.push(hash)
        }
        for (const hash of unheard) {
          const memory = await reading.ask(hash, async (waited) => {
            const meanwhile = waited ? await recall(hash) : undefined
            return meanwhile === undefined ? read(hash) : meanwhile
          })
          if (memory) return memory
        }
        return null
      },
      suspend: async (hashes, forDeletion = false) => {
        await Promise.all(hashes.map((hash) => cache.seal(place(hash), ASK, forDeletion ? DELETING : CHANGING)))
      },
      forget: async (hashes) => {
        try {
          await Promise.all(hashes.map((hash) => cache.seal(place(hash), records.encode(hash, null, Date.now() + DELETING), DELETING)))
          // The secret may have been given to another key, in the same transaction even.
          const again = await db.query<{ hash: string }>('SELECT token_hash AS hash FROM api_tokens WHERE token_hash = ANY ($1)', [hashes])
          await Promise.all(again.map(({ hash }) => cache.seal(place(hash), ASK, DELETING)))
        } catch (error) {
          log.debug({ err: error }, 'could not tell the cache that a key is gone; the database will say so')
        }
      },
    }
  },
})
