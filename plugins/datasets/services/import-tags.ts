/** Tags that were made elsewhere, and the datasets that bear them. */
import { database, service } from '../../../core/index.ts'
import type { Imported } from '../../auth/ports.ts'
import type { TagRow } from '../models/tag.ts'
import type { DatasetImport, ImportedTagging } from '../ports.ts'
import { byId, weigh } from './import-compare.ts'

const LONGEST = 50

export const importTags = service('datasets.import-tags', {
  uses: { db: database },
  create: ({ db }): Pick<DatasetImport, 'tags' | 'taggings'> => ({
    tags: async (rows, apply) => {
      const here = await db.query<TagRow>(
        'SELECT * FROM dataset_tags WHERE id = ANY ($1::uuid[]) OR (workspace_id, name) IN (SELECT * FROM unnest($2::uuid[], $3::text[]))',
        [rows.map(({ id }) => id), rows.map(({ workspaceId }) => workspaceId), rows.map(({ name }) => name)])
      const ids = byId(here)
      const said: Imported[] = []
      for (const row of rows) {
        const namesake = here.find(({ workspace_id, name }) => workspace_id === row.workspaceId && name === row.name)
        const length = [...row.name].length
        const one = weigh(row, ids.get(row.id), ({ name }) => ({ name: [row.name, name] }))
          ?? (namesake ? { id: namesake.id, state: 'there' as const }
          : length < 1 || length > LONGEST ? { id: row.id, state: 'skipped' as const, why: `its name has ${length} characters, and a tag has 1 to ${LONGEST} here` } : { id: row.id, state: 'new' as const })
        if (apply && one.state === 'new') {
          await db.query('INSERT INTO dataset_tags (id, workspace_id, name, created_by, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
            [row.id, row.workspaceId, row.name, row.createdBy, row.createdAt])
        }
        said.push(one)
      }
      return said
    },
    taggings: async (rows, apply) => {
      const values = [rows.map(({ workspaceId }) => workspaceId), rows.map(({ tagId }) => tagId), rows.map(({ datasetId }) => datasetId)]
      const pair = ({ tagId, datasetId }: ImportedTagging): string => `${tagId} ${datasetId}`
      const here = await db.query<{ tag_id: string; dataset_id: string }>(
        'SELECT tag_id, dataset_id FROM dataset_tag_bindings WHERE (workspace_id, tag_id, dataset_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]))', values)
      const known = new Set(here.map(({ tag_id: tagId, dataset_id: datasetId }) => `${tagId} ${datasetId}`))
      if (apply) {
        await db.query(
          `INSERT INTO dataset_tag_bindings (workspace_id, tag_id, dataset_id, created_at)
           SELECT t.workspace_id, t.id, d.id, now() FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS new (workspace_id, tag_id, dataset_id)
             JOIN dataset_tags t ON t.workspace_id = new.workspace_id AND t.id = new.tag_id JOIN datasets d ON d.workspace_id = new.workspace_id AND d.id = new.dataset_id
           ON CONFLICT DO NOTHING`, values)
      }
      return rows.map((row) => ({ id: row.datasetId, state: known.has(pair(row)) ? 'there' : 'new' }))
    },
  }),
})
