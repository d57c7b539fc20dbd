/** Fields that the documents of a knowledge base have beside their text, and what the documents have of them. */
import { reply, route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { BUILT_IN } from '../models/metadata.ts'
import { presentField } from '../presenters/metadata.ts'
import { datasetParams } from '../schemas/common.ts'
import { success } from '../schemas/indexing.ts'
import { builtInFields, builtInParams, metadataItem, metadataList, metadataName, metadataOperations, metadataParams, newMetadata } from '../schemas/metadata.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { metadataFields } from '../services/metadata-fields.ts'
import { metadataValues } from '../services/metadata-values.ts'
import { ownerOf } from './datasets.ts'

const inDataset = {
  surface: 'service', credential: 'dataset', resource: { dataset: 'params.dataset_id' }, uses: { records: datasetRecords, fields: metadataFields },
} as const
const mayBeClosed = [datasetErrors.datasetNotFound, datasetErrors.apiDisabled]
const oneField = { ...inDataset, path: '/datasets/{dataset_id}/metadata/{metadata_id}', params: metadataParams } as const

/** What both surfaces say of the same operation. */
export const words = {
  add: {
    summary: 'Add a metadata field',
    description: 'Its name is 1 to 255 characters, unique among the fields of the knowledge base, and none of the built-in ones. A `time` is in seconds since 1970.',
  },
  list: { summary: 'List the metadata fields of a knowledge base', description: 'The oldest first; `count` says how many documents have it.' },
  rename: { summary: 'Rename a metadata field', description: 'All documents that have it keep their values, under the new name. The type stays.' },
  remove: { summary: 'Delete a metadata field, with the values that documents have' },
  builtIn: { summary: 'List the fields that every document has by itself' },
  show: { summary: 'Show the built-in fields with every document, or leave them out', description: 'A search can filter by them in any case.' },
  write: {
    summary: 'Set metadata of several documents',
    description: 'All or nothing. With `partial_update` the fields that are not named keep their values; otherwise they lose them. '
      + 'A field is named by its id and its name; its value is of its type, or null.',
  },
} as const

const add = route({
  ...inDataset, ...words.add, method: 'POST', path: '/datasets/{dataset_id}/metadata', access: 'metadata:create', params: datasetParams,
  body: newMetadata, reply: metadataItem, status: 201, errors: mayBeClosed,
  handle: async ({ actor, params, body }, { records, fields }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    return presentField(await fields.add(ownerOf(actor), params.dataset_id, body))
  },
})

const list = route({
  ...inDataset, ...words.list, method: 'GET', path: '/datasets/{dataset_id}/metadata', access: 'metadata:list', params: datasetParams,
  reply: metadataList, errors: mayBeClosed,
  handle: async ({ actor, params }, { records, fields }) => {
    const { id, built_in_field_enabled } = await records.open(actor.workspaceId, params.dataset_id)
    return { doc_metadata: await fields.list(actor.workspaceId, id), built_in_field_enabled }
  },
})

const rename = route({
  ...oneField, ...words.rename, method: 'PATCH', access: 'metadata:update',
  body: metadataName, reply: metadataItem, errors: [...mayBeClosed, datasetErrors.metadataNotFound],
  handle: async ({ actor, params, body }, { records, fields }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    return presentField(await fields.rename(ownerOf(actor), params.dataset_id, params.metadata_id, body.name))
  },
})

const remove = route({
  ...oneField, ...words.remove, method: 'DELETE', access: 'metadata:delete',
  reply: reply.empty, errors: [...mayBeClosed, datasetErrors.metadataNotFound],
  handle: async ({ actor, params }, { records, fields }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    await fields.remove(actor.workspaceId, params.dataset_id, params.metadata_id)
  },
})

const builtIn = route({
  ...inDataset, ...words.builtIn, method: 'GET', path: '/datasets/{dataset_id}/metadata/built-in', access: 'metadata:list', params: datasetParams,
  reply: builtInFields, errors: mayBeClosed,
  handle: async ({ actor, params }, { records }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    return { fields: [...BUILT_IN] }
  },
})

const show = route({
  ...inDataset, ...words.show, method: 'POST', path: '/datasets/{dataset_id}/metadata/built-in/{action}', access: 'metadata:update', params: builtInParams,
  reply: success, errors: mayBeClosed,
  handle: async ({ actor, params }, { records, fields }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    await fields.showBuiltIn(ownerOf(actor), params.dataset_id, params.action === 'enable')
    return { result: 'success' as const }
  },
})

const write = route({
  ...inDataset, ...words.write, method: 'POST', path: '/datasets/{dataset_id}/documents/metadata', access: 'metadata:update', params: datasetParams,
  uses: { records: datasetRecords, values: metadataValues },
  body: metadataOperations, reply: success, errors: mayBeClosed,
  handle: async ({ actor, params, body }, { records, values }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    await values.write(actor.workspaceId, params.dataset_id, body.operation_data)
    return { result: 'success' as const }
  },
})

export const metadataRoutes = [add, list, rename, remove, builtIn, show, write]
