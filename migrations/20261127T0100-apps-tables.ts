import type { Database } from '../core/index.ts'

/** Apps, each version of their settings, their public faces, those who use them, and the files that these send. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE apps (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
      name text NOT NULL,
      description text NOT NULL DEFAULT '',
      mode text NOT NULL,
      icon_type text,
      icon text,
      icon_background text,
      use_icon_as_answer_icon boolean NOT NULL DEFAULT false,
      enable_site boolean NOT NULL,
      enable_api boolean NOT NULL,
      -- Runs at a time; null: as many as the server allows.
      max_active_requests integer CHECK (max_active_requests >= 0),
      -- The row of app_model_configs that holds now.
      model_config_id uuid,
      -- What an imported file says of an app whose mode has no model configuration.
      definition jsonb,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL,
      updated_by uuid NOT NULL,
      updated_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id)
    )`)
  await db.query('CREATE INDEX apps_by_change ON apps (workspace_id, updated_at DESC, id)')
  // Each save makes a row: a conversation goes on with the one that it began with.
  await db.query(`
    CREATE TABLE app_model_configs (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      config jsonb NOT NULL,
      created_by uuid NOT NULL,
      created_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id),
      FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX app_model_configs_of_app ON app_model_configs (workspace_id, app_id)')
  await db.query(`
    CREATE TABLE app_sites (
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      -- In the address of its page.
      code text NOT NULL UNIQUE,
      title text NOT NULL,
      settings jsonb NOT NULL,
      updated_at timestamptz NOT NULL,
      PRIMARY KEY (workspace_id, app_id),
      FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query(`
    CREATE TABLE end_users (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      type text NOT NULL,
      -- As the app's own system calls whoever uses it.
      session_id text NOT NULL,
      name text,
      is_anonymous boolean NOT NULL,
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id),
      UNIQUE (app_id, session_id),
      FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX end_users_of_app ON end_users (workspace_id, app_id)')
  await db.query(`
    CREATE TABLE app_files (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL,
      app_id uuid NOT NULL,
      end_user_id uuid NOT NULL,
      name text NOT NULL,
      -- Lower case, without the dot.
      extension text NOT NULL,
      mime_type text NOT NULL,
      size bigint NOT NULL,
      storage_key text NOT NULL,
      hash text NOT NULL,
      created_at timestamptz NOT NULL,
      -- When somebody last asked whether it is still needed, or named it in a request.
      checked_at timestamptz NOT NULL,
      UNIQUE (workspace_id, id),
      FOREIGN KEY (workspace_id, app_id) REFERENCES apps (workspace_id, id) ON DELETE CASCADE,
      FOREIGN KEY (workspace_id, end_user_id) REFERENCES end_users (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX app_files_of_app ON app_files (workspace_id, app_id)')
  await db.query('CREATE INDEX app_files_of_end_user ON app_files (workspace_id, end_user_id)')
  await db.query('CREATE INDEX app_files_by_check ON app_files (checked_at)')
  // Files that wait for a yes: they are from another version.
  await db.query(`
    CREATE TABLE app_imports (
      id uuid PRIMARY KEY,
      workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
      account_id uuid NOT NULL,
      request jsonb NOT NULL,
      created_at timestamptz NOT NULL
    )`)
  await db.query('CREATE INDEX app_imports_of_workspace ON app_imports (workspace_id)')
}

export const down = async (db: Database): Promise<void> => {
  for (const table of ['app_imports', 'app_files', 'end_users', 'app_sites', 'app_model_configs', 'apps']) await db.query(`DROP TABLE ${table}`)
}
