/** The documents of a knowledge base: how they come in, how far they are, how they go. */
import { reply, route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { presentDocument, presentDocumentView, presentIndexingState } from '../presenters/document.ts'
import { asPage, datasetParams, documentParams } from '../schemas/common.ts'
import {
  batchParams, createdDocument, documentFilter, documentPage, documentView, documentViewQuery, fileDocument, indexingStates, textDocument,
} from '../schemas/document.ts'
import type { CreatedDocument } from '../schemas/document.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { deletion } from '../services/deletion.ts'
import { documentItems } from '../services/document-items.ts'
import type { DocumentItems } from '../services/document-items.ts'
import { requestKey } from '../services/ingest-requests.ts'
import type { Made } from '../services/ingest-requests.ts'
import { intake } from '../services/intake.ts'
import { ownerOf } from './datasets.ts'

const inDataset = { surface: 'service', credential: 'dataset', resource: { dataset: 'params.dataset_id' } } as const
const mayBeClosed = [datasetErrors.datasetNotFound, datasetErrors.apiDisabled]

export const REPEATABLE = ' A request that bears the header `Idempotency-Key` (1 to 255 printable characters, such as a UUID) can be repeated: for a day, unless the operator chose otherwise, '
  + 'the same key and content give the same document and batch, and make nothing.'
export const mayBeRefused = [...mayBeClosed, datasetErrors.noProvider, datasetErrors.madeAndDeleted, datasetErrors.keyReused]
/** The document as it is now; it may have been made by an earlier request. */
export const made = async (items: DocumentItems, workspaceId: string, datasetId: string, { ids, batch }: Made): Promise<CreatedDocument> => {
  const [document] = await items.find(workspaceId, datasetId, ids)
  if (!document) throw datasetErrors.madeAndDeleted()
  return { document: presentDocument(document), batch }
}

const createByText = (path: '/datasets/{dataset_id}/document/create-by-text' | '/datasets/{dataset_id}/document/create_by_text', note = '') => route({
  ...inDataset, method: 'POST', path, access: 'document:create', params: datasetParams,
  summary: `Add a document by its text${note}`,
  description: 'Indexing goes on in the background; the `batch` of the answer asks for its progress. '
    + `Unless \`duplicate\` is false, a document of the same name is replaced and keeps its id.${REPEATABLE}`,
  uses: { records: datasetRecords, intake, items: documentItems },
  body: textDocument,
  reply: createdDocument,
  errors: mayBeRefused,
  handle: async ({ actor, params, ctx, body: { name, text, ...settings } }, { records, intake, items }) => {
    const dataset = await records.open(actor.workspaceId, params.dataset_id)
    const key = requestKey(actor.id, ctx.req.headers['idempotency-key']?.toString())
    return made(items, actor.workspaceId, dataset.id, await intake.texts(ownerOf(actor), dataset, [{ name, text }], settings, key))
  },
})

const createByFile = (path: '/datasets/{dataset_id}/document/create-by-file' | '/datasets/{dataset_id}/document/create_by_file', note = '') => route({
  ...inDataset, method: 'POST', path, access: 'document:create', params: datasetParams,
  summary: `Add a document by a file${note}`,
  description: 'A form with the file in `file` and, in `data`, a JSON object with the same fields as for a text, but for `name` and `text`.' + REPEATABLE,
  uses: { records: datasetRecords, intake, items: documentItems },
  upload: { field: 'file', required: true },
  body: fileDocument,
  reply: createdDocument,
  errors: mayBeRefused,
  handle: async ({ actor, params, ctx, files: [file], body: { data } }, { records, intake, items }) => {
    const dataset = await records.open(actor.workspaceId, params.dataset_id)
    const key = requestKey(actor.id, ctx.req.headers['idempotency-key']?.toString())
    return made(items, actor.workspaceId, dataset.id, await intake.upload(ownerOf(actor), dataset, file, data, key))
  },
})

const list = route({
  ...inDataset, method: 'GET', path: '/datasets/{dataset_id}/documents', access: 'document:list', params: datasetParams,
  summary: 'List the documents of a knowledge base',
  description: 'Newest first. `status` is one of queuing, indexing, paused, error, available, disabled, archived; any other filters nothing.',
  uses: { records: datasetRecords, items: documentItems },
  query: documentFilter,
  reply: documentPage,
  errors: mayBeClosed,
  handle: async ({ actor, params, query }, { records, items }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    const { rows, total, ...page } = await items.list(actor.workspaceId, params.dataset_id, query)
    return asPage(rows.map(presentDocument), total, page)
  },
})

const read = route({
  ...inDataset, method: 'GET', path: '/datasets/{dataset_id}/documents/{document_id}', access: 'document:read', params: documentParams,
  summary: 'Read a document',
  uses: { records: datasetRecords, items: documentItems },
  query: documentViewQuery,
  reply: documentView,
  errors: [...mayBeClosed, datasetErrors.documentNotFound, datasetErrors.invalidMetadata],
  handle: async ({ actor, params, query: { metadata } }, { records, items }) => {
    if (metadata !== 'all' && metadata !== 'only' && metadata !== 'without') throw datasetErrors.invalidMetadata()
    await records.open(actor.workspaceId, params.dataset_id)
    const [document] = await items.find(actor.workspaceId, params.dataset_id, [params.document_id])
    if (!document) throw datasetErrors.documentNotFound()
    return presentDocumentView(document, await items.rules(document), metadata)
  },
})

const progress = route({
  ...inDataset, method: 'GET', path: '/datasets/{dataset_id}/documents/{batch}/indexing-status', access: 'document:read', params: batchParams,
  summary: 'How far the indexing of a batch is',
  description: 'Ask until every `indexing_status` is `completed` or `error`: waiting → parsing → splitting → indexing → completed.',
  uses: { records: datasetRecords, items: documentItems },
  reply: indexingStates,
  errors: [...mayBeClosed, datasetErrors.batchNotFound],
  handle: async ({ actor, params }, { records, items }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    const rows = await items.batch(actor.workspaceId, params.dataset_id, params.batch)
    if (rows.length === 0) throw datasetErrors.batchNotFound()
    return { data: rows.map(presentIndexingState) }
  },
})

const remove = route({
  ...inDataset, method: 'DELETE', path: '/datasets/{dataset_id}/documents/{document_id}', access: 'document:delete', params: documentParams,
  summary: 'Delete a document',
  uses: { records: datasetRecords, deletion },
  reply: reply.empty,
  errors: [...mayBeClosed, datasetErrors.documentNotFound, datasetErrors.archived],
  handle: async ({ actor, params }, { records, deletion }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    await deletion.documents(actor.workspaceId, params.dataset_id, [params.document_id])
  },
})

const OLD = ' (an older address of the same)'
export const documentRoutes = [
  createByText('/datasets/{dataset_id}/document/create-by-text'), createByText('/datasets/{dataset_id}/document/create_by_text', OLD),
  createByFile('/datasets/{dataset_id}/document/create-by-file'), createByFile('/datasets/{dataset_id}/document/create_by_file', OLD),
  list, read, progress, remove,
]
