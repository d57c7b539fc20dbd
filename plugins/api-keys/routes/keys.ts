/** The console's pages of keys: of a workspace, and of one dataset. */
import Joi from 'joi'
import { baseUrl, reply, route, serverConfig } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'
import type { ApiTokenRow } from '../models/api-token.ts'
import { keys } from '../services/keys.ts'

interface Key {
  id: string
  type: string
  name: string | null
  token: string
  dataset_id: string | null
  last_used_at: number | null
  created_at: number
}
interface KeyBody { name?: string }

const uuid = Joi.string().guid({ separator: '-', wrapper: false }).lowercase().required()
const datasetParams = Joi.object<{ dataset_id: string }, true>({ dataset_id: uuid })
const newKey = Joi.object<KeyBody, true>({ name: Joi.string().trim().min(1).max(100) })
const keyReply = Joi.object<Key, true>({
  id: Joi.string().uuid().required(),
  type: Joi.string().required(),
  name: Joi.string().allow(null).required(),
  token: Joi.string().required(),
  dataset_id: Joi.string().uuid().allow(null).required(),
  last_used_at: Joi.number().integer().allow(null).required(),
  created_at: Joi.number().integer().required(),
})
const keyList = Joi.object<{ data: Key[] }, true>({ data: Joi.array().items(keyReply).required() })

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000)
/** The secret is shown when the key is made; later only enough of it to tell keys apart. */
const present = ({ id, type, name, prefix, last4, dataset_id, last_used_at, created_at }: ApiTokenRow, token = `${prefix}...${last4}`): Key =>
  ({ id, type, name, token, dataset_id, last_used_at: last_used_at && seconds(last_used_at), created_at: seconds(created_at) })

const ofWorkspace = { surface: 'console', credential: 'account', resource: 'workspace', uses: { keys } } as const
const ofDataset = { surface: 'console', credential: 'account', resource: { dataset: 'params.dataset_id' }, uses: { keys } } as const

export const keyRoutes = [
  route({
    ...ofWorkspace, method: 'GET', path: '/datasets/api-keys', access: 'api-key:read',
    summary: 'Every dataset key of the workspace, masked, newest first; `dataset_id` is null where a key reaches all datasets',
    reply: keyList,
    handle: async ({ actor }, { keys }) => ({ data: (await keys.list(actor.workspaceId)).map((row) => present(row)) }),
  }),
  route({
    ...ofWorkspace, method: 'POST', path: '/datasets/api-keys', access: 'api-key:create',
    summary: 'Make a key that reaches every dataset of the workspace; the only answer that shows the whole key',
    body: newKey, reply: keyReply, errors: [keyErrors.tooManyKeys],
    handle: async ({ actor, body }, { keys }) => {
      const { row, token } = await keys.create({ ...body, type: 'dataset', workspaceId: actor.workspaceId, datasetId: null, createdBy: actor.id })
      return present(row, token)
    },
  }),
  route({
    ...ofWorkspace, method: 'DELETE', path: '/datasets/api-keys/{api_key_id}', access: 'api-key:delete',
    summary: 'Delete a key of the workspace; it is refused from the moment this answers',
    params: Joi.object<{ api_key_id: string }, true>({ api_key_id: uuid }), reply: reply.empty, errors: [keyErrors.keyMissing],
    handle: ({ actor, params }, { keys }) => keys.remove(actor.workspaceId, params.api_key_id),
  }),
  route({
    ...ofDataset, method: 'GET', path: '/datasets/{dataset_id}/api-keys', access: 'api-key:read',
    summary: 'Every key that reaches the dataset, bound to it or workspace-wide, masked, newest first',
    params: datasetParams, reply: keyList, errors: [keyErrors.datasetMissing],
    handle: async ({ actor, params }, { keys }) => ({ data: (await keys.list(actor.workspaceId, params.dataset_id)).map((row) => present(row)) }),
  }),
  route({
    ...ofDataset, method: 'POST', path: '/datasets/{dataset_id}/api-keys', access: 'api-key:create',
    summary: 'Make a key that reaches this dataset only; the only answer that shows the whole key',
    params: datasetParams, body: newKey, status: 201, reply: keyReply, errors: [keyErrors.tooManyKeys, keyErrors.scopeUnsupported, keyErrors.datasetMissing],
    handle: async ({ actor, params, body }, { keys }) => {
      const { row, token } = await keys.create({ ...body, type: 'dataset', workspaceId: actor.workspaceId, datasetId: params.dataset_id, createdBy: actor.id })
      return present(row, token)
    },
  }),
  route({
    ...ofDataset, method: 'DELETE', path: '/datasets/{dataset_id}/api-keys/{api_key_id}', access: 'api-key:delete',
    summary: 'Delete a key that is bound to the dataset; it is refused from the moment this answers',
    params: Joi.object<{ dataset_id: string; api_key_id: string }, true>({ dataset_id: uuid, api_key_id: uuid }), reply: reply.empty, errors: [keyErrors.keyMissing],
    handle: ({ actor, params }, { keys }) => keys.remove(actor.workspaceId, params.api_key_id, params.dataset_id),
  }),
  route({
    surface: 'console', credential: 'account', resource: 'workspace', method: 'GET', path: '/datasets/api-base-info', access: 'api-key:read',
    summary: 'Where clients with a key find the API',
    uses: { server: serverConfig },
    reply: Joi.object<{ api_base_url: string }, true>({ api_base_url: Joi.string().uri().required() }),
    handle: (_call, { server }) => ({ api_base_url: `${baseUrl(server)}/v1` }),
  }),
]
