/** When keys were last used: kept in memory and written in batches, so that a request costs no write. */
import { database, logger, service } from '../../../core/index.ts'

export interface Usage {
  touch(keyId: string): void
  /** Writes what has gathered; a failure is logged and made good by the next. */
  flush(): Promise<void>
}

export const usage = service('apiKeys.usage', {
  uses: { db: database, log: logger },
  create: ({ db, log }): Usage => {
    let pending = new Map<string, Date>()
    return {
      touch: (keyId) => { pending.set(keyId, new Date()) },
      flush: async () => {
        const batch = pending
        if (batch.size === 0) return
        pending = new Map()
        try {
          await db.query(
            `UPDATE api_tokens t SET last_used_at = greatest(t.last_used_at, used.at)
             FROM (SELECT (value ->> 0)::uuid AS id, (value ->> 1)::timestamptz AS at FROM jsonb_array_elements($1::jsonb)) AS used WHERE t.id = used.id`,
            [JSON.stringify([...batch])])
        } catch (error) {
          pending = new Map([...batch, ...pending])
          log.warn({ err: error }, 'could not write when API keys were last used; trying again')
        }
      },
    }
  },
})
