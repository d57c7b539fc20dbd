import type { Database } from '../core/index.ts'

export const up = async (db: Database): Promise<void> => {
  await db.query(`
    ALTER TABLE api_tokens
      ADD COLUMN rate_limit integer CHECK (rate_limit > 0),
      ADD COLUMN last_refused_at timestamptz,
      ADD COLUMN last_refusal jsonb`)
  await db.query('CREATE INDEX api_tokens_by_maker ON api_tokens (workspace_id, created_by)')
  await db.query('CREATE INDEX api_tokens_by_pepper ON api_tokens (pepper_id)')
}
