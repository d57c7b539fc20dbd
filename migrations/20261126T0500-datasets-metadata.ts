import type { Database } from '../core/index.ts'

/** Fields of the documents of a dataset. The values stand in `documents.doc_metadata`, by the name of the field. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE dataset_metadata (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      type text NOT NULL CHECK (type IN ('string', 'number', 'time')),
      name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_by uuid,
      updated_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT dataset_metadata_name_unique UNIQUE (workspace_id, dataset_id, name),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE
    )`)
}
export const down = async (db: Database): Promise<void> => {
  await db.query('DROP TABLE dataset_metadata')
}
