import type { Database } from '../core/index.ts'

/** Questions and answers that a model made of a passage, kept until the document has them all as segments: no run asks for them again. */
export const up = async (db: Database): Promise<void> => {
  await db.query(`
    CREATE TABLE document_model_pairs (
      workspace_id uuid NOT NULL,
      document_id uuid NOT NULL,
      -- SHA-256 of the passage and of the language that was asked for, hex.
      passage text NOT NULL,
      -- [{"question": …, "answer": …}], in order; none where the model found nothing to ask.
      pairs jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (workspace_id, document_id, passage),
      FOREIGN KEY (workspace_id, document_id) REFERENCES documents (workspace_id, id) ON DELETE CASCADE
    )`)
}
