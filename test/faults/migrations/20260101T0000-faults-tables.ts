import type { Database } from '../../../core/index.ts'

/** Nothing here is unique but the operations: that an effect happens once is what is to be shown, not what the database sees to. */
export const up = (db: Database) => db.query(`
  CREATE TABLE faults_ops (
    id text PRIMARY KEY,
    key text,
    due_at timestamptz NOT NULL,
    -- The job that did what this operation asked for.
    covered_by text
  );
  CREATE INDEX faults_ops_key ON faults_ops (key) WHERE covered_by IS NULL;
  CREATE TABLE faults_effects (
    op text NOT NULL,
    job text NOT NULL,
    attempt int NOT NULL,
    process text NOT NULL,
    at timestamptz NOT NULL
  )`)
