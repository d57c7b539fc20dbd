import type { Database } from '../core/index.ts'

export const up = async (db: Database): Promise<void> => {
  // A dataset that goes takes its keys along in the same transaction (see the api-keys plugin): a bound key must never lose its binding.
  await db.query(`
    CREATE TABLE api_tokens (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
      type text NOT NULL CHECK (type IN ('app', 'dataset')),
      app_id uuid,
      dataset_id uuid,
      name text,
      prefix text NOT NULL,
      last4 text NOT NULL,
      token_hash text NOT NULL UNIQUE,
      pepper_id text NOT NULL,
      created_by uuid NOT NULL,
      last_used_at timestamptz,
      created_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id),
      CHECK (dataset_id IS NULL OR type = 'dataset'),
      CHECK (app_id IS NULL OR type = 'app')
    )`)
  await db.query('CREATE INDEX api_tokens_by_reach ON api_tokens (workspace_id, type, dataset_id)')
}
