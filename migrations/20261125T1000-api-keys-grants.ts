import type { Database } from '../core/index.ts'

export const up = async (db: Database): Promise<void> => {
  // `granted` tells a key whose last grant is gone, which reaches nothing, from one of the whole workspace, which never had any.
  await db.query(`
    ALTER TABLE api_tokens
      ADD COLUMN granted boolean NOT NULL DEFAULT false,
      ADD COLUMN terms jsonb,
      ADD COLUMN expires_at timestamptz,
      ADD COLUMN allowed_ips text[],
      ADD COLUMN previous_hash text UNIQUE,
      ADD COLUMN previous_expires_at timestamptz,
      ADD CHECK (NOT granted OR (type = 'dataset' AND dataset_id IS NULL)),
      ADD CHECK (terms IS NULL OR (dataset_id IS NULL AND NOT granted)),
      ADD CHECK ((previous_hash IS NULL) = (previous_expires_at IS NULL))`)
  // A dataset that goes takes its grants along in the same transaction (see the api-keys plugin).
  await db.query(`
    CREATE TABLE api_token_grants (
      workspace_id uuid NOT NULL,
      token_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      rights text[] NOT NULL CHECK (cardinality(rights) > 0 AND rights <@ ARRAY['retrieve', 'read', 'write', 'manage']),
      PRIMARY KEY (workspace_id, token_id, dataset_id),
      FOREIGN KEY (workspace_id, token_id) REFERENCES api_tokens (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX api_token_grants_by_dataset ON api_token_grants (workspace_id, dataset_id)')
}
