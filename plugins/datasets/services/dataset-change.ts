/**
 * Changing the settings of a dataset. Where its vectors are to be made in another way, its segments stay as they are and are embedded
 * (again); meanwhile its documents are not found. Where it is to have none any more, it is searched by words from that moment on, and
 * the vectors are removed in the background.
 */
import { database, errors, queue, service } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { dropVectors } from '../jobs/drop-vectors.ts'
import { resumeIndexing } from '../jobs/resume-indexing.ts'
import { Dataset, DatasetGrant, embeddingModelOf } from '../models/dataset.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { DatasetChange } from '../schemas/dataset.ts'
import { datasetRecords, isNameTaken, refuseSummaries } from './dataset-records.ts'
import type { Owner } from './dataset-records.ts'
import { externalBindings } from './external-bindings.ts'
import { asExternal } from './external-settings.ts'
import { methodOf } from './indexing-entries.ts'
import { modelChoice } from './model-choice.ts'

// What has been cut stays, edited as it may be; the rest begins from its file. Due at once: whoever next looks for documents without
// progress takes them up.
const embedAnew = `
  UPDATE documents SET indexing_status = 'waiting', error = NULL, stalls = 0, tokens = 0, indexing_latency = NULL, processing_started_at = NULL,
    completed_at = NULL, stopped_at = NULL, checked_at = 'epoch', updated_at = now(),
    generation = generation + CASE WHEN splitting_completed_at IS NULL THEN 1 ELSE 0 END,
    parsing_completed_at = CASE WHEN splitting_completed_at IS NULL THEN NULL ELSE parsing_completed_at END
  WHERE workspace_id = $1 AND dataset_id = $2`
// What could not be embedded can be found by its words.
const doWithout = `
  UPDATE documents SET indexing_status = 'indexing', error = NULL, stalls = 0, stopped_at = NULL, checked_at = 'epoch', updated_at = now()
  WHERE workspace_id = $1 AND dataset_id = $2 AND indexing_status = 'error' AND splitting_completed_at IS NOT NULL`

export interface DatasetChanges {
  /** Changes the fields that are given; null counts as not given, but for the description. Throws 400, 404. */
  apply(owner: Owner, id: string, change: DatasetChange): Promise<DatasetRow>
}

export const datasetChanges = service('datasets.changes', {
  uses: { db: database, queue, Dataset, DatasetGrant, records: datasetRecords, bindings: externalBindings, modelChoice },
  create: ({ db, queue, Dataset, DatasetGrant, records, bindings, modelChoice }): DatasetChanges => {
    /** How the dataset is to be indexed from now on. */
    const indexing = async (before: DatasetRow, change: DatasetChange): Promise<Partial<DatasetRow>> => {
      const named = await modelChoice.named(before.workspace_id, change)
      const technique = change.indexing_technique ?? before.indexing_technique
      if (technique === 'economy') return { indexing_technique: technique, embedding_model_provider: null, embedding_model: null }
      const model = named ?? embeddingModelOf(before) ?? (technique === 'high_quality' ? await modelChoice.fallback(before.workspace_id) : undefined)
      if (technique === 'high_quality' && !model) throw datasetErrors.modelUnknown(datasetErrors.noProvider().message)
      return { indexing_technique: technique, embedding_model_provider: model?.provider ?? null, embedding_model: model?.model ?? null }
    }
    const share = async (before: DatasetRow, { permission, partial_member_list: members }: DatasetChange): Promise<void> => {
      const of = { workspace_id: before.workspace_id, dataset_id: before.id }
      if (!permission || permission === 'partial_members' && !members) return
      await DatasetGrant.destroy({ where: of })
      if (permission !== 'partial_members' || !members) return
      await DatasetGrant.bulkCreate([...new Set(members.map(({ user_id }) => user_id))].map((account_id) => ({ ...of, account_id, created_at: new Date() })))
    }
    const reindex = async ({ workspace_id, id, indexing_technique }: DatasetRow): Promise<void> => {
      await db.query(indexing_technique === 'economy' ? doWithout : embedAnew, [workspace_id, id])
      await queue.enqueue(resumeIndexing, {}, { key: 'resume' })
      if (indexing_technique === 'economy') await queue.enqueue(dropVectors, { workspace_id, dataset_id: id }, { key: id, group: workspace_id })
    }

    return {
      apply: async ({ workspaceId, accountId }, id, asked) => {
        refuseSummaries(asked.summary_index_setting)
        await modelChoice.checkReranking(workspaceId, asked.retrieval_model)
        // Models are asked outside the transaction: a provider may be far away.
        const found = await records.find(workspaceId, id)
        const isExternal = found.provider === 'external'
        const change = isExternal ? asExternal(asked, found.retrieval_model) : asked
        const binding = isExternal ? await bindings.asked(workspaceId, asked, id) : undefined
        const settled = change.indexing_technique || change.embedding_model || change.embedding_model_provider ? await indexing(found, change) : undefined
        return db.transaction(async () => {
          const before = await records.lock(workspaceId, id)
          if (settled && methodOf(before) !== methodOf(found)) {
            throw errors.conflict('Somebody else changed how this dataset is indexed at the same moment. Read it and send the change again.')
          }
          if (binding) await bindings.bind(workspaceId, id, binding)
          await share(before, change)
          const values: Partial<DatasetRow> = {
            ...settled,
            ...change.name ? { name: change.name } : {},
            ...change.description === undefined ? {} : { description: change.description ?? '' },
            ...change.permission ? { permission: change.permission } : {},
            ...change.retrieval_model ? { retrieval_model: change.retrieval_model } : {},
            ...change.summary_index_setting ? { summary_index_setting: change.summary_index_setting } : {},
            updated_by: accountId, updated_at: new Date(),
          }
          try {
            await Dataset.update(values, { where: { workspace_id: workspaceId, id } })
          } catch (error) {
            throw isNameTaken(error) ? invalid('name', 'Dataset name already exists. Choose another name.') : error
          }
          const after = { ...before, ...values }
          if (before.indexing_technique !== null && methodOf(before) !== methodOf(after)) await reindex(after)
          return after
        })
      },
    }
  },
})
