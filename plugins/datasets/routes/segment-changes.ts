/** Segments made, read, changed and deleted by hand. */
import { reply, route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { presentSegment } from '../presenters/segment.ts'
import { documentParams } from '../schemas/common.ts'
import { segmentParams } from '../schemas/segment.ts'
import { newSegments, segmentAnswer, segmentChangeRequest, segmentsAnswer } from '../schemas/segment-change.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { segmentAccess } from '../services/segment-access.ts'
import { segmentChanges } from '../services/segment-changes.ts'
import { segments } from '../services/segments.ts'
import { ownerOf } from './datasets.ts'

const inDataset = { surface: 'service', credential: 'dataset', resource: { dataset: 'params.dataset_id' } } as const
const one = { ...inDataset, path: '/datasets/{dataset_id}/documents/{document_id}/segments/{segment_id}', params: segmentParams } as const
const mayBeMissing = [datasetErrors.datasetNotFound, datasetErrors.apiDisabled, datasetErrors.documentNotFound]
const mayBeFixed = [...mayBeMissing, datasetErrors.archived]
const mayBeRefused = [...mayBeFixed, datasetErrors.changedMeanwhile, datasetErrors.noProvider, datasetErrors.modelGone, datasetErrors.modelFailed]

const create = route({
  ...inDataset, method: 'POST', path: '/datasets/{dataset_id}/documents/{document_id}/segments', access: 'segment:create', params: documentParams,
  summary: 'Add segments to a document',
  description: 'All of them, behind the last one, or none. They can be found once the answer is there. `answer` belongs to documents of questions and answers, '
    + 'where each segment needs one. A segment is found by its `keywords` too; without any they are taken from the text.',
  uses: { records: datasetRecords, changes: segmentChanges },
  body: newSegments,
  reply: segmentsAnswer,
  errors: mayBeRefused,
  handle: async ({ actor, params, body, signal }, { records, changes }) => {
    const dataset = await records.open(actor.workspaceId, params.dataset_id)
    const { found, docForm } = await changes.add(ownerOf(actor), dataset, params.document_id, body.segments, signal)
    return { data: found.map(presentSegment), doc_form: docForm }
  },
})

const read = route({
  ...one, method: 'GET', access: 'segment:read',
  summary: 'Read a segment',
  uses: { records: datasetRecords, access: segmentAccess, segments },
  reply: segmentAnswer,
  errors: [...mayBeMissing, datasetErrors.segmentNotFound],
  handle: async ({ actor, params }, { records, access, segments }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    const document = await access.document(actor.workspaceId, params.dataset_id, params.document_id)
    const [segment] = await segments.find(document, [params.segment_id])
    if (!segment) throw datasetErrors.segmentNotFound()
    return { data: presentSegment(segment), doc_form: document.doc_form }
  },
})

const change = route({
  ...one, method: 'POST', access: 'segment:update',
  summary: 'Change a segment',
  description: 'What is left out, null or empty stays as it is. `enabled` false disables the segment and changes nothing else; a disabled one is changed only with `enabled` true. '
    + 'The child chunks of a parent stay as they are unless `regenerate_child_chunks` is true.',
  uses: { records: datasetRecords, changes: segmentChanges },
  body: segmentChangeRequest,
  reply: segmentAnswer,
  errors: [...mayBeRefused, datasetErrors.segmentNotFound],
  handle: async ({ actor, params, body, signal }, { records, changes }) => {
    const dataset = await records.open(actor.workspaceId, params.dataset_id)
    const { found, docForm } = await changes.change(ownerOf(actor), dataset, params.document_id, params.segment_id, body.segment, signal)
    return { data: presentSegment(found), doc_form: docForm }
  },
})

const remove = route({
  ...one, method: 'DELETE', access: 'segment:delete',
  summary: 'Delete a segment',
  uses: { records: datasetRecords, changes: segmentChanges },
  reply: reply.empty,
  errors: [...mayBeFixed, datasetErrors.segmentNotFound],
  handle: async ({ actor, params }, { records, changes }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    await changes.remove(ownerOf(actor), params.dataset_id, params.document_id, [params.segment_id])
  },
})

export const segmentChangeRoutes = [create, read, change, remove]
