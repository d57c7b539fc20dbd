/** The console's pages of keys: of a workspace, and of one dataset. */
import Joi from 'joi'
import { baseUrl, reply, route, serverConfig } from '../../../core/index.ts'
import { datasets } from '../../datasets/ports.ts'
import { keyErrors } from '../errors.ts'
import { presentKey } from '../presenters/key.ts'
import { boundKeyBody, datasetKeyParams, datasetParams, keyBody, keyList, keyParams, keyReply, keyRotation } from '../schemas/key.ts'
import { endings } from '../services/endings.ts'
import { keyRows } from '../services/key-rows.ts'
import { keys } from '../services/keys.ts'
import { requests } from '../services/requests.ts'

const withSession = { surface: 'console', credential: 'account' } as const
const ofWorkspace = { ...withSession, resource: 'workspace', uses: { keys, endings, requests, rows: keyRows } } as const
const oneKey = { ...ofWorkspace, params: keyParams } as const
const ofDataset = { ...withSession, resource: { dataset: 'params.dataset_id' }, uses: { datasets, keys, endings, rows: keyRows } } as const
const wrongReach = [keyErrors.scopeUnsupported, keyErrors.reachTwice]

export const keyRoutes = [
  route({
    ...ofWorkspace, method: 'GET', path: '/datasets/api-keys', access: 'api-key:read',
    summary: 'Every dataset key of the workspace, masked, newest first; `dataset_ids` is null where a key reaches all datasets',
    reply: keyList,
    handle: async ({ actor }, { rows }) => ({ data: (await rows.list(actor.workspaceId)).map((row) => presentKey(row)) }),
  }),
  route({
    ...ofWorkspace, method: 'POST', path: '/datasets/api-keys', access: 'api-key:create',
    summary: 'Make a key of the workspace, or of some of its datasets; the only answer that shows the whole key',
    description: 'Without `dataset_ids` and `grants` it reaches every dataset; with an empty list, none. `dataset_ids` gives every right on each. '
      + '`expires_at` is in seconds since 1970, `rate_limit` in requests a minute. Answers 201 where anything but `name` was sent.',
    body: keyBody, reply: keyReply, errors: [keyErrors.tooManyKeys, ...wrongReach],
    handle: async ({ actor, body: { name, ...more }, ctx }, { keys, requests }) => {
      const reach = requests.reach(more) ?? { datasetId: null, grants: null }
      const { row, token } = await keys.create({
        type: 'dataset', workspaceId: actor.workspaceId, createdBy: actor.id, ...reach, ...requests.limits(more), ...name === undefined ? {} : { name },
      })
      ctx.status = Object.keys(more).length > 0 ? 201 : 200
      return presentKey(row, token)
    },
  }),
  route({
    ...oneKey, method: 'PATCH', path: '/datasets/api-keys/{api_key_id}', access: 'api-key:update',
    summary: 'Change a key of the workspace; it holds everywhere from the moment this answers',
    description: 'Only the fields that are sent change. `dataset_ids` and `grants` can only take away.',
    body: keyBody, reply: keyReply, errors: [keyErrors.keyMissing, keyErrors.wouldWiden, ...wrongReach],
    handle: async ({ actor, params, body: { name, ...more } }, { keys, requests }) => {
      const reach = requests.reach(more)
      return presentKey(await keys.change(actor.workspaceId, params.api_key_id, { ...requests.limits(more), ...reach ? { reach } : {}, ...name === undefined ? {} : { name } }))
    },
  }),
  route({
    ...oneKey, method: 'POST', path: '/datasets/api-keys/{api_key_id}/rotate', access: 'api-key:update',
    summary: 'Give a key another secret; the only answer that shows it',
    description: 'The old secret is taken for `overlap_seconds` more: 0 unless sent, and a secret before the old one not at all.',
    body: keyRotation, reply: keyReply, errors: [keyErrors.keyMissing],
    handle: async ({ actor, params, body }, { keys }) => {
      const { row, token } = await keys.rotate(actor.workspaceId, params.api_key_id, body.overlap_seconds)
      return presentKey(row, token)
    },
  }),
  route({
    ...oneKey, method: 'DELETE', path: '/datasets/api-keys/{api_key_id}', access: 'api-key:delete',
    summary: 'Delete a key of the workspace; it is refused from the moment this answers',
    reply: reply.empty, errors: [keyErrors.keyMissing],
    handle: ({ actor, params }, { endings }) => endings.remove(actor.workspaceId, params.api_key_id),
  }),
  route({
    ...ofDataset, method: 'GET', path: '/datasets/{dataset_id}/api-keys', access: 'api-key:read',
    summary: 'Every key that reaches the dataset, masked, newest first: bound to it, granted it, or workspace-wide',
    params: datasetParams, reply: keyList, errors: [keyErrors.datasetMissing],
    handle: async ({ actor, params }, { datasets, rows }) => {
      await datasets.reach(actor, params.dataset_id)
      return { data: (await rows.list(actor.workspaceId, params.dataset_id)).map((row) => presentKey(row)) }
    },
  }),
  route({
    ...ofDataset, method: 'POST', path: '/datasets/{dataset_id}/api-keys', access: 'api-key:create',
    summary: 'Make a key that reaches this dataset only; the only answer that shows the whole key',
    params: datasetParams, body: boundKeyBody, status: 201, reply: keyReply, errors: [keyErrors.tooManyKeys, keyErrors.scopeUnsupported, keyErrors.datasetMissing],
    handle: async ({ actor, params, body }, { datasets, keys }) => {
      await datasets.reach(actor, params.dataset_id)
      const { row, token } = await keys.create({ ...body, type: 'dataset', workspaceId: actor.workspaceId, datasetId: params.dataset_id, createdBy: actor.id })
      return presentKey(row, token)
    },
  }),
  route({
    ...ofDataset, method: 'DELETE', path: '/datasets/{dataset_id}/api-keys/{api_key_id}', access: 'api-key:delete',
    summary: 'Delete a key that is bound to the dataset; it is refused from the moment this answers',
    params: datasetKeyParams, reply: reply.empty, errors: [keyErrors.keyMissing, keyErrors.datasetMissing],
    handle: async ({ actor, params }, { datasets, endings }) => {
      await datasets.reach(actor, params.dataset_id)
      await endings.remove(actor.workspaceId, params.api_key_id, params.dataset_id)
    },
  }),
  route({
    ...withSession, resource: 'workspace', method: 'GET', path: '/datasets/api-base-info', access: 'api-key:read',
    summary: 'Where clients with a key find the API',
    uses: { server: serverConfig },
    reply: Joi.object<{ api_base_url: string }, true>({ api_base_url: Joi.string().uri().required() }),
    handle: (_call, { server }) => ({ api_base_url: `${baseUrl(server)}/v1` }),
  }),
]
