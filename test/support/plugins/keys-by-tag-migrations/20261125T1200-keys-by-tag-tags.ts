import type { Database } from '../../../../core/index.ts'

export const up = async (db: Database): Promise<void> => {
  await db.query('CREATE TABLE keys_by_tag_tags (workspace_id uuid NOT NULL, tag text NOT NULL, dataset_id uuid NOT NULL, PRIMARY KEY (workspace_id, tag, dataset_id))')
  await db.query('CREATE INDEX keys_by_tag_tags_by_dataset ON keys_by_tag_tags (workspace_id, dataset_id)')
}
