/** Whether an app gives written answers. Whoever changes annotations does so first and comes here afterwards, so that no two wait for each other. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import type { App } from '../../apps/ports.ts'
import { AnnotationSetting } from '../models/reply.ts'
import type { SettingRow } from '../models/reply.ts'
import type { ReplyRequest } from '../schemas/reply.ts'

export type OfApp = Pick<App, 'id' | 'workspaceId'>
/** `provider/model`, as `annotation_vectors` has it. */
export const modelOf = ({ embedding_provider: provider, embedding_model: model }: Pick<SettingRow, 'embedding_provider' | 'embedding_model'>): string => `${provider}/${model}`

export interface Settings {
  /** Undefined where the app gives none. */
  find(app: OfApp): Promise<SettingRow | undefined>
  /** Part of a transaction in which vectors came or went, of any model or of this one. False where the app gives no written answers, or none by that model. */
  touch(app: OfApp, model?: string): Promise<boolean>
  /** Part of a transaction that switches it on, or over to another model. */
  put(app: OfApp, accountId: string, chosen: ReplyRequest): Promise<void>
  /** Part of a transaction. Silent where it is off. */
  remove(app: OfApp): Promise<void>
  /** Undefined where the app has no such setting. */
  setThreshold(app: OfApp, accountId: string, id: string, threshold: number): Promise<SettingRow | undefined>
}

export const settings = service('annotations.settings', {
  uses: { db: database, AnnotationSetting },
  create: ({ db }): Settings => ({
    find: async ({ workspaceId, id }) =>
      (await db.query<SettingRow>('SELECT * FROM annotation_settings WHERE workspace_id = $1 AND app_id = $2', [workspaceId, id]))[0],
    touch: async ({ workspaceId, id }, model) => (await db.query(
      `UPDATE annotation_settings SET version = version + 1 WHERE workspace_id = $1 AND app_id = $2 AND ($3::text IS NULL OR embedding_provider || '/' || embedding_model = $3) RETURNING id`,
      [workspaceId, id, model ?? null])).length > 0,
    put: async ({ workspaceId, id }, accountId, { score_threshold: threshold, embedding_provider_name: provider, embedding_model_name: model }) => {
      await db.query(
        `INSERT INTO annotation_settings (id, workspace_id, app_id, score_threshold, embedding_provider, embedding_model, version, updated_by, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, 1, $7, now())
         ON CONFLICT (workspace_id, app_id) DO UPDATE SET score_threshold = excluded.score_threshold, embedding_provider = excluded.embedding_provider,
           embedding_model = excluded.embedding_model, version = annotation_settings.version + 1, updated_by = excluded.updated_by, updated_at = now()`,
        [randomUUID(), workspaceId, id, threshold, provider, model, accountId])
    },
    remove: async ({ workspaceId, id }) => {
      await db.query('DELETE FROM annotation_settings WHERE workspace_id = $1 AND app_id = $2', [workspaceId, id])
    },
    setThreshold: async (app, accountId, id, threshold) => (await db.query<SettingRow>(
      'UPDATE annotation_settings SET score_threshold = $4, updated_by = $5, updated_at = now() WHERE workspace_id = $1 AND app_id = $2 AND id = $3 RETURNING *',
      [app.workspaceId, app.id, id, threshold, accountId]))[0],
  }),
})
