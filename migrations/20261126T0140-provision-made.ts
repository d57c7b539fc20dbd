import type { Database } from '../core/index.ts'

/** What was made from the configuration, by the name that it has there: nothing else is ever taken away again. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE provisioned (
      kind text NOT NULL CHECK (kind IN ('account', 'workspace', 'member', 'dataset', 'tag', 'key')),
      workspace_id uuid,
      name text NOT NULL,
      id uuid NOT NULL,
      secret_mark text,
      made_at timestamptz NOT NULL
    )`)
  await db.query(`CREATE UNIQUE INDEX provisioned_name ON provisioned (kind, coalesce(workspace_id, '00000000-0000-0000-0000-000000000000'), name)`)
}
