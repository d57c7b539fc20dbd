/** Apps in the console: made, found, copied, deleted. */
import { reply, route } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { appErrors } from '../errors.ts'
import { appChange, appCopy, appDetail, appFilter, appPage, appReplacement, newApp } from '../schemas/app.ts'
import { appParams, asPage } from '../schemas/common.ts'
import { appChanges } from '../services/app-changes.ts'
import { appItems } from '../services/app-items.ts'
import { appRecords } from '../services/app-records.ts'
import type { Owner } from '../services/app-records.ts'

const withSession = { surface: 'console', credential: 'account', uses: { records: appRecords, changes: appChanges, items: appItems } } as const
const one = { ...withSession, path: '/apps/{app_id}', resource: { app: 'params.app_id' }, params: appParams, errors: [appErrors.appNotFound] } as const

/** As whom a request acts: what it makes belongs to that account. */
export const ownerOf = (actor: Actor): Owner => ({ workspaceId: actor.workspaceId, accountId: actor.accountId ?? actor.id })

const list = route({
  ...withSession, method: 'GET', path: '/apps', access: 'app:list', resource: { app: 'filtered' },
  summary: 'List the apps',
  description: 'Those that were changed last come first, unless `sort_by` says otherwise. `name` is part of one; `creator_ids` and `is_created_by_me` take those of some people. Apps bear no tags here: with `tag_ids` there are none.',
  query: appFilter, reply: appPage,
  handle: async ({ actor, query }, { records, items }) => {
    const { rows, total, ...page } = await records.list(ownerOf(actor), actor.reach('app:list', 'app'), query)
    return asPage(await items.present(actor, rows), total, page)
  },
})

const create = route({
  ...withSession, method: 'POST', path: '/apps', access: 'app:create', resource: 'workspace', status: 201,
  summary: 'Make an app',
  description: 'It is open to keys and has a page. A chat, agent-chat or completion app begins with the workspace\'s default model.',
  body: newApp, reply: appDetail,
  handle: async ({ actor, body }, { changes, items }) => items.presentOne(actor, await changes.create(ownerOf(actor), body)),
})

const read = route({
  ...one, method: 'GET', access: 'app:read',
  summary: 'Read an app with its settings',
  reply: appDetail,
  handle: async ({ actor, params }, { records, items }) => items.presentOne(actor, await records.find(actor.workspaceId, params.app_id)),
})

const replace = route({
  ...one, method: 'PUT', access: 'app:update',
  summary: 'Change what an app is called and how it looks',
  description: 'Its name must be sent; other fields change where they are sent. `max_active_requests`: runs at a time, 0 or null for as many as the server allows.',
  body: appReplacement, reply: appDetail,
  handle: async ({ actor, params, body }, { changes, items }) => items.presentOne(actor, await changes.change(ownerOf(actor), params.app_id, body)),
})

const change = route({
  ...one, method: 'PATCH', access: 'app:update',
  summary: 'Change some of what an app is called and how it looks',
  description: 'Only the fields that are sent change.',
  body: appChange, reply: appDetail,
  handle: async ({ actor, params, body }, { changes, items }) => items.presentOne(actor, await changes.change(ownerOf(actor), params.app_id, body)),
})

const remove = route({
  ...one, method: 'DELETE', access: 'app:delete',
  summary: 'Delete an app with its keys, its conversations and everything else in it',
  reply: reply.empty,
  handle: ({ actor, params }, { changes }) => changes.remove(actor.workspaceId, params.app_id),
})

const copy = route({
  ...one, method: 'POST', path: '/apps/{app_id}/copy', access: 'app:create', status: 201,
  summary: 'Make a second app like this one',
  description: 'With its settings and the looks of its page. Keys, conversations and annotations stay with the first. What is not sent is as there.',
  body: appCopy, reply: appDetail,
  handle: async ({ actor, params, body }, { changes, items }) => items.presentOne(actor, await changes.copy(actor, ownerOf(actor), params.app_id, body)),
})

export const consoleAppRoutes = [list, create, read, replace, change, remove, copy]
