/** Tags, which put datasets of one workspace together. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import type { Datasets } from '../ports.ts'
import { violates } from '../queries/violates.ts'
import type { TagItem } from '../schemas/dataset.ts'
import type { TagCount, TagUnbinding } from '../schemas/tag.ts'
import { datasetRecords } from './dataset-records.ts'
import type { Owner } from './dataset-records.ts'

export interface Tags extends Pick<Datasets, 'tag' | 'untag'> {
  /** By dataset, in the order of their names. */
  of(workspaceId: string, datasetIds: readonly string[]): Promise<ReadonlyMap<string, readonly TagItem[]>>
  /** The newest first, each with how many datasets bear it. */
  list(workspaceId: string, keyword?: string): Promise<TagCount[]>
  /** Throws 400 where the name is taken. */
  add(owner: Owner, name: string): Promise<TagCount>
  /** Throws 400 where the name is taken, 404. */
  rename(workspaceId: string, id: string, name: string): Promise<TagCount>
  /** Takes it off every dataset too. Throws 404. */
  remove(workspaceId: string, id: string): Promise<void>
  /** Puts tags on a dataset; ids of none are passed over, and what it bears already it bears on. Throws 404. */
  bind(workspaceId: string, datasetId: string, ids: readonly string[]): Promise<void>
  unbind(workspaceId: string, datasetId: string, which: Pick<TagUnbinding, 'tag_ids' | 'tag_id'>): Promise<void>
}

const COUNTED = `t.id, t.name, 'knowledge' AS type,
  (SELECT count(*)::text FROM dataset_tag_bindings b WHERE b.workspace_id = t.workspace_id AND b.tag_id = t.id) AS binding_count`
const nameTaken = () => invalid('name', 'Tag name already exists. Choose another name.')

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
    list: (workspaceId, keyword = '') => db.query<TagCount>(
      `SELECT ${COUNTED} FROM dataset_tags t WHERE t.workspace_id = $1 AND strpos(lower(t.name), lower($2)) > 0 ORDER BY t.created_at DESC, t.id`, [workspaceId, keyword]),
    add: async ({ workspaceId, accountId }, name) => {
      const [made] = await db.query<{ id: string }>(
        `INSERT INTO dataset_tags (id, workspace_id, name, created_by, created_at) VALUES ($1, $2, $3, $4, now())
         ON CONFLICT (workspace_id, name) DO NOTHING RETURNING id`, [randomUUID(), workspaceId, name, accountId])
      if (!made) throw nameTaken()
      return { id: made.id, name, type: 'knowledge', binding_count: '0' }
    },
    rename: async (workspaceId, id, name) => {
      try {
        const [renamed] = await db.query<TagCount>(`UPDATE dataset_tags t SET name = $3 WHERE t.workspace_id = $1 AND t.id = $2 RETURNING ${COUNTED}`, [workspaceId, id, name])
        if (!renamed) throw datasetErrors.tagNotFound()
        return renamed
      } catch (error) {
        throw violates(error, 'dataset_tags_name_unique') ? nameTaken() : error
      }
    },
    remove: async (workspaceId, id) => {
      const [gone] = await db.query('DELETE FROM dataset_tags WHERE workspace_id = $1 AND id = $2 RETURNING id', [workspaceId, id])
      if (!gone) throw datasetErrors.tagNotFound()
    },
    bind: (workspaceId, datasetId, ids) => db.transaction(async () => {
      await records.lock(workspaceId, datasetId)
      // Those that are deleted at the same moment are waited for, and passed over.
      await db.query(
        `INSERT INTO dataset_tag_bindings (workspace_id, tag_id, dataset_id, created_at)
         SELECT workspace_id, id, $3, now() FROM dataset_tags WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR KEY SHARE
         ON CONFLICT DO NOTHING`, [workspaceId, ids, datasetId])
    }),
    unbind: async (workspaceId, datasetId, { tag_ids: ids = [], tag_id: id }) => {
      const all = [...ids, ...id === undefined ? [] : [id]]
      if (all.length === 0) throw invalid('tag_ids', 'tag_ids is required. Send the ids of the tags to take off.')
      await db.query('DELETE FROM dataset_tag_bindings WHERE workspace_id = $1 AND dataset_id = $2 AND tag_id = ANY ($3::uuid[])', [workspaceId, datasetId, all])
    },
    tag: ({ workspaceId, accountId }, datasetId, names) => db.transaction(async () => {
      await records.lock(workspaceId, datasetId)
      // What is there already is taken, though somebody else may have made it a moment ago; and held, since somebody else may delete it: in
      // one order, so that no two wait for each other.
      for (const name of [...names].sort()) {
        await db.query(
          `WITH held AS (
             INSERT INTO dataset_tags (id, workspace_id, name, created_by, created_at) VALUES ($1, $2, $3, $4, now())
             ON CONFLICT (workspace_id, name) DO UPDATE SET name = excluded.name RETURNING id)
           INSERT INTO dataset_tag_bindings (workspace_id, tag_id, dataset_id, created_at) SELECT $2, id, $5, now() FROM held ON CONFLICT DO NOTHING`,
          [randomUUID(), workspaceId, name, accountId, datasetId])
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
