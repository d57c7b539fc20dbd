/** When keys were last used, and what they were last refused: kept in memory and written in batches, so that a request costs no write. */
import { database, logger, service } from '../../../core/index.ts'
import type { ResourceRef } from '../../../core/index.ts'

/** Without a resource: an address that names nothing. */
export interface Refusal { readonly permission: string; readonly resource?: ResourceRef | undefined }
export interface Usage {
  touch(keyId: string): void
  /** What the key asked for in vain. */
  refused(keyId: string, refusal: Refusal): void
  /** Writes what has gathered; a failure is logged and made good by the next. */
  flush(): Promise<void>
}

/** Rows are locked in one order, as everybody does who locks several. */
const write = (set: string, read: string): string => `
  UPDATE api_tokens t SET ${set} FROM (
    SELECT t.id, ${read} FROM jsonb_array_elements($1::jsonb) AS one JOIN api_tokens t ON t.id = (one ->> 0)::uuid ORDER BY t.id FOR NO KEY UPDATE OF t
  ) AS batch WHERE t.id = batch.id`
const USED = write('last_used_at = greatest(t.last_used_at, batch.at)', '(one ->> 1)::timestamptz AS at')
const REFUSED = `${write('last_refused_at = batch.at, last_refusal = batch.what', `(one -> 1 ->> 'at')::timestamptz AS at, one -> 1 -> 'what' AS what`)}
  AND (t.last_refused_at IS NULL OR t.last_refused_at <= batch.at)`

/** An id comes from whoever asks: not everything that JSON can carry is taken by the database. */
const plain = ({ permission, resource }: Refusal): Refusal =>
  ({ permission, ...resource && { resource: { ...resource, ...resource.id === undefined ? {} : { id: resource.id.replace(/[^\x20-\x7e]/g, '?').slice(0, 100) } } } })

export const usage = service('apiKeys.usage', {
  uses: { db: database, log: logger },
  create: ({ db, log }): Usage => {
    /** What was last of each key, until it is written. */
    const batch = (sql: string) => {
      let pending = new Map<string, unknown>()
      return {
        add: (keyId: string, what: unknown): void => { pending.set(keyId, what) },
        flush: async (): Promise<void> => {
          const writing = pending
          if (writing.size === 0) return
          pending = new Map()
          try { await db.query(sql, [JSON.stringify([...writing])]) } catch (error) {
            pending = new Map([...writing, ...pending])
            throw error
          }
        },
      }
    }
    const [uses, refusals] = [batch(USED), batch(REFUSED)]
    return {
      touch: (keyId) => { uses.add(keyId, new Date()) },
      refused: (keyId, what) => { refusals.add(keyId, { at: new Date(), what: plain(what) }) },
      flush: async () => {
        try {
          await uses.flush()
          await refusals.flush()
        } catch (error) {
          log.warn({ err: error }, 'could not write when API keys were last used and refused; trying again')
        }
      },
    }
  },
})
