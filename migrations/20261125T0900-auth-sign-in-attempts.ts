import type { Database } from '../core/index.ts'

/** Tries of a pair of account and address since one of them was right. `pair` is a keyed hash, so the table tells nobody who tried. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE sign_in_attempts (
      pair text PRIMARY KEY,
      count integer NOT NULL,
      next_at timestamptz NOT NULL,
      last_at timestamptz NOT NULL
    )`)
  await db.query('CREATE INDEX sign_in_attempts_last ON sign_in_attempts (last_at)')
}
