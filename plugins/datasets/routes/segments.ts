/** Segments: the passages that a document was cut into, and the search for them. */
import { route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { presentSegment } from '../presenters/segment.ts'
import { asPage, datasetParams, documentParams } from '../schemas/common.ts'
import { retrieveAnswer, retrieveRequest, segmentFilter, segmentPage } from '../schemas/segment.ts'
import { asking } from '../services/asking.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { documentItems } from '../services/document-items.ts'
import { segments } from '../services/segments.ts'
import { ownerOf } from './datasets.ts'

const inDataset = { surface: 'service', credential: 'dataset', resource: { dataset: 'params.dataset_id' } } as const
const mayBeClosed = [datasetErrors.datasetNotFound, datasetErrors.apiDisabled]

const list = route({
  ...inDataset, method: 'GET', path: '/datasets/{dataset_id}/documents/{document_id}/segments', access: 'segment:list', params: documentParams,
  summary: 'List the segments of a document',
  description: 'In the order of the text. `status` may be given several times.',
  uses: { records: datasetRecords, items: documentItems, segments },
  query: segmentFilter,
  reply: segmentPage,
  errors: [...mayBeClosed, datasetErrors.documentNotFound],
  handle: async ({ actor, params, query }, { records, items, segments }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    const [document] = await items.find(actor.workspaceId, params.dataset_id, [params.document_id])
    if (!document) throw datasetErrors.documentNotFound()
    const { rows, total, ...page } = await segments.list(document, query)
    return { ...asPage(rows.map(presentSegment), total, page), doc_form: document.doc_form }
  },
})

const retrieve = (path: '/datasets/{dataset_id}/retrieve' | '/datasets/{dataset_id}/hit-testing', note = '') => route({
  ...inDataset, method: 'POST', path, access: 'dataset:retrieve', params: datasetParams,
  summary: `Search a knowledge base${note}`,
  description: 'Best first. Without a `retrieval_model` that of the dataset holds. A knowledge base without vectors is searched by words, whatever the method.',
  uses: { records: datasetRecords, asking },
  body: retrieveRequest,
  reply: retrieveAnswer,
  errors: [...mayBeClosed, datasetErrors.noProvider, datasetErrors.modelGone, datasetErrors.modelFailed],
  handle: async ({ actor, params, body, signal }, { records, asking }) =>
    asking.ask(ownerOf(actor), await records.open(actor.workspaceId, params.dataset_id), body, signal),
})

export const segmentRoutes = [
  list, retrieve('/datasets/{dataset_id}/retrieve'), retrieve('/datasets/{dataset_id}/hit-testing', ' (an older address of the same)'),
]
