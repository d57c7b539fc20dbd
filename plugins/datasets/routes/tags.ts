/** Words by which knowledge bases are sorted: for keys of the whole workspace, and in the console. */
import { errors, reply, route } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { datasetParams } from '../schemas/common.ts'
import { success } from '../schemas/indexing.ts'
import {
  consoleTagBinding, consoleTagFilter, consoleTagUnbinding, datasetTags, newConsoleTag, newTag, tagBinding, tagChange, tagCount, tagList, tagNamed, tagUnbinding,
} from '../schemas/tag.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { tags } from '../services/tags.ts'
import { ownerOf } from './datasets.ts'

const withKey = { surface: 'service', credential: 'dataset', resource: 'workspace', uses: { tags, records: datasetRecords } } as const
const withSession = { surface: 'console', credential: 'account', resource: 'workspace', uses: { tags, records: datasetRecords } } as const
const ofTag = { ...withSession, path: '/tags/{tag_id}', params: tagNamed } as const
const { datasetNotFound, apiDisabled, notShared, tagNotFound } = datasetErrors

const words = {
  list: { summary: 'List the tags', description: 'The newest first; `binding_count` says how many knowledge bases bear it.' },
  add: { summary: 'Make a tag', description: 'Its name is 1 to 50 characters, unique in the workspace.' },
  rename: { summary: 'Rename a tag' },
  remove: { summary: 'Delete a tag, and take it off every knowledge base' },
  bind: { summary: 'Put tags on a knowledge base', description: 'Tags that do not exist are passed over; those that it bears already stay.' },
  unbind: { summary: 'Take tags off a knowledge base', description: 'The tags themselves stay.' },
} as const
/** The address names no dataset, so whether this one may be touched is asked here; before it is looked up. */
const mayTouch = (actor: Actor, id: string): void => {
  if (!actor.can('tag:update', { type: 'dataset', id })) throw errors.forbidden()
}

const forKeys = [
  route({
    ...withKey, ...words.list, method: 'GET', path: '/datasets/tags', access: 'tag:list',
    reply: tagList,
    handle: ({ actor }, { tags }) => tags.list(actor.workspaceId),
  }),
  route({
    ...withKey, ...words.add, method: 'POST', path: '/datasets/tags', access: 'tag:create',
    body: newTag, reply: tagCount,
    handle: ({ actor, body }, { tags }) => tags.add(ownerOf(actor), body.name),
  }),
  route({
    ...withKey, ...words.rename, method: 'PATCH', path: '/datasets/tags', access: 'tag:update',
    body: tagChange, reply: tagCount, errors: [tagNotFound],
    handle: ({ actor, body }, { tags }) => tags.rename(actor.workspaceId, body.tag_id, body.name),
  }),
  route({
    ...withKey, ...words.remove, method: 'DELETE', path: '/datasets/tags', access: 'tag:delete',
    body: tagNamed, reply: reply.empty, errors: [tagNotFound],
    handle: ({ actor, body }, { tags }) => tags.remove(actor.workspaceId, body.tag_id),
  }),
  route({
    ...withKey, ...words.bind, method: 'POST', path: '/datasets/tags/binding', access: 'tag:update',
    body: tagBinding, reply: reply.empty, errors: [datasetNotFound, apiDisabled],
    handle: async ({ actor, body }, { tags, records }) => {
      mayTouch(actor, body.target_id)
      await records.open(actor.workspaceId, body.target_id)
      await tags.bind(actor.workspaceId, body.target_id, body.tag_ids)
    },
  }),
  route({
    ...withKey, ...words.unbind, method: 'POST', path: '/datasets/tags/unbinding', access: 'tag:update',
    body: tagUnbinding, reply: reply.empty, errors: [datasetNotFound, apiDisabled],
    handle: async ({ actor, body }, { tags, records }) => {
      mayTouch(actor, body.target_id)
      await records.open(actor.workspaceId, body.target_id)
      await tags.unbind(actor.workspaceId, body.target_id, body)
    },
  }),
  route({
    ...withKey, method: 'GET', path: '/datasets/{dataset_id}/tags', access: 'tag:list', resource: { dataset: 'params.dataset_id' }, params: datasetParams,
    summary: 'List the tags of a knowledge base', description: 'In the order of their names.',
    reply: datasetTags, errors: [datasetNotFound, apiDisabled],
    handle: async ({ actor, params }, { tags, records }) => {
      const { id } = await records.open(actor.workspaceId, params.dataset_id)
      const data = ((await tags.of(actor.workspaceId, [id])).get(id) ?? []).map((one) => ({ id: one.id, name: one.name }))
      return { data, total: data.length }
    },
  }),
]

const forPeople = [
  route({
    ...withSession, ...words.list, method: 'GET', path: '/tags', access: 'tag:list',
    query: consoleTagFilter, reply: tagList,
    handle: ({ actor, query }, { tags }) => tags.list(actor.workspaceId, query.keyword),
  }),
  route({
    ...withSession, ...words.add, method: 'POST', path: '/tags', access: 'tag:create',
    body: newConsoleTag, reply: tagCount,
    handle: ({ actor, body }, { tags }) => tags.add(ownerOf(actor), body.name),
  }),
  route({
    ...ofTag, ...words.rename, method: 'PATCH', access: 'tag:update',
    body: newConsoleTag, reply: tagCount, errors: [tagNotFound],
    handle: ({ actor, params, body }, { tags }) => tags.rename(actor.workspaceId, params.tag_id, body.name),
  }),
  route({
    ...ofTag, ...words.remove, method: 'DELETE', access: 'tag:delete',
    reply: reply.empty, errors: [tagNotFound],
    handle: ({ actor, params }, { tags }) => tags.remove(actor.workspaceId, params.tag_id),
  }),
  route({
    ...withSession, ...words.bind, method: 'POST', path: '/tag-bindings/create', access: 'tag:update',
    body: consoleTagBinding, reply: success, errors: [datasetNotFound, notShared],
    handle: async ({ actor, body }, { tags, records }) => {
      mayTouch(actor, body.target_id)
      await records.reach(actor, body.target_id)
      await tags.bind(actor.workspaceId, body.target_id, body.tag_ids)
      return { result: 'success' as const }
    },
  }),
  route({
    ...withSession, ...words.unbind, method: 'POST', path: '/tag-bindings/remove', access: 'tag:update',
    body: consoleTagUnbinding, reply: success, errors: [datasetNotFound, notShared],
    handle: async ({ actor, body }, { tags, records }) => {
      mayTouch(actor, body.target_id)
      await records.reach(actor, body.target_id)
      await tags.unbind(actor.workspaceId, body.target_id, body)
      return { result: 'success' as const }
    },
  }),
]

export const tagRoutes = [...forKeys, ...forPeople]
