/** Knowledge bases themselves. */
import { reply, route } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { asPage, datasetParams } from '../schemas/common.ts'
import { datasetChange, datasetFilter, datasetItem, datasetPage, newDataset } from '../schemas/dataset.ts'
import { datasetChanges } from '../services/dataset-change.ts'
import { datasetItems } from '../services/dataset-items.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import type { Owner } from '../services/dataset-records.ts'
import { deletion } from '../services/deletion.ts'

const withKey = { surface: 'service', credential: 'dataset' } as const
const one = { ...withKey, path: '/datasets/{dataset_id}', resource: { dataset: 'params.dataset_id' }, params: datasetParams } as const
const mayBeClosed = [datasetErrors.datasetNotFound, datasetErrors.apiDisabled]

/** As whom a request acts: what it makes belongs to that account. */
export const ownerOf = (actor: Actor): Owner => ({ workspaceId: actor.workspaceId, accountId: actor.accountId ?? actor.id })

const create = route({
  ...withKey, method: 'POST', path: '/datasets', access: 'dataset:create', resource: 'workspace',
  summary: 'Make an empty knowledge base',
  uses: { records: datasetRecords, items: datasetItems },
  body: newDataset,
  reply: datasetItem,
  errors: [datasetErrors.nameTaken],
  handle: async ({ actor, body }, { records, items }) => items.presentOne(await records.create(ownerOf(actor), body)),
})

const list = route({
  ...withKey, method: 'GET', path: '/datasets', access: 'dataset:list', resource: { dataset: 'filtered' },
  summary: 'List knowledge bases',
  description: 'Newest first. Those that other accounts keep to themselves are left out unless `include_all` is true. With `tag_ids`, those that bear one of them.',
  uses: { records: datasetRecords, items: datasetItems },
  query: datasetFilter,
  reply: datasetPage,
  handle: async ({ actor, query }, { records, items }) => {
    const { rows, total, ...page } = await records.list(ownerOf(actor), actor.reach('dataset:list', 'dataset'), query)
    return asPage(await items.present(actor.workspaceId, rows), total, page)
  },
})

const read = route({
  ...one, method: 'GET', access: 'dataset:read',
  summary: 'Read a knowledge base',
  uses: { items: datasetItems },
  reply: datasetItem,
  errors: mayBeClosed,
  handle: ({ actor, params }, { items }) => items.open(actor.workspaceId, params.dataset_id),
})

const change = route({
  ...one, method: 'PATCH', access: 'dataset:update',
  summary: 'Change a knowledge base',
  description: 'Only the fields that are sent change. Another `indexing_technique` or embedding model indexes all documents anew, and until then they are not found.',
  uses: { records: datasetRecords, changes: datasetChanges, items: datasetItems },
  body: datasetChange,
  reply: datasetItem,
  errors: mayBeClosed,
  handle: async ({ actor, params, body }, { records, changes, items }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    return items.presentOne(await changes.apply(ownerOf(actor), params.dataset_id, body), true)
  },
})

const remove = route({
  ...one, method: 'DELETE', access: 'dataset:delete',
  summary: 'Delete a knowledge base with everything in it',
  uses: { records: datasetRecords, deletion },
  reply: reply.empty,
  errors: mayBeClosed,
  handle: async ({ actor, params }, { records, deletion }) => {
    await records.open(actor.workspaceId, params.dataset_id)
    await deletion.dataset(actor.workspaceId, params.dataset_id)
  },
})

export const datasetRoutes = [create, list, read, change, remove]
