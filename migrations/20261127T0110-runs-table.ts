import type { Database } from '../core/index.ts'

/** What an app is doing, or did. A row that runs is a slot of its app and a sign of life of its process. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE runs (
      -- What clients know as the task.
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      -- The instance of runKind that knows what it is about.
      kind text NOT NULL,
      -- The row that it is about, such as a message.
      subject_id uuid NOT NULL,
      -- Who started it: only they stop it.
      started_by text NOT NULL,
      status text NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'stopped')),
      -- Who wants it to end.
      stopped_by text CHECK (stopped_by IN ('user', 'client')),
      -- Of the process in which it runs.
      process text NOT NULL,
      seen_at timestamptz NOT NULL,
      created_at timestamptz NOT NULL,
      finished_at timestamptz,
      UNIQUE (workspace_id, id),
      FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id) ON DELETE CASCADE
      -- A sign of life changes no indexed column, so that it stays within its page.
    ) WITH (fillfactor = 70)`)
  await db.query('CREATE INDEX runs_of_app ON runs (workspace_id, app_id)')
  await db.query(`CREATE INDEX runs_active ON runs (app_id) WHERE status = 'running'`)
  await db.query('CREATE INDEX runs_by_end ON runs (finished_at) WHERE finished_at IS NOT NULL')
}

export const down = async (db: Database): Promise<void> => {
  await db.query('DROP TABLE runs')
}
