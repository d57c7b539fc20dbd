import type { Database } from '../core/index.ts'

export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE invitations (
      workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
      account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      role text NOT NULL CHECK (role IN ('admin', 'editor', 'normal', 'dataset_operator')),
      token_hash text NOT NULL UNIQUE,
      invited_by uuid NOT NULL,
      expires_at timestamptz NOT NULL,
      created_at timestamptz NOT NULL,
      PRIMARY KEY (workspace_id, account_id)
    )`)
  await db.query('CREATE INDEX invitations_account ON invitations (account_id)')
  await db.query('CREATE INDEX invitations_expiry ON invitations (expires_at)')
}
