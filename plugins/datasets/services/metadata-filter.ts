/** Which documents a search is limited to by a filter on their metadata. */
import { database, service } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import type { MetadataFilter } from '../ports.ts'
import { metadataCondition } from '../queries/metadata.ts'

export interface MetadataFilters {
  /** Those that may be found and for which the filter holds; undefined where it says nothing. Throws 400 for a condition that makes no sense. */
  documents(workspaceId: string, datasetIds: readonly string[], filter: MetadataFilter): Promise<readonly string[] | undefined>
}

export const metadataFilters = service('datasets.metadata-filters', {
  uses: { db: database, accounts },
  create: ({ db, accounts }): MetadataFilters => ({
    documents: async (workspaceId, datasetIds, filter) => {
      const members = filter.conditions.some(({ name }) => name === 'uploader') ? await accounts.members(workspaceId) : []
      const values: unknown[] = [workspaceId, datasetIds, members.map(({ accountId }) => accountId), members.map(({ name }) => name)]
      const condition = metadataCondition(filter, (value) => `$${values.push(value)}`)
      if (condition === undefined) return undefined
      const rows = await db.query<{ id: string }>(
        `SELECT d.id FROM documents d
           LEFT JOIN (SELECT id, to_jsonb(name) AS name FROM unnest($3::uuid[], $4::text[]) AS member (id, name)) AS uploader ON uploader.id = d.created_by
         WHERE d.workspace_id = $1 AND d.dataset_id = ANY ($2::uuid[]) AND d.enabled AND NOT d.archived AND d.indexing_status = 'completed' AND ${condition}`,
        values)
      return rows.map(({ id }) => id)
    },
  }),
})
