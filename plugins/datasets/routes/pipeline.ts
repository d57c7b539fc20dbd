/**
 * Pipelines come with the workflow engine, and no knowledge base has one yet. Their addresses are there, so that a client is told so: whoever
 * asks is known, may ask, and has asked well, before it is.
 */
import { errors, route } from '../../../core/index.ts'
import type { Route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { datasetParams } from '../schemas/common.ts'
import { nodeParams, nodeRun, pipelineQuery, pipelineRun } from '../schemas/pipeline.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { formats } from '../services/formats.ts'

const withKey = { surface: 'service', credential: 'dataset' } as const
const inDataset = { ...withKey, resource: { dataset: 'params.dataset_id' } } as const
const mayBeClosed = [datasetErrors.datasetNotFound, datasetErrors.apiDisabled]
const NOT_YET = 'Knowledge bases have no pipelines yet; they come with the workflow engine. Until then this is answered with 400.'

export const pipelineRoutes: readonly Route[] = [
  route({
    ...withKey, method: 'POST', path: '/datasets/pipeline/file-upload', access: 'file:create', resource: 'workspace',
    summary: 'Send a file for a pipeline',
    description: NOT_YET,
    uses: { formats },
    upload: { field: 'file', required: true },
    errors: [errors.noFileUploaded, errors.tooManyFiles, errors.filenameMissing, errors.fileTooLarge, datasetErrors.unsupportedFileType, datasetErrors.noPipeline],
    handle: ({ files: [file] }, { formats }) => {
      if (file) formats.labels(file, datasetErrors.unsupportedFileType)
      throw datasetErrors.noPipeline()
    },
  }),
  route({
    ...inDataset, method: 'GET', path: '/datasets/{dataset_id}/pipeline/datasource-plugins', access: 'dataset:read', params: datasetParams,
    summary: 'List the sources of a pipeline',
    description: NOT_YET,
    uses: { records: datasetRecords },
    query: pipelineQuery, errors: [...mayBeClosed, datasetErrors.noPipeline],
    handle: async ({ actor, params }, { records }) => {
      await records.open(actor.workspaceId, params.dataset_id)
      throw datasetErrors.noPipeline()
    },
  }),
  route({
    ...inDataset, method: 'POST', path: '/datasets/{dataset_id}/pipeline/datasource/nodes/{node_id}/run', access: 'document:create', params: nodeParams,
    summary: 'Run one source of a pipeline',
    description: NOT_YET,
    uses: { records: datasetRecords },
    body: nodeRun, errors: [...mayBeClosed, datasetErrors.noPipeline],
    handle: async ({ actor, params }, { records }) => {
      await records.open(actor.workspaceId, params.dataset_id)
      throw datasetErrors.noPipeline()
    },
  }),
  route({
    ...inDataset, method: 'POST', path: '/datasets/{dataset_id}/pipeline/run', access: 'document:create', params: datasetParams,
    summary: 'Run a pipeline',
    description: NOT_YET,
    uses: { records: datasetRecords },
    body: pipelineRun, errors: [...mayBeClosed, datasetErrors.noPipeline],
    handle: async ({ actor, params }, { records }) => {
      await records.open(actor.workspaceId, params.dataset_id)
      throw datasetErrors.noPipeline()
    },
  }),
]
