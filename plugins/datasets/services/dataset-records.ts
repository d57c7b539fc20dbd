/** Datasets as rows: made, found, listed. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { Dataset } from '../models/dataset.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { pageWithTotal, totalOf } from '../queries/page.ts'
import { violates } from '../queries/violates.ts'
import { visibleTo } from '../queries/visible.ts'
import { pageOf } from '../schemas/common.ts'
import type { Found } from '../schemas/common.ts'
import type { DatasetFilter, NewDataset } from '../schemas/dataset.ts'
import { externalBindings } from './external-bindings.ts'
import { asExternal } from './external-settings.ts'
import { modelChoice } from './model-choice.ts'

/** For whom something is done: the workspace, and the account that the rows are made by. */
export interface Owner { readonly workspaceId: string; readonly accountId: string }

export interface DatasetRecords {
  create(owner: Owner, input: NewDataset): Promise<DatasetRow>
  /** Throws 404. */
  find(workspaceId: string, id: string): Promise<DatasetRow>
  /** For people. Throws 404, and 403 where it is not shared with them and they do not hold `any-dataset:reach`. */
  reach(actor: Actor, id: string): Promise<DatasetRow>
  /** For requests with an API key. Throws 404, and 403 where the dataset is closed to them. */
  open(workspaceId: string, id: string): Promise<DatasetRow>
  /** Inside a transaction: keeps others from deleting or changing the dataset until it ends. Throws 404. */
  lock(workspaceId: string, id: string): Promise<DatasetRow>
  /** Newest first. `reach` is what the asking actor may see; on top of it, what other accounts keep to themselves is left out. */
  list(owner: Owner, reach: 'all' | readonly string[], filter: DatasetFilter): Promise<Found<DatasetRow>>
}

export const datasetRecords = service('datasets.records', {
  uses: { db: database, Dataset, bindings: externalBindings, modelChoice },
  create: ({ db, Dataset, bindings, modelChoice }): DatasetRecords => {
    const find = async (workspaceId: string, id: string): Promise<DatasetRow> => {
      const [found] = await db.query<DatasetRow>('SELECT * FROM datasets WHERE workspace_id = $1 AND id = $2', [workspaceId, id], { prepared: true })
      if (!found) throw datasetErrors.datasetNotFound()
      return found
    }
    return {
      find,
      reach: async (actor, id) => {
        const [found] = await db.query<DatasetRow & { visible: boolean }>(
          `SELECT *, ${visibleTo('$3')} AS visible FROM datasets WHERE workspace_id = $1 AND id = $2`, [actor.workspaceId, id, actor.id])
        if (!found) throw datasetErrors.datasetNotFound()
        const { visible, ...dataset } = found
        if (!visible && !actor.can('any-dataset:reach')) throw datasetErrors.notShared()
        return dataset
      },
      open: async (workspaceId, id) => {
        const found = await find(workspaceId, id)
        if (!found.enable_api) throw datasetErrors.apiDisabled()
        return found
      },
      lock: async (workspaceId, id) => {
        const [found] = await db.query<DatasetRow>('SELECT * FROM datasets WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE', [workspaceId, id])
        if (!found) throw datasetErrors.datasetNotFound()
        return found
      },
      create: async ({ workspaceId, accountId }, given) => {
        const { provider = 'vendor' } = given
        const [input, binding] = provider === 'external' ? [asExternal(given, null), await bindings.asked(workspaceId, given)] : [given, undefined]
        refuseSummaries(input.summary_index_setting)
        await modelChoice.checkReranking(workspaceId, input.retrieval_model)
        const needsVectors = input.indexing_technique === 'high_quality'
        const embedding = await modelChoice.named(workspaceId, input) ?? (needsVectors ? await modelChoice.fallback(workspaceId) : undefined)
        if (needsVectors && !embedding) throw datasetErrors.modelUnknown(datasetErrors.noProvider().message)
        const now = new Date()
        try {
          return await db.transaction(async () => {
            const made = await Dataset.create({
              id: randomUUID(), workspace_id: workspaceId, name: input.name, description: input.description ?? '', provider, permission: input.permission ?? 'only_me',
              indexing_technique: input.indexing_technique ?? null, retrieval_model: input.retrieval_model ?? null,
              summary_index_setting: input.summary_index_setting ?? null,
              ...input.indexing_technique === 'economy' || !embedding ? {} : { embedding_model_provider: embedding.provider, embedding_model: embedding.model },
              created_by: accountId, created_at: now, updated_by: accountId, updated_at: now,
            })
            if (binding) await bindings.bind(workspaceId, made.id, binding)
            return made
          })
        } catch (error) {
          throw isNameTaken(error) ? datasetErrors.nameTaken() : error
        }
      },
      list: async ({ workspaceId, accountId }, reach, { keyword = '', include_all: everything = false, tag_ids: tagIds, ...window }) => {
        const { offset, ...page } = pageOf(window)
        const where = `workspace_id = $1 AND ($2::uuid[] IS NULL OR id = ANY ($2)) AND strpos(lower(name), lower($3)) > 0
          AND ($4 OR ${visibleTo('$5')})
          AND (cardinality($6::uuid[]) = 0 OR EXISTS
            (SELECT 1 FROM dataset_tag_bindings b WHERE b.workspace_id = $1 AND b.dataset_id = datasets.id AND b.tag_id = ANY ($6::uuid[])))`
        const values = [workspaceId, reach === 'all' ? null : reach, keyword, everything, accountId, tagIds]
        const selection = { select: 'SELECT *', from: `FROM datasets WHERE ${where}`, order: 'created_at DESC, id', values }
        const rows = await db.query<DatasetRow & { total: number }>(pageWithTotal(selection), [...values, page.limit, offset], { prepared: true })
        return { ...page, rows, total: await totalOf(db, selection, rows, offset) }
      },
    }
  },
})

/** Whether the database refused a row because its dataset's name is taken. */
export const isNameTaken = (error: unknown): boolean => violates(error, 'datasets_name_unique')

export const refuseSummaries = (setting: { enable?: boolean } | null | undefined): void => {
  if (setting?.enable) throw invalid('summary_index_setting', 'Summary indexes are not supported. Send summary_index_setting.enable false, or leave it out.')
}
