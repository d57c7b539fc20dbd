import type { Database } from '../core/index.ts'

export const up = async (db: Database): Promise<void> => {
  // No foreign keys: what somebody did outlives them and what they did it to.
  await db.query(`
    CREATE TABLE audit_logs (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      at timestamptz NOT NULL,
      actor_kind text NOT NULL CHECK (actor_kind IN ('account', 'key', 'end-user', 'anonymous', 'operator')),
      actor_id text,
      action text NOT NULL,
      resource_type text NOT NULL,
      resource_id text NOT NULL,
      resource_name text,
      details jsonb NOT NULL,
      address text,
      request_id text
    )`)
  await db.query('CREATE INDEX audit_logs_of_workspace ON audit_logs (workspace_id, at DESC, id DESC)')
  await db.query('CREATE INDEX audit_logs_age ON audit_logs (at)')
}
