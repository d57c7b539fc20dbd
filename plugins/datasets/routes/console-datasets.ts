/** The console's knowledge bases, each for those that it is shared with. */
import { reply, route } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { asPage, datasetParams } from '../schemas/common.ts'
import { consoleFilter, retrievalSetting } from '../schemas/console-dataset.ts'
import { datasetChange, datasetItem, datasetPage, newDataset } from '../schemas/dataset.ts'
import { datasetAccess } from '../services/dataset-access.ts'
import { datasetChanges } from '../services/dataset-change.ts'
import { datasetItems } from '../services/dataset-items.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { deletion } from '../services/deletion.ts'
import { aboutDatasetRoutes } from './console-dataset-pages.ts'
import { ownerOf } from './datasets.ts'

const withSession = { surface: 'console', credential: 'account' } as const
const one = { ...withSession, path: '/datasets/{dataset_id}', resource: { dataset: 'params.dataset_id' }, params: datasetParams } as const
const mayBeKept = [datasetErrors.datasetNotFound, datasetErrors.notShared]

const list = route({
  ...withSession, method: 'GET', path: '/datasets', access: 'dataset:list', resource: { dataset: 'filtered' },
  summary: 'List the knowledge bases that one sees',
  description: 'Newest first. `ids` takes those alone, `tag_ids` those that bear one of the tags. `include_all` shows owners and admins also what others keep to themselves.',
  uses: { records: datasetRecords, items: datasetItems },
  query: consoleFilter,
  reply: datasetPage,
  handle: async ({ actor, query: { ids, include_all: everything = false, ...filter } }, { records, items }) => {
    const reach = actor.reach('dataset:list', 'dataset')
    const asked = ids.length === 0 ? reach : ids.filter((id) => reach === 'all' || reach.includes(id))
    const { rows, total, ...page } = await records.list(ownerOf(actor), asked, { ...filter, include_all: everything && actor.can('any-dataset:reach') })
    return asPage(await items.present(actor.workspaceId, rows, true), total, page)
  },
})

const create = route({
  ...withSession, method: 'POST', path: '/datasets', access: 'dataset:create', resource: 'workspace', status: 201,
  summary: 'Make an empty knowledge base',
  uses: { records: datasetRecords, items: datasetItems, access: datasetAccess },
  body: newDataset,
  reply: datasetItem,
  errors: [datasetErrors.nameTaken, datasetErrors.mayNotShare],
  handle: async ({ actor, body }, { records, items, access }) => {
    await access.check(actor, body)
    return items.presentOne(await records.create(ownerOf(actor), body))
  },
})

const read = route({
  ...one, method: 'GET', access: 'dataset:read',
  summary: 'Read a knowledge base',
  uses: { records: datasetRecords, items: datasetItems },
  reply: datasetItem,
  errors: mayBeKept,
  handle: async ({ actor, params }, { records, items }) => items.presentOne(await records.reach(actor, params.dataset_id)),
})

const change = route({
  ...one, method: 'PATCH', access: 'dataset:update',
  summary: 'Change a knowledge base',
  description: 'Only the fields that are sent change. `partial_member_list` replaces the members that it is shared with, and counts only beside the permission `partial_members`.',
  uses: { records: datasetRecords, changes: datasetChanges, items: datasetItems, access: datasetAccess },
  body: datasetChange,
  reply: datasetItem,
  errors: [...mayBeKept, datasetErrors.mayNotShare],
  handle: async ({ actor, params, body }, { records, changes, items, access }) => {
    await access.check(actor, body, await records.reach(actor, params.dataset_id))
    return items.presentOne(await changes.apply(ownerOf(actor), params.dataset_id, body), true)
  },
})

const remove = route({
  ...one, method: 'DELETE', access: 'dataset:delete',
  summary: 'Delete a knowledge base with everything in it',
  uses: { records: datasetRecords, deletion },
  reply: reply.empty,
  errors: mayBeKept,
  handle: async ({ actor, params }, { records, deletion }) => {
    await records.reach(actor, params.dataset_id)
    await deletion.dataset(actor.workspaceId, params.dataset_id)
  },
})

const methods = route({
  ...withSession, method: 'GET', path: '/datasets/retrieval-setting', access: 'dataset:list', resource: 'workspace',
  summary: 'By which methods a knowledge base with vectors can be searched',
  reply: retrievalSetting,
  handle: () => ({ retrieval_method: ['semantic_search' as const, 'full_text_search' as const, 'hybrid_search' as const] }),
})

export const consoleDatasetRoutes = [list, create, read, change, remove, methods, ...aboutDatasetRoutes]
