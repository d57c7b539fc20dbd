import type { Database } from '../core/index.ts'

/** Full text: one row per (term, segment), and what BM25 wants to know of each. Vectors for `exact`. The tables of pgvector are its adapter's. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    -- The rows of the index name a dataset by this short number, and only a query that knows the workspace too learns it.
    CREATE TABLE text_index_datasets (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      UNIQUE (workspace_id, dataset_id),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE
    );

    -- The sum over a dataset's rows is its size. Writers add a row each, so that none waits for another.
    CREATE TABLE text_index_sizes (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      dataset integer NOT NULL REFERENCES text_index_datasets ON DELETE CASCADE,
      segments integer NOT NULL,
      length bigint NOT NULL
    );
    CREATE INDEX text_index_sizes_by_dataset ON text_index_sizes (dataset);

    CREATE TABLE text_index_segments (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      dataset integer NOT NULL REFERENCES text_index_datasets ON DELETE CASCADE,
      segment_id uuid NOT NULL,
      document_id uuid NOT NULL,
      length integer NOT NULL,
      terms text[] NOT NULL,
      UNIQUE (dataset, segment_id)
    );
    CREATE INDEX text_index_segments_by_document ON text_index_segments (dataset, document_id);

    -- The largest table by far: no foreign key (a check per row would double the time of a write), and a search reads the index alone.
    CREATE TABLE text_index_terms (
      dataset integer NOT NULL,
      term text COLLATE "C" NOT NULL,
      segment bigint NOT NULL,
      frequency smallint NOT NULL,
      length smallint NOT NULL,
      PRIMARY KEY (dataset, term, segment) INCLUDE (frequency, length)
    );

    CREATE SEQUENCE vector_index_version;
    CREATE TABLE vector_index_datasets (
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      version bigint NOT NULL,
      PRIMARY KEY (workspace_id, dataset_id),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE
    );
    CREATE TABLE vector_index_segments (
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      segment_id uuid NOT NULL,
      document_id uuid NOT NULL,
      dimensions integer NOT NULL,
      version bigint NOT NULL,
      vector bytea NOT NULL,
      PRIMARY KEY (dataset_id, segment_id),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES vector_index_datasets (workspace_id, dataset_id) ON DELETE CASCADE
    );
    ALTER TABLE vector_index_segments ALTER COLUMN vector SET STORAGE EXTERNAL;
    CREATE UNIQUE INDEX vector_index_segments_by_version ON vector_index_segments (dataset_id, dimensions, version, segment_id);
    CREATE INDEX vector_index_segments_by_document ON vector_index_segments (dataset_id, document_id)
  `)
}
