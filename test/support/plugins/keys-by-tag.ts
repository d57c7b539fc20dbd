/** A scoping strategy as somebody else would write it: a key reaches the datasets that bear a tag, those that get it later too. */
import { database, defineAdapter, defineErrors, definePlugin, definePort } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'
import { apiKeys, keyScope, nothing, ofDatasets, ofWorkspace } from '../../../plugins/api-keys/ports.ts'
import type { KeyScope } from '../../../plugins/api-keys/ports.ts'
import { datasetLifecycle } from '../../../plugins/datasets/ports.ts'

const errors = defineErrors({ tagNeeded: [400, 'invalid_param', 'Keys of this server reach the workspace, or the datasets of a tag. Make one with the terms { tag }, or without a dataset.'] })
const tagOf = (terms: Json): string | undefined => {
  const { tag, ...others } = (terms ?? {}) as { tag?: unknown }
  return typeof tag === 'string' && Object.keys(others).length === 0 ? tag : undefined
}

const byTag = defineAdapter(keyScope, 'tag', {
  uses: { db: database },
  create: ({ db }): KeyScope => ({
    expresses: ['terms'],
    check: ({ type, datasetId, terms = null }) => {
      if (datasetId !== null || (terms !== null && (type !== 'dataset' || tagOf(terms) === undefined))) throw errors.tagNeeded()
    },
    load: async ({ workspaceId, terms }) => {
      const rows = await db.query<{ id: string }>('SELECT dataset_id AS id FROM keys_by_tag_tags WHERE workspace_id = $1 AND tag = $2', [workspaceId, tagOf(terms) ?? null])
      return rows.map(({ id }) => id)
    },
    scope: ({ workspaceId, datasetId, terms }, known) =>
      datasetId !== null ? nothing : terms === null ? ofWorkspace(workspaceId) : ofDatasets(Array.isArray(known) ? known as string[] : []),
  }),
})

export interface Tagging { tag(workspaceId: string, datasetId: string, tag: string): Promise<void>; untag(workspaceId: string, datasetId: string, tag: string): Promise<void> }
export const tagging = definePort<Tagging>('tagging')
const table = defineAdapter(tagging, 'table', {
  uses: { db: database, apiKeys },
  create: ({ db, apiKeys }): Tagging => {
    const change = (sql: string) => (workspaceId: string, datasetId: string, tag: string): Promise<void> => db.transaction(async () => {
      await apiKeys.changing(workspaceId, { tag })
      await db.query(sql, [workspaceId, datasetId, tag])
    })
    return {
      tag: change('INSERT INTO keys_by_tag_tags (workspace_id, dataset_id, tag) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING'),
      untag: change('DELETE FROM keys_by_tag_tags WHERE workspace_id = $1 AND dataset_id = $2 AND tag = $3'),
    }
  },
})

const lifecycle = defineAdapter(datasetLifecycle, 'keys-by-tag', {
  uses: { db: database },
  create: ({ db }) => ({
    deleting: async ({ workspaceId, id }) => { await db.query('DELETE FROM keys_by_tag_tags WHERE workspace_id = $1 AND dataset_id = $2', [workspaceId, id]) },
  }),
})

export default definePlugin({
  name: 'keys-by-tag', kernel: '^1', ports: [tagging], adapters: [byTag, table, lifecycle], migrations: new URL('keys-by-tag-migrations/', import.meta.url),
})
