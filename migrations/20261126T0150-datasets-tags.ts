import type { Database } from '../core/index.ts'

export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE dataset_tags (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 50),
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id),
      CONSTRAINT dataset_tags_name_unique UNIQUE (workspace_id, name)
    )`)
  await db.query(`
    CREATE TABLE dataset_tag_bindings (
      workspace_id uuid NOT NULL,
      tag_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      created_at timestamptz NOT NULL,
      PRIMARY KEY (workspace_id, tag_id, dataset_id),
      FOREIGN KEY (workspace_id, tag_id) REFERENCES dataset_tags (workspace_id, id) ON DELETE CASCADE,
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX dataset_tag_bindings_of_dataset ON dataset_tag_bindings (workspace_id, dataset_id)')
}
