/** Knowledge that lies outside: by whose addresses it is asked, and how others ask for ours. */
import { reply, route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { presentApi } from '../presenters/external.ts'
import { asPage } from '../schemas/common.ts'
import { datasetItem } from '../schemas/dataset.ts'
import {
  externalApiChange, externalApiFilter, externalApiItem, externalApiPage, externalApiParams, newExternalApi, newExternalDataset, useCheck,
} from '../schemas/external.ts'
import { datasetItems } from '../services/dataset-items.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { externalApis } from '../services/external-apis.ts'
import { ownerOf } from './datasets.ts'
import { externalSearchRoutes } from './external-search.ts'

const ofWorkspace = { surface: 'console', credential: 'account', resource: 'workspace' } as const
const all = { ...ofWorkspace, path: '/datasets/external-knowledge-api', uses: { apis: externalApis } } as const
const one = { ...all, path: '/datasets/external-knowledge-api/{external_knowledge_api_id}', params: externalApiParams } as const
const missing = datasetErrors.externalApiNotFound

const list = route({
  ...all, method: 'GET', access: 'external-knowledge:list',
  summary: 'The external knowledge services that the workspace has entered',
  query: externalApiFilter, reply: externalApiPage,
  handle: async ({ actor, query }, { apis }) => {
    const { rows, total, ...page } = await apis.list(actor, query)
    return asPage(rows.map(presentApi), total, page)
  },
})

const create = route({
  ...all, method: 'POST', access: 'external-knowledge:create', status: 201,
  summary: 'Enter an external knowledge service',
  description: 'It is asked at `<endpoint>/retrieval`, with the key as a bearer token, and not before somebody searches. The key is stored encrypted and shown to nobody.',
  body: newExternalApi, reply: externalApiItem, errors: [datasetErrors.externalKeyNeeded],
  handle: async ({ actor, body }, { apis }) => presentApi(await apis.create(actor, body)),
})

const read = route({
  ...one, method: 'GET', access: 'external-knowledge:read',
  summary: 'An external knowledge service, without its key',
  reply: externalApiItem, errors: [missing],
  handle: async ({ actor, params }, { apis }) => presentApi(await apis.find(actor, params.external_knowledge_api_id)),
})

const change = route({
  ...one, method: 'PATCH', access: 'external-knowledge:update',
  summary: 'Change an external knowledge service',
  description: 'Only what is sent changes. A key that comes as it is shown stays as it is, unless the endpoint changes: then it must be entered again.',
  body: externalApiChange, reply: externalApiItem, errors: [missing, datasetErrors.externalKeyNeeded],
  handle: async ({ actor, params, body }, { apis }) => presentApi(await apis.change(actor, params.external_knowledge_api_id, body)),
})

const remove = route({
  ...one, method: 'DELETE', access: 'external-knowledge:delete',
  summary: 'Forget an external knowledge service, which no knowledge base may ask any more',
  reply: reply.empty, errors: [missing, datasetErrors.externalApiInUse],
  handle: ({ actor, params }, { apis }) => apis.remove(actor, params.external_knowledge_api_id),
})

const check = route({
  ...one, method: 'GET', path: '/datasets/external-knowledge-api/{external_knowledge_api_id}/use-check', access: 'external-knowledge:read',
  summary: 'How many knowledge bases ask an external knowledge service',
  reply: useCheck, errors: [missing],
  handle: async ({ actor, params }, { apis }) => {
    const count = await apis.uses(actor.workspaceId, params.external_knowledge_api_id)
    return { is_using: count > 0, count }
  },
})

const createDataset = route({
  ...ofWorkspace, method: 'POST', path: '/datasets/external', access: 'dataset:create', status: 201,
  summary: 'Make a knowledge base whose knowledge lies in an external service',
  uses: { records: datasetRecords, items: datasetItems },
  body: newExternalDataset, reply: datasetItem, errors: [datasetErrors.nameTaken],
  handle: async ({ actor, body }, { records, items }) => items.presentOne(await records.create(ownerOf(actor), { ...body, provider: 'external' })),
})

export const externalRoutes = [list, create, read, change, remove, check, createDataset, ...externalSearchRoutes]
