/** Tags, which put datasets of one workspace together. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import type { Datasets } from '../ports.ts'
import type { TagItem } from '../schemas/dataset.ts'
import { datasetRecords } from './dataset-records.ts'

export interface Tags extends Pick<Datasets, 'tag' | 'untag'> {
  /** By dataset, in the order of their names. */
  of(workspaceId: string, datasetIds: readonly string[]): Promise<ReadonlyMap<string, readonly TagItem[]>>
}

export const tags = service('datasets.tags', {
  uses: { db: database, records: datasetRecords },
  create: ({ db, records }): Tags => ({
    of: async (workspaceId, datasetIds) => {
      const rows = await db.query<{ dataset_id: string; id: string; name: string }>(
        `SELECT b.dataset_id, t.id, t.name FROM dataset_tag_bindings b JOIN dataset_tags t ON t.workspace_id = b.workspace_id AND t.id = b.tag_id
         WHERE b.workspace_id = $1 AND b.dataset_id = ANY ($2::uuid[]) ORDER BY t.name`, [workspaceId, datasetIds])
      const found = new Map<string, TagItem[]>()
      for (const { dataset_id, id, name } of rows) found.set(dataset_id, [...found.get(dataset_id) ?? [], { id, name, type: 'knowledge' }])
      return found
    },
    tag: ({ workspaceId, accountId }, datasetId, names) => db.transaction(async () => {
      await records.lock(workspaceId, datasetId)
      for (const name of names) {
        // What is there already is taken, though somebody else may have made it a moment ago.
        await db.query(
          `INSERT INTO dataset_tags (id, workspace_id, name, created_by, created_at) VALUES ($1, $2, $3, $4, now())
           ON CONFLICT (workspace_id, name) DO NOTHING`, [randomUUID(), workspaceId, name, accountId])
        await db.query(
          `INSERT INTO dataset_tag_bindings (workspace_id, tag_id, dataset_id, created_at)
           SELECT workspace_id, id, $3, now() FROM dataset_tags WHERE workspace_id = $1 AND name = $2 ON CONFLICT DO NOTHING`, [workspaceId, name, datasetId])
      }
    }),
    untag: async (workspaceId, datasetId, names) => {
      await db.query(
        `DELETE FROM dataset_tag_bindings b USING dataset_tags t
         WHERE b.workspace_id = $1 AND b.dataset_id = $2 AND t.workspace_id = b.workspace_id AND t.id = b.tag_id AND t.name = ANY ($3::text[])`,
        [workspaceId, datasetId, names])
    },
  }),
})
