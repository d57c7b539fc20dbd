/** What the console shows and does on the pages of one knowledge base. */
import { route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { presentQuestion } from '../presenters/question.ts'
import { asPage, datasetParams } from '../schemas/common.ts'
import { disableLogs, pageQuery, partUsers, questionPage, relatedApps, useCheck } from '../schemas/console-dataset.ts'
import { success } from '../schemas/indexing.ts'
import { retrieveAnswer, retrieveRequest } from '../schemas/segment.ts'
import { asking } from '../services/asking.ts'
import { datasetAccess } from '../services/dataset-access.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { questions } from '../services/questions.ts'
import { ownerOf } from './datasets.ts'

const ofDataset = {
  surface: 'console', credential: 'account', resource: { dataset: 'params.dataset_id' }, params: datasetParams, errors: [datasetErrors.datasetNotFound, datasetErrors.notShared],
} as const

const search = route({
  ...ofDataset, method: 'POST', path: '/datasets/{dataset_id}/hit-testing', access: 'dataset:retrieve',
  summary: 'Try a question on a knowledge base',
  description: 'Best first. Without a `retrieval_model` that of the dataset holds. The question is kept.',
  uses: { records: datasetRecords, asking },
  body: retrieveRequest,
  reply: retrieveAnswer,
  errors: [...ofDataset.errors, datasetErrors.noProvider, datasetErrors.modelGone, datasetErrors.modelFailed],
  handle: async ({ actor, params, body, signal }, { records, asking }) =>
    asking.ask(ownerOf(actor), await records.reach(actor, params.dataset_id), body, signal),
})

const asked = route({
  ...ofDataset, method: 'GET', path: '/datasets/{dataset_id}/queries', access: 'dataset:read',
  summary: 'What was asked of a knowledge base, the newest first',
  uses: { records: datasetRecords, questions },
  query: pageQuery,
  reply: questionPage,
  handle: async ({ actor, params, query }, { records, questions }) => {
    await records.reach(actor, params.dataset_id)
    const { rows, total, ...page } = await questions.list(actor.workspaceId, params.dataset_id, query)
    return asPage(rows.map(presentQuestion), total, page)
  },
})

const sharedWith = route({
  ...ofDataset, method: 'GET', path: '/datasets/{dataset_id}/permission-part-users', access: 'dataset:read',
  summary: 'The ids of the members that a knowledge base is shared with one by one',
  uses: { records: datasetRecords, access: datasetAccess },
  reply: partUsers,
  handle: async ({ actor, params: { dataset_id: id } }, { records, access }) => {
    await records.reach(actor, id)
    return { data: [...(await access.members(actor.workspaceId, [id])).get(id) ?? []] }
  },
})

const open = (what: 'enable' | 'disable') => route({
  ...ofDataset, method: 'POST', path: `/datasets/{dataset_id}/api-keys/${what}`, access: 'dataset:update',
  summary: what === 'enable' ? 'Let API keys reach a knowledge base' : 'Shut API keys out of a knowledge base',
  uses: { records: datasetRecords, access: datasetAccess },
  reply: success,
  handle: async ({ actor, params }, { records, access }) => {
    await records.reach(actor, params.dataset_id)
    await access.openToKeys(ownerOf(actor), params.dataset_id, what === 'enable')
    return { result: 'success' as const }
  },
})

// There are no apps yet that could use a knowledge base, and nothing here disables a document by itself: so these three ask nobody but
// who may know, and answer in the shape that will stay.
const inUse = route({
  ...ofDataset, method: 'GET', path: '/datasets/{dataset_id}/use-check', access: 'dataset:read',
  summary: 'Whether an app uses a knowledge base',
  uses: { records: datasetRecords },
  reply: useCheck,
  handle: async ({ actor, params }, { records }) => {
    await records.reach(actor, params.dataset_id)
    return { is_using: false }
  },
})
const apps = route({
  ...ofDataset, method: 'GET', path: '/datasets/{dataset_id}/related-apps', access: 'dataset:read',
  summary: 'The apps that use a knowledge base',
  uses: { records: datasetRecords },
  reply: relatedApps,
  handle: async ({ actor, params }, { records }) => {
    await records.reach(actor, params.dataset_id)
    return { data: [], total: 0 }
  },
})
const disabled = route({
  ...ofDataset, method: 'GET', path: '/datasets/{dataset_id}/auto-disable-logs', access: 'document:list',
  summary: 'The documents that were disabled without anybody asking for it',
  uses: { records: datasetRecords },
  reply: disableLogs,
  handle: async ({ actor, params }, { records }) => {
    await records.reach(actor, params.dataset_id)
    return { document_ids: [], count: 0 }
  },
})

export const aboutDatasetRoutes = [search, asked, sharedWith, open('enable'), open('disable'), inUse, apps, disabled]
