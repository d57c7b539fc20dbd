/** Apps as rows: found, listed, and held while they change. */
import { database, service } from '../../../core/index.ts'
import { appErrors } from '../errors.ts'
import type { AppRow, ModelConfigRow } from '../models/app.ts'
import type { App } from '../ports.ts'
import type { AppFilter, AppOrder } from '../schemas/app.ts'
import { pageOf } from '../schemas/common.ts'
import type { Page } from '../schemas/common.ts'

/** For whom something is done: the workspace, and the account that the rows are made by. */
export interface Owner { readonly workspaceId: string; readonly accountId: string }
/** With the start of its settings. */
export interface ListedApp extends AppRow { readonly settings: (Pick<ModelConfigRow['config'], 'model' | 'pre_prompt'> & { readonly created_by: string; readonly created_at: number }) | null }
export interface FoundApps extends Page { readonly rows: readonly ListedApp[]; readonly total: number }
export interface AppRecords {
  /** Throws 404. */
  find(workspaceId: string, id: string): Promise<AppRow>
  /** Inside a transaction: keeps others from deleting or changing the app until it ends. Throws 404. */
  lock(workspaceId: string, id: string): Promise<AppRow>
  /** Inside a transaction: waits for whoever changes the app or adds to it, and keeps others from it. Throws 404. */
  lockToDelete(workspaceId: string, id: string): Promise<AppRow>
  /** @param reach what the asking actor may see */
  list(owner: Owner, reach: 'all' | readonly string[], filter: AppFilter): Promise<FoundApps>
  /** Its settings as they hold now; null where it has none. */
  settings(app: Pick<AppRow, 'workspace_id' | 'id' | 'model_config_id'>): Promise<ModelConfigRow | null>
}

/** As other plugins know it. */
export const asApp = (row: Pick<AppRow, 'id' | 'workspace_id' | 'name' | 'description' | 'mode' | 'max_active_requests' | 'created_by'>): App => ({
  id: row.id, workspaceId: row.workspace_id, name: row.name, description: row.description, mode: row.mode,
  maxActiveRequests: row.max_active_requests ?? 0, createdBy: row.created_by,
})

const ORDERS: Readonly<Record<AppOrder, string>> = {
  last_modified: 'a.updated_at DESC, a.id', recently_created: 'a.created_at DESC, a.id', earliest_created: 'a.created_at, a.id',
}

export const appRecords = service('apps.records', {
  uses: { db: database },
  create: ({ db }): AppRecords => {
    const one = async (workspaceId: string, id: string, hold = ''): Promise<AppRow> => {
      const [found] = await db.query<AppRow>(`SELECT * FROM apps WHERE workspace_id = $1 AND id = $2 ${hold}`, [workspaceId, id])
      if (!found) throw appErrors.appNotFound()
      return found
    }
    return {
      find: (workspaceId, id) => one(workspaceId, id),
      lock: (workspaceId, id) => one(workspaceId, id, 'FOR NO KEY UPDATE'),
      lockToDelete: (workspaceId, id) => one(workspaceId, id, 'FOR UPDATE'),
      list: async ({ workspaceId, accountId }, reach, { mode, sort_by: order, name, tag_ids: tags, creator_ids: creators, is_created_by_me: own, ...window }) => {
        const { offset, ...page } = pageOf(window)
        // Apps bear no tags here, so none bears one that is asked for.
        const where = `a.workspace_id = $1 AND ($2::uuid[] IS NULL OR a.id = ANY ($2)) AND ($3 = 'all' OR a.mode = $3) AND strpos(lower(a.name), lower($4)) > 0
          AND (NOT $5::boolean OR a.created_by = $6) AND (cardinality($7::uuid[]) = 0 OR a.created_by = ANY ($7)) AND NOT $8::boolean`
        const values = [workspaceId, reach === 'all' ? null : reach, mode, name, own, accountId, creators, tags.length > 0]
        const [counted] = await db.query<{ total: number }>(`SELECT count(*)::int AS total FROM apps a WHERE ${where}`, values)
        const rows = await db.query<ListedApp>(
          `SELECT a.*, CASE WHEN c.id IS NOT NULL THEN jsonb_build_object('model', c.config->'model', 'pre_prompt', c.config->'pre_prompt',
             'created_by', c.created_by, 'created_at', floor(extract(epoch FROM c.created_at))) END AS settings
           FROM apps a LEFT JOIN app_model_configs c ON c.workspace_id = a.workspace_id AND c.app_id = a.id AND c.id = a.model_config_id
           WHERE ${where} ORDER BY ${ORDERS[order]} LIMIT $9 OFFSET $10`, [...values, page.limit, offset])
        return { ...page, rows, total: counted?.total ?? 0 }
      },
      settings: async ({ workspace_id, id, model_config_id }) => model_config_id === null ? null
        : (await db.query<ModelConfigRow>('SELECT * FROM app_model_configs WHERE workspace_id = $1 AND app_id = $2 AND id = $3', [workspace_id, id, model_config_id]))[0] ?? null,
    }
  },
})
