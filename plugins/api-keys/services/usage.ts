/** When keys were last used, and what they were last refused: kept in memory and written in batches, so that a request costs no write. */
import { database, logger, service } from '../../../core/index.ts'
import type { ResourceRef } from '../../../core/index.ts'

/** What the key asked for in vain. Without a resource: an address that names nothing. */
export interface Refusal { readonly permission: string; readonly resource?: ResourceRef | undefined }
export interface Usage {
  touch(keyId: string): void
  refused(keyId: string, refusal: Refusal): void
  /** Writes what has gathered; a failure is logged and made good by the next. */
  flush(): Promise<void>
}

const TOUCH = `
  UPDATE api_tokens t SET last_used_at = greatest(t.last_used_at, used.at)
  FROM (SELECT (value ->> 0)::uuid AS id, (value ->> 1)::timestamptz AS at FROM jsonb_array_elements($1::jsonb)) AS used WHERE t.id = used.id`
const REFUSE = `
  UPDATE api_tokens t SET last_refused_at = refused.at, last_refusal = refused.what
  FROM (SELECT (value ->> 0)::uuid AS id, (value -> 1 ->> 'at')::timestamptz AS at, value -> 1 -> 'what' AS what FROM jsonb_array_elements($1::jsonb)) AS refused
  WHERE t.id = refused.id AND (t.last_refused_at IS NULL OR t.last_refused_at <= refused.at)`

export const usage = service('apiKeys.usage', {
  uses: { db: database, log: logger },
  create: ({ db, log }): Usage => {
    /** The last of each key, until it is written. */
    const batches = <T>(sql: string) => {
      let pending = new Map<string, T>()
      return {
        add: (keyId: string, what: T): void => { pending.set(keyId, what) },
        flush: async (): Promise<void> => {
          const batch = pending
          if (batch.size === 0) return
          pending = new Map()
          try { await db.query(sql, [JSON.stringify([...batch])]) } catch (error) {
            pending = new Map([...batch, ...pending])
            throw error
          }
        },
      }
    }
    const uses = batches<Date>(TOUCH)
    const refusals = batches<{ readonly at: Date; readonly what: Refusal }>(REFUSE)
    return {
      touch: (keyId) => { uses.add(keyId, new Date()) },
      refused: (keyId, what) => { refusals.add(keyId, { at: new Date(), what }) },
      flush: async () => {
        try {
          await uses.flush()
          await refusals.flush()
        } catch (error) {
          log.warn({ err: error }, 'could not write when API keys were last used; trying again')
        }
      },
    }
  },
})
