import type { Database } from '../core/index.ts'

/** What was asked and answered, by conversation, and what those who asked think of it. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE conversations (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      -- Settings of the app with which it began.
      model_config_id uuid NOT NULL,
      mode text NOT NULL,
      -- One of the two: who talks.
      end_user_id uuid,
      account_id uuid,
      name text NOT NULL,
      -- Given by hand, or by a model already: no model names it again.
      is_named boolean NOT NULL DEFAULT false,
      inputs jsonb NOT NULL,
      introduction text NOT NULL,
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id),
      CHECK ((end_user_id IS NULL) <> (account_id IS NULL)),
      FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id) ON DELETE CASCADE,
      FOREIGN KEY (workspace_id, end_user_id) REFERENCES end_users (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX conversations_of_app ON conversations (workspace_id, app_id, updated_at DESC, id)')
  await db.query('CREATE INDEX conversations_of_end_user ON conversations (workspace_id, end_user_id, updated_at, id)')
  await db.query(`
    CREATE TABLE messages (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      conversation_id uuid NOT NULL,
      -- Its place in the conversation, from 1.
      position integer NOT NULL,
      inputs jsonb NOT NULL,
      query text NOT NULL,
      answer text NOT NULL,
      status text NOT NULL CHECK (status IN ('running', 'normal', 'error', 'stopped')),
      error text,
      -- Tokens, prices and times of its model calls; null until it has ended.
      usage jsonb,
      -- What message_end says beside the usage: sources, an annotation that answered.
      metadata jsonb NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id),
      UNIQUE (conversation_id, position),
      FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id) ON DELETE CASCADE,
      FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX messages_of_conversation ON messages (workspace_id, conversation_id, position)')
  await db.query('CREATE INDEX messages_of_app ON messages (workspace_id, app_id, created_at)')
  await db.query(`
    CREATE TABLE message_files (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      message_id uuid NOT NULL,
      position integer NOT NULL,
      belongs_to text NOT NULL CHECK (belongs_to IN ('user', 'assistant')),
      type text NOT NULL,
      transfer_method text NOT NULL,
      url text,
      -- Of app_files.
      upload_file_id uuid,
      FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX message_files_of_message ON message_files (workspace_id, message_id)')
  await db.query('CREATE INDEX message_files_of_upload ON message_files (workspace_id, upload_file_id) WHERE upload_file_id IS NOT NULL')
  await db.query(`
    CREATE TABLE message_feedbacks (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      conversation_id uuid NOT NULL,
      message_id uuid NOT NULL,
      rating text NOT NULL CHECK (rating IN ('like', 'dislike')),
      content text,
      from_source text NOT NULL CHECK (from_source IN ('user', 'admin')),
      from_end_user_id uuid,
      from_account_id uuid,
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      UNIQUE (message_id, from_source),
      FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX message_feedbacks_of_message ON message_feedbacks (workspace_id, message_id)')
  await db.query('CREATE INDEX message_feedbacks_of_app ON message_feedbacks (workspace_id, app_id, created_at DESC, id)')
}

export const down = async (db: Database): Promise<void> => {
  for (const table of ['message_feedbacks', 'message_files', 'messages', 'conversations']) await db.query(`DROP TABLE ${table}`)
}
