import type { Database } from '../core/index.ts'

/** `refresh_tokens` is not used any more; a release before this one may still run, so a later one drops it. */
export const up = async (db: Database): Promise<void> => {
  // One row a sign-in. Its refresh token changes with each use; whoever shows an older one ends the session.
  await db.query(`
    CREATE TABLE sessions (
      id uuid PRIMARY KEY,
      account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      token_hash text NOT NULL,
      previous_hash text,
      rotated_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      created_at timestamptz NOT NULL
    )`)
  await db.query('CREATE INDEX sessions_account ON sessions (account_id)')
  await db.query('CREATE INDEX sessions_expiry ON sessions (expires_at)')
  // Codes that were mailed. An address that nobody has gets a row too, so that asking tells nothing.
  await db.query(`
    CREATE TABLE mail_codes (
      token_hash text PRIMARY KEY,
      purpose text NOT NULL,
      email text NOT NULL,
      account_id uuid REFERENCES accounts (id) ON DELETE CASCADE,
      asker_hash text NOT NULL,
      code_hash text NOT NULL,
      tries integer NOT NULL,
      confirmed boolean NOT NULL,
      expires_at timestamptz NOT NULL,
      created_at timestamptz NOT NULL
    )`)
  await db.query('CREATE INDEX mail_codes_address ON mail_codes (purpose, lower(email), created_at)')
  await db.query('CREATE INDEX mail_codes_account ON mail_codes (account_id)')
  await db.query('CREATE INDEX mail_codes_expiry ON mail_codes (expires_at)')
}
