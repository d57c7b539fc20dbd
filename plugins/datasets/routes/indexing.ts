/** The console's view of indexing: how far it is, what failed, and pausing, resuming, retrying. */
import { reply, route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { presentIndexingState } from '../presenters/document.ts'
import { asPage, datasetParams, documentParams } from '../schemas/common.ts'
import { indexingState } from '../schemas/document.ts'
import { processingParams, retryRequest, statePage, stateQuery, success } from '../schemas/indexing.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { documentItems } from '../services/document-items.ts'
import { indexingControl } from '../services/indexing-control.ts'

const inDataset = { surface: 'console', credential: 'account', resource: { dataset: 'params.dataset_id' } } as const
const { documentNotFound, alreadyFinished, beingIndexed } = datasetErrors
const mayBeKept = [datasetErrors.datasetNotFound, datasetErrors.notShared]

const states = (path: '/datasets/{dataset_id}/indexing-status' | '/datasets/{dataset_id}/error-docs', summary: string, status?: 'error') => route({
  ...inDataset, method: 'GET', path, access: 'document:read', params: datasetParams, summary,
  uses: { records: datasetRecords, items: documentItems },
  query: stateQuery, reply: statePage, errors: mayBeKept,
  handle: async ({ actor, params, query }, { records, items }) => {
    await records.reach(actor, params.dataset_id)
    const { rows, total, ...page } = await items.list(actor.workspaceId, params.dataset_id, { ...query, ...status ? { status } : {} })
    return asPage(rows.map(presentIndexingState), total, page)
  },
})

export const indexingRoutes = [
  states('/datasets/{dataset_id}/indexing-status', 'How far the indexing of each document is, the newest first'),
  states('/datasets/{dataset_id}/error-docs', 'The documents that could not be indexed, and why, the newest first', 'error'),
  route({
    ...inDataset, method: 'GET', path: '/datasets/{dataset_id}/documents/{document_id}/indexing-status', access: 'document:read', params: documentParams,
    summary: 'How far the indexing of a document is',
    uses: { records: datasetRecords, items: documentItems },
    reply: indexingState, errors: [...mayBeKept, documentNotFound],
    handle: async ({ actor, params }, { records, items }) => {
      await records.reach(actor, params.dataset_id)
      const [document] = await items.find(actor.workspaceId, params.dataset_id, [params.document_id])
      if (!document) throw documentNotFound()
      return presentIndexingState(document)
    },
  }),
  route({
    ...inDataset, method: 'PATCH', path: '/datasets/{dataset_id}/documents/{document_id}/processing/{action}', access: 'document:update', params: processingParams,
    summary: 'Pause or resume the indexing of a document',
    description: 'A paused document keeps what is done, and is not found. To pause what is paused, or resume what runs, changes nothing.',
    uses: { records: datasetRecords, control: indexingControl },
    reply: success, errors: [...mayBeKept, documentNotFound, alreadyFinished],
    handle: async ({ actor, params: { dataset_id: datasetId, document_id: id, action } }, { records, control }) => {
      await records.reach(actor, datasetId)
      await control[action](actor.workspaceId, datasetId, id)
      return { result: 'success' as const }
    },
  }),
  route({
    ...inDataset, method: 'POST', path: '/datasets/{dataset_id}/retry', access: 'document:update', params: datasetParams,
    summary: 'Index documents anew that have failed or are paused',
    description: 'All of them, or, where one cannot be retried, none.',
    uses: { records: datasetRecords, control: indexingControl },
    body: retryRequest, reply: reply.empty, errors: [...mayBeKept, documentNotFound, alreadyFinished, beingIndexed],
    handle: async ({ actor, params, body }, { records, control }) => {
      await records.reach(actor, params.dataset_id)
      await control.retry(actor.workspaceId, params.dataset_id, body.document_ids)
    },
  }),
]
