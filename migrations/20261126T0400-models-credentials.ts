import type { Database } from '../core/index.ts'

export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE model_credentials (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      provider text NOT NULL,
      -- As the vault sealed it, for the owner <workspace_id>/model_credentials/<id>.
      sealed text NOT NULL,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL,
      updated_by uuid NOT NULL,
      updated_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id),
      CONSTRAINT model_credentials_provider_unique UNIQUE (workspace_id, provider)
    )`)
  await db.query(`
    CREATE TABLE model_defaults (
      workspace_id uuid NOT NULL,
      model_type text NOT NULL,
      provider text NOT NULL,
      model text NOT NULL,
      updated_by uuid NOT NULL,
      updated_at timestamptz NOT NULL,
      PRIMARY KEY (workspace_id, model_type)
    )`)
}
