import type { Database } from '../core/index.ts'

export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE datasets (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      name text NOT NULL,
      description text NOT NULL DEFAULT '',
      provider text NOT NULL DEFAULT 'vendor',
      permission text NOT NULL DEFAULT 'only_me',
      data_source_type text,
      indexing_technique text,
      embedding_model_provider text,
      embedding_model text,
      retrieval_model jsonb,
      summary_index_setting jsonb,
      doc_form text,
      runtime_mode text NOT NULL DEFAULT 'general',
      enable_api boolean NOT NULL DEFAULT true,
      built_in_field_enabled boolean NOT NULL DEFAULT false,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_by uuid,
      updated_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (workspace_id, id),
      CONSTRAINT datasets_name_unique UNIQUE (workspace_id, name)
    );
    CREATE INDEX datasets_by_age ON datasets (workspace_id, created_at DESC, id);

    CREATE TABLE dataset_permissions (
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      account_id uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (dataset_id, account_id),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE
    );

    CREATE TABLE dataset_process_rules (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      mode text NOT NULL,
      rules jsonb NOT NULL,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (workspace_id, id),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE
    );
    CREATE INDEX dataset_process_rules_by_age ON dataset_process_rules (workspace_id, dataset_id, created_at DESC);

    CREATE TABLE upload_files (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      storage_key text NOT NULL UNIQUE,
      name text NOT NULL,
      extension text NOT NULL,
      mime_type text NOT NULL,
      size bigint NOT NULL,
      hash text NOT NULL,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (workspace_id, id)
    );
    CREATE INDEX upload_files_by_name ON upload_files (workspace_id, name);

    CREATE TABLE documents (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      position integer NOT NULL,
      generation integer NOT NULL DEFAULT 1,
      batch text NOT NULL,
      name text NOT NULL,
      data_source_type text NOT NULL DEFAULT 'upload_file',
      upload_file_id uuid,
      dataset_process_rule_id uuid,
      doc_form text NOT NULL DEFAULT 'text_model',
      doc_language text NOT NULL DEFAULT 'English',
      doc_type text,
      doc_metadata jsonb,
      indexing_status text NOT NULL DEFAULT 'waiting',
      error text,
      enabled boolean NOT NULL DEFAULT true,
      disabled_at timestamptz,
      disabled_by uuid,
      archived boolean NOT NULL DEFAULT false,
      checked_at timestamptz NOT NULL DEFAULT now(),
      stalls integer NOT NULL DEFAULT 0,
      is_paused boolean NOT NULL DEFAULT false,
      paused_at timestamptz,
      word_count integer NOT NULL DEFAULT 0,
      tokens integer NOT NULL DEFAULT 0,
      indexing_latency double precision,
      processing_started_at timestamptz,
      parsing_completed_at timestamptz,
      cleaning_completed_at timestamptz,
      splitting_completed_at timestamptz,
      completed_at timestamptz,
      stopped_at timestamptz,
      created_from text NOT NULL,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (workspace_id, id),
      UNIQUE (workspace_id, dataset_id, id),
      CONSTRAINT documents_position_unique UNIQUE (dataset_id, position),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE,
      FOREIGN KEY (workspace_id, upload_file_id) REFERENCES upload_files (workspace_id, id),
      FOREIGN KEY (workspace_id, dataset_process_rule_id) REFERENCES dataset_process_rules (workspace_id, id)
    );
    CREATE INDEX documents_by_age ON documents (workspace_id, dataset_id, created_at DESC, position DESC);
    CREATE INDEX documents_by_batch ON documents (workspace_id, dataset_id, batch);
    CREATE INDEX documents_by_file ON documents (workspace_id, upload_file_id);
    CREATE INDEX documents_by_rule ON documents (workspace_id, dataset_process_rule_id);
    CREATE INDEX documents_unfinished ON documents (checked_at) WHERE indexing_status NOT IN ('completed', 'error');

    CREATE TABLE document_segments (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      document_id uuid NOT NULL,
      generation integer NOT NULL DEFAULT 1,
      position integer NOT NULL,
      content text NOT NULL,
      answer text,
      word_count integer NOT NULL,
      tokens integer NOT NULL DEFAULT 0,
      keywords text[] NOT NULL DEFAULT '{}',
      index_node_hash text NOT NULL,
      hit_count integer NOT NULL DEFAULT 0,
      enabled boolean NOT NULL DEFAULT true,
      disabled_at timestamptz,
      disabled_by uuid,
      status text NOT NULL DEFAULT 'waiting',
      error text,
      indexing_at timestamptz,
      completed_at timestamptz,
      stopped_at timestamptz,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_by uuid,
      updated_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (workspace_id, id),
      UNIQUE (workspace_id, dataset_id, id),
      CONSTRAINT document_segments_position_unique UNIQUE (document_id, generation, position),
      FOREIGN KEY (workspace_id, dataset_id, document_id) REFERENCES documents (workspace_id, dataset_id, id) ON DELETE CASCADE
    );
    CREATE INDEX document_segments_by_document ON document_segments (workspace_id, dataset_id, document_id);

    CREATE TABLE dataset_queries (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      content text NOT NULL,
      source text NOT NULL,
      source_app_id uuid,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE
    );
    CREATE INDEX dataset_queries_by_age ON dataset_queries (dataset_id, created_at DESC)
  `)
}
