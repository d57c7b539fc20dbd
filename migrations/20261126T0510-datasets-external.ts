import type { Database } from '../core/index.ts'

/** Knowledge that lies in services elsewhere: where they are asked, and which dataset stands for what they know. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE external_knowledge_apis (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      name text NOT NULL,
      description text NOT NULL,
      endpoint text NOT NULL,
      -- The key, as the vault sealed it, for the owner <workspace_id>/external_knowledge_apis/<id>.
      sealed text NOT NULL,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL,
      updated_by uuid NOT NULL,
      updated_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id)
    )`)
  await db.query(`
    CREATE TABLE external_knowledge_bindings (
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      external_knowledge_api_id uuid NOT NULL,
      -- As the service calls it.
      external_knowledge_id text NOT NULL,
      PRIMARY KEY (workspace_id, dataset_id),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE,
      FOREIGN KEY (workspace_id, external_knowledge_api_id) REFERENCES external_knowledge_apis (workspace_id, id)
    )`)
  await db.query('CREATE INDEX external_knowledge_bindings_of_api ON external_knowledge_bindings (workspace_id, external_knowledge_api_id)')
}

export const down = async (db: Database): Promise<void> => {
  await db.query('DROP TABLE external_knowledge_bindings')
  await db.query('DROP TABLE external_knowledge_apis')
}
