/** The keys of an app. */
import { reply, route } from '../../../core/index.ts'
import { appErrors } from '../errors.ts'
import { presentAppKey } from '../presenters/app-key.ts'
import { appKeyBody, appKeyItem, appKeyList, appKeyParams } from '../schemas/app-key.ts'
import { appParams } from '../schemas/common.ts'
import { appKeys } from '../services/app-keys.ts'
import { ownerOf } from './console-apps.ts'

const ofApp = { surface: 'console', credential: 'account', path: '/apps/{app_id}/api-keys', resource: { app: 'params.app_id' }, uses: { keys: appKeys }, errors: [appErrors.appNotFound] } as const

export const keyRoutes = [
  route({
    ...ofApp, method: 'GET', access: 'app-key:read', params: appParams, reply: appKeyList,
    summary: 'The keys of an app, masked, newest first',
    handle: async ({ actor, params }, { keys }) => ({ data: (await keys.list(actor.workspaceId, params.app_id)).map((key) => presentAppKey(key)) }),
  }),
  route({
    ...ofApp, method: 'POST', access: 'app-key:create', params: appParams, body: appKeyBody, status: 201, reply: appKeyItem,
    summary: 'Make a key of an app; the only answer that shows the whole key',
    errors: [appErrors.appNotFound, { status: 400, code: 'max_keys_exceeded' }],
    handle: async ({ actor, params, body }, { keys }) => {
      const { key, token } = await keys.create(ownerOf(actor), params.app_id, body.name)
      return presentAppKey(key, token)
    },
  }),
  route({
    ...ofApp, method: 'DELETE', path: '/apps/{app_id}/api-keys/{api_key_id}', access: 'app-key:delete', params: appKeyParams, reply: reply.empty,
    summary: 'Delete a key of an app; it is refused from the moment this answers',
    handle: ({ actor, params }, { keys }) => keys.remove(actor.workspaceId, params.app_id, params.api_key_id),
  }),
]
