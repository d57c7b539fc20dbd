import { database, defineAdapter } from '../../../core/index.ts'
import { appErrors } from '../errors.ts'
import type { AppRow, ModelConfigRow } from '../models/app.ts'
import { apps } from '../ports.ts'
import type { Apps } from '../ports.ts'
import { asApp } from '../services/app-records.ts'
import { formOf, inputsOf } from '../services/inputs.ts'

const COLUMNS = 'id, workspace_id, name, description, mode, max_active_requests, created_by'

/** Apps in our own tables. Every question passes here: one statement for the app, one for its settings. */
export const builtin = defineAdapter(apps, 'builtin', {
  uses: { db: database },
  create: ({ db }): Apps => ({
    open: async ({ workspaceId, appId }) => {
      const [found] = appId === undefined ? [] : await db.query<AppRow>(`SELECT ${COLUMNS}, enable_api FROM apps WHERE workspace_id = $1 AND id = $2`, [workspaceId, appId])
      if (!found?.enable_api) throw appErrors.appClosed()
      return asApp(found)
    },
    find: async (workspaceId, appId) => {
      const [found] = await db.query<AppRow>(`SELECT ${COLUMNS} FROM apps WHERE workspace_id = $1 AND id = $2`, [workspaceId, appId])
      if (!found) throw appErrors.appNotFound()
      return asApp(found)
    },
    configured: async (app, configId) => {
      const [found] = await db.query<Pick<ModelConfigRow, 'id' | 'config'>>(
        `SELECT c.id, c.config FROM apps a JOIN app_model_configs c ON c.workspace_id = a.workspace_id AND c.app_id = a.id AND c.id = coalesce($3::uuid, a.model_config_id)
         WHERE a.workspace_id = $1 AND a.id = $2`, [app.workspaceId, app.id, configId ?? null])
      if (!found) throw appErrors.appUnavailable()
      return { ...app, configId: found.id, config: found.config }
    },
    names: async (workspaceId, ids) => {
      const rows = await db.query<Pick<AppRow, 'id' | 'name'>>('SELECT id, name FROM apps WHERE workspace_id = $1 AND id = ANY ($2::uuid[])', [workspaceId, ids])
      return new Map(rows.map(({ id, name }) => [id, name]))
    },
    inputs: inputsOf,
    form: formOf,
  }),
})
