/** The console's view of documents. */
import { reply, route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { presentConsoleDocument, presentDocumentView, presentIndexingState } from '../presenters/document.ts'
import { asPage, datasetParams, documentParams } from '../schemas/common.ts'
import { batchParams, consoleDocumentFilter, consoleDocumentItem, consoleDocumentPage, documentView, documentViewQuery, indexingStates } from '../schemas/document.ts'
import { archiveRequest, documentsQuery, newName, statusParams } from '../schemas/document-change.ts'
import { linkReply } from '../schemas/file.ts'
import { success } from '../schemas/indexing.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { deletion } from '../services/deletion.ts'
import { documentArchive } from '../services/document-archive.ts'
import { documentItems } from '../services/document-items.ts'
import { documentStatus } from '../services/document-status.ts'
import { documentUpdate } from '../services/document-update.ts'
import { fileLinks } from '../services/file-links.ts'
import { ownerOf } from './datasets.ts'
import { answerArchive } from './document-changes.ts'
import { linkTo } from './files.ts'

const inDataset = { surface: 'console', credential: 'account', resource: { dataset: 'params.dataset_id' } } as const
const [all, one] = ['/datasets/{dataset_id}/documents', '/datasets/{dataset_id}/documents/{document_id}'] as const
const mayBeKept = [datasetErrors.datasetNotFound, datasetErrors.notShared]
const mayBeGone = [...mayBeKept, datasetErrors.documentNotFound]
const mayBeArchived = [...mayBeGone, datasetErrors.archived]

export const consoleDocumentRoutes = [
  route({
    ...inDataset, method: 'GET', path: all, access: 'document:list', params: datasetParams,
    summary: 'List the documents of a knowledge base',
    description: 'Newest first, unless `sort` says otherwise. `status` is one of queuing, indexing, paused, error, available, disabled, archived; any other filters nothing.',
    uses: { records: datasetRecords, items: documentItems },
    query: consoleDocumentFilter, reply: consoleDocumentPage, errors: mayBeKept,
    handle: async ({ actor, params, query }, { records, items }) => {
      await records.reach(actor, params.dataset_id)
      const { rows, total, ...page } = await items.list(actor.workspaceId, params.dataset_id, query)
      return asPage(rows.map(presentConsoleDocument), total, page)
    },
  }),
  route({
    ...inDataset, method: 'DELETE', path: all, access: 'document:delete', params: datasetParams,
    summary: 'Delete documents',
    description: 'All of them, or, where one is not there or archived, none.',
    uses: { records: datasetRecords, deletion },
    query: documentsQuery, reply: reply.empty, errors: mayBeArchived,
    handle: async ({ actor, params, query }, { records, deletion }) => {
      await records.reach(actor, params.dataset_id)
      await deletion.documents(actor.workspaceId, params.dataset_id, query.document_id)
    },
  }),
  route({
    ...inDataset, method: 'GET', path: one, access: 'document:read', params: documentParams,
    summary: 'Read a document',
    uses: { records: datasetRecords, items: documentItems },
    query: documentViewQuery, reply: documentView, errors: [...mayBeGone, datasetErrors.invalidMetadata],
    handle: async ({ actor, params, query: { metadata } }, { records, items }) => {
      if (metadata !== 'all' && metadata !== 'only' && metadata !== 'without') throw datasetErrors.invalidMetadata()
      await records.reach(actor, params.dataset_id)
      const [document] = await items.find(actor.workspaceId, params.dataset_id, [params.document_id])
      if (!document) throw datasetErrors.documentNotFound()
      return presentDocumentView(document, await items.rules(document), metadata)
    },
  }),
  route({
    ...inDataset, method: 'DELETE', path: one, access: 'document:delete', params: documentParams,
    summary: 'Delete a document',
    uses: { records: datasetRecords, deletion },
    reply: reply.empty, errors: mayBeArchived,
    handle: async ({ actor, params }, { records, deletion }) => {
      await records.reach(actor, params.dataset_id)
      await deletion.documents(actor.workspaceId, params.dataset_id, [params.document_id])
    },
  }),
  route({
    ...inDataset, method: 'POST', path: `${one}/rename`, access: 'document:update', params: documentParams,
    summary: 'Give a document another name',
    description: 'The file that it was made from is downloaded under that name too.',
    uses: { records: datasetRecords, update: documentUpdate, items: documentItems },
    body: newName, reply: consoleDocumentItem, errors: mayBeArchived,
    handle: async ({ actor, params, body }, { records, update, items }) => {
      await records.reach(actor, params.dataset_id)
      await update.rename(actor.workspaceId, params.dataset_id, params.document_id, body.name)
      const [document] = await items.find(actor.workspaceId, params.dataset_id, [params.document_id])
      if (!document) throw datasetErrors.documentNotFound()
      return presentConsoleDocument(document)
    },
  }),
  route({
    ...inDataset, method: 'GET', path: `${one}/download`, access: 'document:read', params: documentParams,
    summary: 'Get a link to the file of a document',
    description: 'The link serves the file for a few minutes to whoever has it.',
    uses: { records: datasetRecords, items: documentItems, links: fileLinks },
    reply: linkReply, errors: [...mayBeGone, datasetErrors.fileNotFound],
    handle: async ({ actor, params }, { records, items, links }) => {
      await records.reach(actor, params.dataset_id)
      return linkTo(actor.workspaceId, params, items, links)
    },
  }),
  route({
    ...inDataset, method: 'POST', path: `${all}/download-zip`, access: 'document:read', params: datasetParams,
    summary: 'Download the files of documents as one ZIP archive',
    uses: { records: datasetRecords, archive: documentArchive },
    body: archiveRequest, reply: reply.file, errors: [...mayBeGone, datasetErrors.fileNotFound],
    handle: async ({ actor, params, body, ctx }, { records, archive }) => {
      await records.reach(actor, params.dataset_id)
      return answerArchive(ctx, await archive.open(actor.workspaceId, params.dataset_id, body.document_ids))
    },
  }),
  route({
    ...inDataset, method: 'PATCH', path: `${all}/status/{action}/batch`, access: 'document:update', params: statusParams,
    summary: 'Enable, disable, archive or unarchive documents',
    description: 'All of them, or, where one cannot be disabled because it is not indexed, none.',
    uses: { records: datasetRecords, status: documentStatus },
    query: documentsQuery, reply: success, errors: [...mayBeKept, datasetErrors.invalidAction],
    handle: async ({ actor, params, query }, { records, status }) => {
      await records.reach(actor, params.dataset_id)
      await status.change(ownerOf(actor), params.dataset_id, params.action, query.document_id)
      return { result: 'success' as const }
    },
  }),
  route({
    ...inDataset, method: 'GET', path: '/datasets/{dataset_id}/batch/{batch}/indexing-status', access: 'document:read', params: batchParams,
    summary: 'How far the indexing of a batch is',
    uses: { records: datasetRecords, items: documentItems },
    reply: indexingStates, errors: [...mayBeKept, datasetErrors.batchNotFound],
    handle: async ({ actor, params }, { records, items }) => {
      await records.reach(actor, params.dataset_id)
      const rows = await items.batch(actor.workspaceId, params.dataset_id, params.batch)
      if (rows.length === 0) throw datasetErrors.batchNotFound()
      return { data: rows.map(presentIndexingState) }
    },
  }),
]
