import type { Database } from '../core/index.ts'

/** Tables of segments that people add to a document: how far each is. A job that has come to its end is gone from the queue, and its state is asked for afterwards. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE segment_imports (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      document_id uuid NOT NULL,
      status text NOT NULL DEFAULT 'waiting',
      error text,
      -- Rows of the table, and those of them that are segments already.
      total integer NOT NULL DEFAULT 0,
      done integer NOT NULL DEFAULT 0,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (workspace_id, id),
      FOREIGN KEY (workspace_id, dataset_id, document_id) REFERENCES documents (workspace_id, dataset_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX segment_imports_of_document ON segment_imports (workspace_id, dataset_id, document_id)')
}

export const down = async (db: Database): Promise<void> => { await db.query('DROP TABLE segment_imports') }
