/** The children of a segment, in parent-child form: the same for programs and for people, but that only people write all at once. */
import { reply, route } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { presentChild } from '../presenters/segment.ts'
import { segmentParams } from '../schemas/segment.ts'
import type { SegmentParams } from '../schemas/segment.ts'
import { childAnswer, childContent, childFilter, childList, childPage, childParams, childrenAnswer } from '../schemas/segment-change.ts'
import { childChunks } from '../services/child-chunks.ts'
import type { ChildPlace } from '../services/child-chunks.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import type { DatasetRecords } from '../services/dataset-records.ts'
import { ownerOf } from './datasets.ts'

const surfaces = {
  service: { surface: 'service', credential: 'dataset', resource: { dataset: 'params.dataset_id' } },
  console: { surface: 'console', credential: 'account', resource: { dataset: 'params.dataset_id' } },
} as const
type Surface = keyof typeof surfaces

const findFor = (surface: Surface) => (records: DatasetRecords, actor: Actor, id: string): Promise<DatasetRow> =>
  surface === 'service' ? records.open(actor.workspaceId, id) : records.reach(actor, id)
const at = (dataset: DatasetRow, { document_id, segment_id }: SegmentParams): ChildPlace => ({ dataset, documentId: document_id, segmentId: segment_id })

const routesOf = (surface: Surface) => {
  const find = findFor(surface)
  const uses = { records: datasetRecords, children: childChunks }
  const many = { ...surfaces[surface], path: '/datasets/{dataset_id}/documents/{document_id}/segments/{segment_id}/child_chunks', params: segmentParams } as const
  const one = { ...surfaces[surface], path: `${many.path}/{child_chunk_id}`, params: childParams } as const
  const mayBeMissing = [
    datasetErrors.datasetNotFound, surface === 'service' ? datasetErrors.apiDisabled : datasetErrors.notShared, datasetErrors.documentNotFound, datasetErrors.segmentNotFound,
  ]
  const mayBeFixed = [...mayBeMissing, datasetErrors.archived]
  const mayBeRefused = [...mayBeFixed, datasetErrors.changedMeanwhile, datasetErrors.noProvider, datasetErrors.modelGone, datasetErrors.modelFailed]
  return [
    route({
      ...many, method: 'POST', access: 'child-chunk:create', uses,
      summary: 'Add a child chunk to a segment',
      description: 'Behind the last one. The segment is found by it once the answer is there.',
      body: childContent, reply: childAnswer, errors: mayBeRefused,
      handle: async ({ actor, params, body, signal }, { records, children }) => {
        const dataset = await find(records, actor, params.dataset_id)
        return { data: presentChild(await children.add(ownerOf(actor), at(dataset, params), body.content, signal)) }
      },
    }),
    route({
      ...many, method: 'GET', access: 'child-chunk:list', uses,
      summary: 'List the child chunks of a segment',
      description: 'In the order of the text.',
      query: childFilter, reply: childPage, errors: mayBeMissing,
      handle: async ({ actor, params, query }, { records, children }) => {
        await find(records, actor, params.dataset_id)
        const { rows, total, page, limit } = await children.list(actor.workspaceId, params.dataset_id, params.document_id, params.segment_id, query)
        return { data: rows.map(presentChild), total, total_pages: Math.ceil(total / limit), page, limit }
      },
    }),
    route({
      ...one, method: 'PATCH', access: 'child-chunk:update', uses,
      summary: 'Change a child chunk',
      body: childContent, reply: childAnswer, errors: [...mayBeRefused, datasetErrors.childChunkNotFound],
      handle: async ({ actor, params, body, signal }, { records, children }) => {
        const dataset = await find(records, actor, params.dataset_id)
        return { data: presentChild(await children.change(ownerOf(actor), at(dataset, params), params.child_chunk_id, body.content, signal)) }
      },
    }),
    route({
      ...one, method: 'DELETE', access: 'child-chunk:delete', uses,
      summary: 'Delete a child chunk',
      reply: reply.empty, errors: [...mayBeFixed, datasetErrors.childChunkNotFound],
      handle: async ({ actor, params }, { records, children }) => {
        const dataset = await find(records, actor, params.dataset_id)
        await children.remove(ownerOf(actor), at(dataset, params), params.child_chunk_id)
      },
    }),
    ...surface === 'service' ? [] : [route({
      ...many, method: 'PATCH', access: 'child-chunk:update', uses,
      summary: 'Say what all child chunks of a segment are',
      description: 'What has an `id` is changed, what has none is added, and what is not among them is deleted: all of it, or nothing.',
      body: childList, reply: childrenAnswer, errors: [...mayBeRefused, datasetErrors.childChunkNotFound],
      handle: async ({ actor, params, body, signal }, { records, children }) => {
        const dataset = await find(records, actor, params.dataset_id)
        return { data: (await children.replace(ownerOf(actor), at(dataset, params), body.chunks, signal)).map(presentChild) }
      },
    })],
  ]
}

export const childChunkRoutes = [...routesOf('service'), ...routesOf('console')]
