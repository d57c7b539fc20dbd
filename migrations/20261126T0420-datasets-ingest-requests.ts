import type { Database } from '../core/index.ts'

/** What was made for a request that bore an Idempotency-Key, so that the same request again is answered alike and makes nothing. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE ingest_requests (
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      -- Whose key it is: two clients may choose the same words.
      actor_id uuid NOT NULL,
      idempotency_key text NOT NULL,
      fingerprint text NOT NULL,
      document_ids uuid[] NOT NULL,
      batch text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (workspace_id, dataset_id, actor_id, idempotency_key),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE
    )`)
  await db.query('CREATE INDEX ingest_requests_by_age ON ingest_requests (created_at)')
}
