import type { Database } from '../core/index.ts'

/** A key of an app goes with its app: its plugin deletes it before, so that whoever remembers it is told. */
export const up = async (db: Database): Promise<void> => {
  await db.query('ALTER TABLE api_tokens ADD CONSTRAINT api_tokens_app FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id)')
  await db.query('CREATE INDEX api_tokens_of_app ON api_tokens (workspace_id, app_id)')
}

export const down = async (db: Database): Promise<void> => {
  await db.query('DROP INDEX api_tokens_of_app')
  await db.query('ALTER TABLE api_tokens DROP CONSTRAINT api_tokens_app')
}
