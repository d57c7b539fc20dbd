import type { Database } from '../core/index.ts'

/** The processes that work on this database. `only_one` lists those of their adapters that serve one process and no more. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE processes (
      id uuid PRIMARY KEY,
      host text NOT NULL,
      pid integer NOT NULL,
      only_one jsonb NOT NULL,
      started_at timestamptz NOT NULL DEFAULT now(),
      seen_at timestamptz NOT NULL DEFAULT now()
    )`)
}
