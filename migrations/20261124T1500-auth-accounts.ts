import type { Database } from '../core/index.ts'

export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE accounts (
      id uuid PRIMARY KEY,
      email text NOT NULL,
      password_hash text,
      name text NOT NULL,
      avatar text,
      interface_language text NOT NULL,
      interface_theme text NOT NULL CHECK (interface_theme IN ('light', 'dark')),
      timezone text NOT NULL,
      status text NOT NULL CHECK (status IN ('pending', 'uninitialized', 'active', 'banned', 'closed')),
      last_login_at timestamptz,
      last_login_ip text,
      last_active_at timestamptz,
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL
    )`)
  await db.query('CREATE UNIQUE INDEX accounts_email ON accounts (lower(email))')
  await db.query(`
    CREATE TABLE workspaces (
      id uuid PRIMARY KEY,
      name text NOT NULL,
      plan text NOT NULL,
      status text NOT NULL CHECK (status IN ('normal', 'archive')),
      created_at timestamptz NOT NULL
    )`)
  await db.query(`
    CREATE TABLE workspace_members (
      workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
      account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      role text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'normal', 'dataset_operator')),
      current boolean NOT NULL,
      created_at timestamptz NOT NULL,
      PRIMARY KEY (workspace_id, account_id)
    )`)
  await db.query(`CREATE UNIQUE INDEX workspace_members_owner ON workspace_members (workspace_id) WHERE role = 'owner'`)
  await db.query('CREATE UNIQUE INDEX workspace_members_current ON workspace_members (account_id) WHERE current')
  await db.query('CREATE INDEX workspace_members_account ON workspace_members (account_id)')
  // One live token an account: signing in again replaces it.
  await db.query(`
    CREATE TABLE refresh_tokens (
      account_id uuid PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
      token_hash text NOT NULL UNIQUE,
      expires_at timestamptz NOT NULL,
      created_at timestamptz NOT NULL
    )`)
}
