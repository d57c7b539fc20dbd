import { database, logger, service } from '../../../core/index.ts'
import { secrets } from './secrets.ts'

export interface Peppers {
  /** Says in the log how many keys were made under peppers that this server does not have, so that nobody looks for them elsewhere. */
  check(): Promise<void>
}

export const peppers = service('apiKeys.peppers', {
  uses: { db: database, log: logger, secrets },
  create: ({ db, log, secrets }): Peppers => ({
    check: async () => {
      const [row] = await db.query<{ keys: number; ids: string[] }>(
        `SELECT coalesce(sum(n), 0)::int AS keys, coalesce(array_agg(pepper_id ORDER BY pepper_id), '{}') AS ids
         FROM (SELECT pepper_id, count(*) AS n FROM api_tokens WHERE pepper_id <> ALL ($1::text[]) GROUP BY pepper_id) AS unknown`, [secrets.pepperIds])
      if (!row || row.keys === 0) return
      log.warn({ keys: row.keys, pepperIds: row.ids },
        `${row.keys} API keys were made under a pepper that this server does not have, and are refused. Add it to KEY_PEPPERS_BEFORE (server.keyPeppersBefore); `
        + 'the word "derived" there stands for the one from SECRET_KEY, under which keys are made while there is no KEY_PEPPER; or make the keys anew.')
    },
  }),
})
