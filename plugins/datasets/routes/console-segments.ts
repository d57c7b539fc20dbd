/** The console's view of segments; of their children see `child-chunks.ts`. */
import { reply, route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { presentImport, presentSegment } from '../presenters/segment.ts'
import { asPage, documentParams } from '../schemas/common.ts'
import { success } from '../schemas/indexing.ts'
import { consoleSegmentFilter, segmentParams } from '../schemas/segment.ts'
import { importParams, importState } from '../schemas/segment-import.ts'
import { consoleSegmentPage, newSegment, segmentAnswer, segmentChange, segmentIds, switchParams } from '../schemas/segment-change.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { segmentAccess } from '../services/segment-access.ts'
import { segmentChanges } from '../services/segment-changes.ts'
import { segmentImports } from '../services/segment-imports.ts'
import { segments } from '../services/segments.ts'
import { ownerOf } from './datasets.ts'

const inDataset = { surface: 'console', credential: 'account', resource: { dataset: 'params.dataset_id' } } as const
const all = { ...inDataset, path: '/datasets/{dataset_id}/documents/{document_id}/segments', params: documentParams } as const
const one = { ...inDataset, path: '/datasets/{dataset_id}/documents/{document_id}/segments/{segment_id}', params: segmentParams } as const
const mayBeMissing = [datasetErrors.datasetNotFound, datasetErrors.notShared, datasetErrors.documentNotFound]
const mayBeFixed = [...mayBeMissing, datasetErrors.archived, datasetErrors.segmentNotFound]
const mayBeRefused = [...mayBeFixed, datasetErrors.changedMeanwhile, datasetErrors.noProvider, datasetErrors.modelGone, datasetErrors.modelFailed]
const AS_THERE = ' Those that are not there any more are passed over.'

export const consoleSegmentRoutes = [
  route({
    ...inDataset, method: 'POST', path: '/datasets/{dataset_id}/documents/{document_id}/segment', access: 'segment:create', params: documentParams,
    summary: 'Add a segment to a document',
    uses: { records: datasetRecords, changes: segmentChanges },
    body: newSegment, reply: segmentAnswer, errors: mayBeRefused,
    handle: async ({ actor, params, body, signal }, { records, changes }) => {
      const dataset = await records.reach(actor, params.dataset_id)
      const { found: [made], docForm } = await changes.add(ownerOf(actor), dataset, params.document_id, [body], signal)
      if (!made) throw datasetErrors.segmentNotFound()
      return { data: presentSegment(made), doc_form: docForm }
    },
  }),
  route({
    ...inDataset, method: 'PATCH', path: '/datasets/{dataset_id}/documents/{document_id}/segment/{action}', access: 'segment:update', params: switchParams,
    summary: 'Enable or disable segments',
    description: `What is disabled is not found.${AS_THERE}`,
    uses: { records: datasetRecords, changes: segmentChanges },
    query: segmentIds, reply: success, errors: mayBeFixed,
    handle: async ({ actor, params: { dataset_id: datasetId, document_id: documentId, action }, query }, { records, changes }) => {
      await records.reach(actor, datasetId)
      await changes.switch(ownerOf(actor), datasetId, documentId, query.segment_id, action === 'enable')
      return { result: 'success' as const }
    },
  }),
  route({
    ...all, method: 'GET', access: 'segment:list',
    summary: 'List the segments of a document',
    description: 'In the order of the text. `status` may be given several times.',
    uses: { records: datasetRecords, access: segmentAccess, segments },
    query: consoleSegmentFilter, reply: consoleSegmentPage, errors: mayBeMissing,
    handle: async ({ actor, params, query }, { records, access, segments }) => {
      await records.reach(actor, params.dataset_id)
      const document = await access.document(actor.workspaceId, params.dataset_id, params.document_id)
      const { rows, total, ...page } = await segments.list(document, query)
      return { ...asPage(rows.map(presentSegment), total, page), doc_form: document.doc_form, total_pages: Math.ceil(total / page.limit) }
    },
  }),
  route({
    ...all, method: 'DELETE', access: 'segment:delete',
    summary: 'Delete segments',
    description: `At once.${AS_THERE}`,
    uses: { records: datasetRecords, changes: segmentChanges },
    query: segmentIds, reply: reply.empty, errors: mayBeFixed,
    handle: async ({ actor, params, query }, { records, changes }) => {
      await records.reach(actor, params.dataset_id)
      await changes.remove(ownerOf(actor), params.dataset_id, params.document_id, query.segment_id)
    },
  }),
  route({
    ...one, method: 'PATCH', access: 'segment:update',
    summary: 'Change a segment',
    description: 'As an API key does it.',
    uses: { records: datasetRecords, changes: segmentChanges },
    body: segmentChange, reply: segmentAnswer, errors: mayBeRefused,
    handle: async ({ actor, params, body, signal }, { records, changes }) => {
      const dataset = await records.reach(actor, params.dataset_id)
      const { found, docForm } = await changes.change(ownerOf(actor), dataset, params.document_id, params.segment_id, body, signal)
      return { data: presentSegment(found), doc_form: docForm }
    },
  }),
  route({
    ...one, method: 'DELETE', access: 'segment:delete',
    summary: 'Delete a segment',
    uses: { records: datasetRecords, changes: segmentChanges },
    reply: reply.empty, errors: mayBeFixed,
    handle: async ({ actor, params }, { records, changes }) => {
      await records.reach(actor, params.dataset_id)
      await changes.remove(ownerOf(actor), params.dataset_id, params.document_id, [params.segment_id])
    },
  }),
  route({
    ...inDataset, method: 'POST', path: '/datasets/{dataset_id}/documents/{document_id}/segments/batch_import', access: 'segment:create', params: documentParams,
    summary: 'Add the rows of a CSV file to a document',
    description: 'In the background; `job_id` asks how far it is. Each row is a segment with its text in the first column, and in a document of questions and answers its answer in the second. '
      + 'A first row that names its columns is none. Where one row is not valid, none is added.',
    uses: { records: datasetRecords, imports: segmentImports },
    upload: { field: 'file', required: true },
    reply: importState, errors: [...mayBeMissing, datasetErrors.archived],
    handle: async ({ actor, params, files: [file] }, { records, imports }) => {
      const dataset = await records.reach(actor, params.dataset_id)
      return presentImport(await imports.begin(ownerOf(actor), dataset, params.document_id, file))
    },
  }),
  route({
    surface: 'console', credential: 'account', resource: 'workspace', method: 'GET', path: '/datasets/batch_import_status/{job_id}', access: 'segment:read', params: importParams,
    summary: 'How far the import of a CSV file is',
    description: 'Ask until `job_status` is `completed` or `error`: waiting → processing → completed. An `error` says what to do.',
    uses: { records: datasetRecords, imports: segmentImports },
    reply: importState, errors: [datasetErrors.importNotFound, datasetErrors.notShared],
    handle: async ({ actor, params }, { records, imports }) => {
      const found = await imports.find(actor.workspaceId, params.job_id)
      await records.reach(actor, found.dataset_id)
      return presentImport(found)
    },
  }),
]
