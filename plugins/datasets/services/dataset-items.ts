/** Datasets as clients see them: a constant number of queries, and one question for each embedding model, however many datasets. */
import { database, service } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { presentDataset } from '../presenters/dataset.ts'
import type { DatasetItem } from '../schemas/dataset.ts'
import { datasetAccess } from './dataset-access.ts'
import { externalBindings } from './external-bindings.ts'
import { metadataFields } from './metadata-fields.ts'
import { modelChoice } from './model-choice.ts'
import { tags } from './tags.ts'

export interface DatasetItems {
  /** `shared`: each with the members it is shared with. */
  present(workspaceId: string, rows: readonly DatasetRow[], shared?: boolean): Promise<DatasetItem[]>
  /** With the members it is shared with: only where it is shared with some, or `always`. */
  presentOne(row: DatasetRow, always?: boolean): Promise<DatasetItem>
}

interface Counts { dataset_id: string; documents: number; available: number; words: number }

export const datasetItems = service('datasets.items', {
  uses: { db: database, accounts, modelChoice, tags, fields: metadataFields, access: datasetAccess, bindings: externalBindings },
  create: ({ db, accounts, modelChoice, tags, fields, access, bindings }): DatasetItems => {
    const present = async (workspaceId: string, rows: readonly DatasetRow[], shared = false): Promise<DatasetItem[]> => {
      if (rows.length === 0) return []
      const ids = rows.map(({ id }) => id)
      const [counted, people, unavailable, tagged, described, bound, members] = await Promise.all([
        db.query<Counts>(
          `SELECT dataset_id, count(*)::int AS documents, sum(word_count)::float8 AS words,
             count(*) FILTER (WHERE indexing_status = 'completed' AND enabled AND NOT archived)::int AS available
           FROM documents WHERE workspace_id = $1 AND dataset_id = ANY ($2::uuid[]) GROUP BY dataset_id`, [workspaceId, ids]),
        accounts.members(workspaceId),
        modelChoice.unavailable(workspaceId, rows),
        tags.of(workspaceId, ids),
        fields.of(workspaceId, ids),
        bindings.of(workspaceId, rows.filter(({ provider }) => provider === 'external').map(({ id }) => id)),
        shared ? access.members(workspaceId, ids) : undefined,
      ])
      const names = new Map(people.map(({ accountId, name }) => [accountId, name]))
      const counts = new Map(counted.map((one) => [one.dataset_id, one]))
      return rows.map((row) => {
        const { documents = 0, available = 0, words = 0 } = counts.get(row.id) ?? {}
        return presentDataset(row, {
          documents, available, words, tags: tagged.get(row.id) ?? [], external: bound.get(row.id), fields: described.get(row.id) ?? [], authorName: names.get(row.created_by) ?? null, embeddingAvailable: !unavailable.has(row),
          ...members ? { partialMembers: members.get(row.id) ?? [] } : {},
        })
      })
    }
    return {
      present,
      presentOne: async (row, always = false) => {
        const [item] = await present(row.workspace_id, [row], always || row.permission === 'partial_members')
        if (!item) throw new Error('a dataset was lost while it was presented')
        // Without vectors every search goes by words, whatever the setting says.
        const { retrieval_model_dict: settings } = item
        return row.indexing_technique === 'high_quality' ? item : { ...item, retrieval_model_dict: { ...settings, search_method: 'keyword_search' } }
      },
    }
  },
})
