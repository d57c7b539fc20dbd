/** The console's view of metadata fields and values. */
import Joi from 'joi'
import { reply, route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { BUILT_IN } from '../models/metadata.ts'
import { presentField } from '../presenters/metadata.ts'
import { datasetParams, documentParams } from '../schemas/common.ts'
import { success } from '../schemas/indexing.ts'
import {
  builtInFields, builtInParams, documentDescription, metadataItem, metadataList, metadataName, metadataOperations, metadataParams, newMetadata,
} from '../schemas/metadata.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { metadataFields } from '../services/metadata-fields.ts'
import { metadataValues } from '../services/metadata-values.ts'
import { ownerOf } from './datasets.ts'
import { words } from './metadata.ts'

const withSession = { surface: 'console', credential: 'account' } as const
const inDataset = { ...withSession, resource: { dataset: 'params.dataset_id' }, uses: { records: datasetRecords, fields: metadataFields } } as const
const oneField = { ...inDataset, path: '/datasets/{dataset_id}/metadata/{metadata_id}', params: metadataParams } as const
const mayBeKept = [datasetErrors.datasetNotFound, datasetErrors.notShared]
const described = Joi.object<{ result: 'success'; message: string }, true>({ result: Joi.string<'success'>().valid('success').required(), message: Joi.string().required() })

export const consoleMetadataRoutes = [
  route({
    ...withSession, ...words.builtIn, method: 'GET', path: '/datasets/metadata/built-in', access: 'metadata:list', resource: 'workspace',
    reply: builtInFields,
    handle: () => ({ fields: [...BUILT_IN] }),
  }),
  route({
    ...inDataset, ...words.add, method: 'POST', path: '/datasets/{dataset_id}/metadata', access: 'metadata:create', params: datasetParams,
    body: newMetadata, reply: metadataItem, status: 201, errors: mayBeKept,
    handle: async ({ actor, params, body }, { records, fields }) => {
      await records.reach(actor, params.dataset_id)
      return presentField(await fields.add(ownerOf(actor), params.dataset_id, body))
    },
  }),
  route({
    ...inDataset, ...words.list, method: 'GET', path: '/datasets/{dataset_id}/metadata', access: 'metadata:list', params: datasetParams,
    reply: metadataList, errors: mayBeKept,
    handle: async ({ actor, params }, { records, fields }) => {
      const { id, built_in_field_enabled } = await records.reach(actor, params.dataset_id)
      return { doc_metadata: await fields.list(actor.workspaceId, id), built_in_field_enabled }
    },
  }),
  route({
    ...oneField, ...words.rename, method: 'PATCH', access: 'metadata:update',
    body: metadataName, reply: metadataItem, errors: [...mayBeKept, datasetErrors.metadataNotFound],
    handle: async ({ actor, params, body }, { records, fields }) => {
      await records.reach(actor, params.dataset_id)
      return presentField(await fields.rename(ownerOf(actor), params.dataset_id, params.metadata_id, body.name))
    },
  }),
  route({
    ...oneField, ...words.remove, method: 'DELETE', access: 'metadata:delete',
    reply: reply.empty, errors: [...mayBeKept, datasetErrors.metadataNotFound],
    handle: async ({ actor, params }, { records, fields }) => {
      await records.reach(actor, params.dataset_id)
      await fields.remove(actor.workspaceId, params.dataset_id, params.metadata_id)
    },
  }),
  route({
    ...inDataset, ...words.show, method: 'POST', path: '/datasets/{dataset_id}/metadata/built-in/{action}', access: 'metadata:update', params: builtInParams,
    reply: success, errors: mayBeKept,
    handle: async ({ actor, params }, { records, fields }) => {
      await records.reach(actor, params.dataset_id)
      await fields.showBuiltIn(ownerOf(actor), params.dataset_id, params.action === 'enable')
      return { result: 'success' as const }
    },
  }),
  route({
    ...inDataset, ...words.write, method: 'POST', path: '/datasets/{dataset_id}/documents/metadata', access: 'metadata:update', params: datasetParams,
    uses: { records: datasetRecords, values: metadataValues },
    body: metadataOperations, reply: reply.empty, errors: mayBeKept,
    handle: async ({ actor, params, body }, { records, values }) => {
      await records.reach(actor, params.dataset_id)
      await values.write(actor.workspaceId, params.dataset_id, body.operation_data)
    },
  }),
  route({
    ...inDataset, method: 'PUT', path: '/datasets/{dataset_id}/documents/{document_id}/metadata', access: 'metadata:update', params: documentParams,
    summary: 'Replace the metadata of one document',
    description: '`doc_metadata` has values by the names of the fields; those that are not named lose theirs. Without `doc_type` that stays as it is.',
    uses: { records: datasetRecords, values: metadataValues },
    body: documentDescription, reply: described, errors: [...mayBeKept, datasetErrors.documentNotFound],
    handle: async ({ actor, params, body }, { records, values }) => {
      await records.reach(actor, params.dataset_id)
      await values.describe(actor.workspaceId, params.dataset_id, params.document_id, body)
      return { result: 'success' as const, message: 'Document metadata updated.' }
    },
  }),
]
