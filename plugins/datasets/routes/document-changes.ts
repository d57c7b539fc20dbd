/** Documents replaced, put in another state, and downloaded together. */
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { reply, route } from '../../../core/index.ts'
import type { Call, FileBody } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { datasetParams, documentParams } from '../schemas/common.ts'
import { createdDocument } from '../schemas/document.ts'
import { archiveRequest, fileUpdate, statusParams, statusRequest, textUpdate } from '../schemas/document-change.ts'
import { success } from '../schemas/indexing.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { documentArchive } from '../services/document-archive.ts'
import { documentItems } from '../services/document-items.ts'
import { documentStatus } from '../services/document-status.ts'
import { documentUpdate } from '../services/document-update.ts'
import { requestKey } from '../services/ingest-requests.ts'
import { ownerOf } from './datasets.ts'
import { made, mayBeRefused, REPEATABLE } from './documents.ts'
import { INERT } from './files.ts'

const inDataset = { surface: 'service', credential: 'dataset', resource: { dataset: 'params.dataset_id' } } as const
const mayBeClosed = [datasetErrors.datasetNotFound, datasetErrors.apiDisabled]
const change = { ...inDataset, access: 'document:update', params: documentParams, reply: createdDocument } as const
const mayStay = [...mayBeRefused, datasetErrors.documentNotFound, datasetErrors.fileNotFound, datasetErrors.archived]
const KEPT = ' It keeps its id, its place and its metadata; what is left out of the settings stays as it is. A document that is disabled, has failed or is being indexed can be updated too, an archived one cannot.'

type Update<Kind extends string, Old extends string> = `/datasets/{dataset_id}/documents/{document_id}/${Kind | Old}`
const updateByText = (path: Update<'update-by-text', 'update_by_text'>, note = '') => route({
  ...change, method: 'POST', path,
  summary: `Replace a document by a text${note}`,
  description: 'Without `text` its content stays: `name` renames it, and a `process_rule` cuts it anew.' + KEPT + REPEATABLE,
  uses: { records: datasetRecords, update: documentUpdate, items: documentItems },
  body: textUpdate,
  errors: mayStay,
  handle: async ({ actor, params, ctx, body }, { records, update, items }) => {
    const dataset = await records.open(actor.workspaceId, params.dataset_id)
    const key = requestKey(actor.id, ctx.req.headers['idempotency-key']?.toString())
    return made(items, actor.workspaceId, dataset.id, await update.byText(ownerOf(actor), dataset, params.document_id, body, key))
  },
})

const updateByFile = (method: 'POST' | 'PATCH', path: Update<'update-by-file', 'update_by_file'> | '/datasets/{dataset_id}/documents/{document_id}', note = '') => route({
  ...change, method, path,
  summary: `Replace a document by a file${note}`,
  description: 'A form with the file in `file` and, in `data`, a JSON object with the same fields as for a text. The document is called like the file unless a `name` is given. '
    + 'Without a file its content stays: `name` renames it, and a `process_rule` cuts it anew.' + KEPT + REPEATABLE,
  uses: { records: datasetRecords, update: documentUpdate, items: documentItems },
  upload: { field: 'file' },
  body: fileUpdate,
  errors: [...mayStay, datasetErrors.unsupportedFileType],
  handle: async ({ actor, params, ctx, files: [file], body: { data } }, { records, update, items }) => {
    const dataset = await records.open(actor.workspaceId, params.dataset_id)
    const key = requestKey(actor.id, ctx.req.headers['idempotency-key']?.toString())
    return made(items, actor.workspaceId, dataset.id, await update.byFile(ownerOf(actor), dataset, params.document_id, file, data, key))
  },
})

const status = route({
  ...inDataset, method: 'PATCH', path: '/datasets/{dataset_id}/documents/status/{action}', access: 'document:update', params: statusParams,
  summary: 'Enable, disable, archive or unarchive documents',
  description: 'All of them, or, where one cannot be disabled because it is not indexed, none. What is disabled or archived is not found; what is archived cannot be changed.',
  uses: { records: datasetRecords, status: documentStatus },
  body: statusRequest,
  reply: success,
  errors: [...mayBeClosed, datasetErrors.invalidAction],
  handle: async ({ actor, params, body }, { records, status }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    await status.change(ownerOf(actor), params.dataset_id, params.action, body.document_ids)
    return { result: 'success' as const }
  },
})

/** Called like nothing that somebody could have chosen. */
export const answerArchive = (ctx: Call['ctx'], body: Readable): FileBody => {
  ctx.set(INERT)
  return { body, mediaType: 'application/zip', name: `${randomUUID().replaceAll('-', '')}.zip` }
}

const archive = route({
  ...inDataset, method: 'POST', path: '/datasets/{dataset_id}/documents/download-zip', access: 'document:read', params: datasetParams,
  summary: 'Download the files of documents as one ZIP archive',
  description: 'Up to 100 documents. A name that several files have gets a number: `a.txt`, `a (1).txt`.',
  uses: { records: datasetRecords, archive: documentArchive },
  body: archiveRequest,
  reply: reply.file,
  errors: [...mayBeClosed, datasetErrors.documentNotFound, datasetErrors.fileNotFound],
  handle: async ({ actor, params, body, ctx }, { records, archive }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    return answerArchive(ctx, await archive.open(actor.workspaceId, params.dataset_id, body.document_ids))
  },
})

const OLD = ' (an older address of the same)'
const one = '/datasets/{dataset_id}/documents/{document_id}'
export const documentChangeRoutes = [
  updateByText(`${one}/update-by-text`), updateByText(`${one}/update_by_text`, OLD),
  updateByFile('PATCH', one), updateByFile('POST', `${one}/update-by-file`, OLD), updateByFile('POST', `${one}/update_by_file`, OLD),
  status, archive,
]
