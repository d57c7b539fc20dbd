/** Those who use an app, as its own system calls them. */
import { route } from '../../../core/index.ts'
import { appErrors } from '../errors.ts'
import type { EndUserRow } from '../models/end-user.ts'
import { apps } from '../ports.ts'
import { endUserItem, endUserParams } from '../schemas/end-user.ts'
import type { EndUserItem } from '../schemas/end-user.ts'
import { endUserRecords } from '../services/end-users.ts'

const present = (row: EndUserRow): EndUserItem => ({
  id: row.id, tenant_id: row.workspace_id, app_id: row.app_id, type: row.type, external_user_id: row.session_id, name: row.name,
  is_anonymous: row.is_anonymous, session_id: row.session_id, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString(),
})

export const endUserRoutes = [
  route({
    surface: 'service', credential: 'app', resource: { app: 'key' }, access: 'end-user:read',
    method: 'GET', path: '/end-users/{end_user_id}', params: endUserParams,
    summary: 'What is known of somebody who uses the app',
    description: 'By the id that other answers give, such as `created_by` of a file. `external_user_id` is the `user` that requests name.',
    uses: { apps, records: endUserRecords },
    reply: endUserItem, errors: [appErrors.endUserNotFound, appErrors.appClosed],
    handle: async ({ actor, params }, { apps, records }) => present(await records.find(await apps.open(actor), params.end_user_id)),
  }),
]
