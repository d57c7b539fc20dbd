import type { Database } from '../core/index.ts'

/** Answers that people wrote: which question each answers, whether an app gives them, and when it did. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE annotations (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      -- Of the message that it corrects, where it came from one.
      message_id uuid,
      question text NOT NULL,
      answer text NOT NULL,
      hit_count integer NOT NULL DEFAULT 0,
      account_id uuid NOT NULL,
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id),
      FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX annotations_of_app ON annotations (workspace_id, app_id, created_at DESC, id)')
  await db.query('CREATE UNIQUE INDEX annotations_of_message ON annotations (workspace_id, app_id, message_id) WHERE message_id IS NOT NULL')
  // Of the question as it is now. While a model takes the place of another, there are some of both.
  await db.query(`
    CREATE TABLE annotation_vectors (
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      -- provider/model that made it.
      model text NOT NULL,
      annotation_id uuid NOT NULL,
      -- When the annotation was.
      written_at timestamptz NOT NULL,
      -- 32-bit floats, little-endian, of length 1.
      vector bytea NOT NULL,
      made_at timestamptz NOT NULL,
      PRIMARY KEY (workspace_id, app_id, model, annotation_id),
      FOREIGN KEY (workspace_id, annotation_id) REFERENCES annotations (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX annotation_vectors_of_annotation ON annotation_vectors (workspace_id, annotation_id)')
  // A row while the app gives written answers.
  await db.query(`
    CREATE TABLE annotation_settings (
      id uuid NOT NULL,
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      score_threshold double precision NOT NULL,
      embedding_provider text NOT NULL,
      embedding_model text NOT NULL,
      -- Another number whenever vectors come or go, so that whoever keeps them in memory notices.
      version bigint NOT NULL,
      updated_by uuid NOT NULL,
      updated_at timestamptz NOT NULL,
      PRIMARY KEY (workspace_id, app_id),
      FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query(`
    CREATE TABLE annotation_hits (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      annotation_id uuid NOT NULL,
      message_id uuid NOT NULL,
      -- As it was asked, and what was written then.
      question text NOT NULL,
      matched_question text NOT NULL,
      answer text NOT NULL,
      score double precision NOT NULL,
      source text NOT NULL,
      created_at timestamptz NOT NULL,
      FOREIGN KEY (workspace_id, annotation_id) REFERENCES annotations (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX annotation_hits_of_annotation ON annotation_hits (workspace_id, annotation_id, created_at DESC, id)')
  // What clients ask the state of: switching on, switching off, importing.
  await db.query(`
    CREATE TABLE annotation_jobs (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      action text NOT NULL CHECK (action IN ('enable', 'disable', 'import')),
      status text NOT NULL CHECK (status IN ('waiting', 'processing', 'completed', 'error')),
      error text,
      payload jsonb NOT NULL,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL,
      FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX annotation_jobs_of_app ON annotation_jobs (workspace_id, app_id, created_at)')
}

export const down = async (db: Database): Promise<void> => {
  for (const table of ['annotation_jobs', 'annotation_hits', 'annotation_settings', 'annotation_vectors', 'annotations']) await db.query(`DROP TABLE ${table}`)
}
