import type { Database } from '../core/index.ts'

/** Parent-child: what a segment is cut into, each with a vector of its own; and what the indexing of large documents needs. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE child_chunks (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      document_id uuid NOT NULL,
      segment_id uuid NOT NULL,
      position integer NOT NULL,
      content text NOT NULL,
      word_count integer NOT NULL,
      index_node_hash text NOT NULL,
      type text NOT NULL DEFAULT 'automatic',
      status text NOT NULL DEFAULT 'waiting',
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (workspace_id, id),
      CONSTRAINT child_chunks_position_unique UNIQUE (segment_id, position),
      FOREIGN KEY (workspace_id, dataset_id, segment_id) REFERENCES document_segments (workspace_id, dataset_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX child_chunks_of_segment ON child_chunks (workspace_id, dataset_id, segment_id)')
  await db.query('CREATE INDEX child_chunks_of_document ON child_chunks (workspace_id, document_id)')
  // What is left of a document is found without reading what is done.
  await db.query(`CREATE INDEX document_segments_unfinished ON document_segments (document_id, generation, position) WHERE status <> 'completed'`)
  // A vector of a child names its segment; of any other the segment is itself.
  await db.query('ALTER TABLE vector_index_segments ADD COLUMN parent_id uuid')
  await db.query('CREATE INDEX vector_index_segments_by_parent ON vector_index_segments (dataset_id, parent_id) WHERE parent_id IS NOT NULL')
  // The languages that the passages of a dataset are in, and by which analysis they were indexed.
  await db.query(`ALTER TABLE text_index_datasets ADD COLUMN languages text[] NOT NULL DEFAULT '{}', ADD COLUMN analysis integer NOT NULL DEFAULT 1`)
}
