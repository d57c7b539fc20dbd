/** Apps made, copied, changed and deleted. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import type { Actor, Json } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { appErrors } from '../errors.ts'
import { App } from '../models/app.ts'
import type { AppRow } from '../models/app.ts'
import type { AppMode, ModelConfig } from '../ports.ts'
import { appLifecycle } from '../ports.ts'
import type { AppChange, AppNames } from '../schemas/app.ts'
import { appRecords } from './app-records.ts'
import type { Owner } from './app-records.ts'
import { hasModelConfig, modelConfigs } from './model-configs.ts'
import { modeWith } from './model-normalising.ts'
import { sites } from './sites.ts'

export interface AppDraft extends AppNames {
  readonly name: string
  readonly mode: AppMode
  readonly use_icon_as_answer_icon?: boolean
  /** Whole, and checked where it came from a person. Absent: what a new app of the mode begins with. */
  readonly config?: ModelConfig
  /** See `AppRow`. */
  readonly definition?: Record<string, unknown> | null
}
export interface AppChanges {
  /** With its page, open to its page and to keys. May be called inside a transaction where `config` is given. */
  create(owner: Owner, draft: AppDraft): Promise<AppRow>
  /** The same again under new ids, but for its keys and what was said to it. Throws 404, and 403 for a knowledge base that the actor does not reach. */
  copy(actor: Actor, owner: Owner, id: string, names: AppNames): Promise<AppRow>
  /** Only what is sent. Throws 404. */
  change(owner: Owner, id: string, change: AppChange & Partial<Pick<AppRow, 'enable_site' | 'enable_api'>>): Promise<AppRow>
  /** Gives it settings that were checked. Throws 404. */
  configure(owner: Owner, id: string, config: ModelConfig): Promise<void>
  /** With everything in it; whoever must act with it (`appLifecycle`) does so in the same transaction. Throws 404. */
  remove(workspaceId: string, id: string): Promise<void>
}

export const appChanges = service('apps.changes', {
  uses: { db: database, audit, lifecycle: appLifecycle, records: appRecords, configs: modelConfigs, sites, App },
  create: ({ db, audit, lifecycle, records, configs, sites, App }): AppChanges => {
    const record = (what: string, { workspace_id: workspaceId, id, name }: AppRow, details: Readonly<Record<string, Json>> = {}): Promise<void> =>
      audit.record({ workspaceId, action: `app.${what}`, resource: { type: 'app', id, name }, details })
    /** The row as it is in the end. */
    const make = async ({ workspaceId, accountId }: Owner, { config, definition = null, ...draft }: AppDraft, row: Partial<AppRow> = {}): Promise<AppRow> => {
      const id = randomUUID()
      const now = new Date()
      await App.create({
        id, workspace_id: workspaceId, name: draft.name, description: draft.description ?? '', mode: config ? modeWith(draft.mode, config) : draft.mode,
        icon_type: draft.icon_type ?? null, icon: draft.icon ?? null, icon_background: draft.icon_background ?? null, use_icon_as_answer_icon: draft.use_icon_as_answer_icon ?? false,
        enable_site: true, enable_api: true, max_active_requests: null, model_config_id: null, definition, ...row,
        created_by: accountId, created_at: now, updated_by: accountId, updated_at: now,
      })
      if (config) await configs.save({ workspaceId, id }, accountId, config)
      return records.find(workspaceId, id)
    }
    return {
      create: async (owner, draft) => {
        // Asked before the transaction: the models of a workspace may have to be looked up elsewhere.
        const config = draft.config ?? (hasModelConfig(draft.mode) ? await configs.initial(owner.workspaceId, draft.mode) : undefined)
        return db.transaction(async () => {
          const app = await make(owner, { ...draft, ...config ? { config } : {} })
          await sites.create(app)
          await record('created', app, { mode: app.mode })
          return app
        })
      },
      copy: async (actor, owner, id, names) => {
        const from = await records.find(owner.workspaceId, id)
        const settings = await records.settings(from)
        const config = settings ? await configs.reachable(actor, settings.config) : undefined
        return db.transaction(async () => {
          const { description, icon_type, icon, icon_background, mode, use_icon_as_answer_icon, definition, max_active_requests } = from
          const { icon_type: type, icon: picture = null, icon_background: ground = null } = names
          const look = type ? { icon_type: type, icon: picture, icon_background: ground } : { icon_type, icon, icon_background }
          const made = await make(owner, {
            mode, use_icon_as_answer_icon, definition, ...config ? { config } : {},
            name: names.name ?? from.name, description: names.description ?? description, ...look,
          }, { max_active_requests })
          const page = (await sites.seek(from))?.settings
          await sites.create(made, page && { ...page, ...type ? look : {} })
          await record('created', made, { mode, copy_of: from.id })
          return made
        })
      },
      change: ({ workspaceId, accountId }, id, change) => db.transaction(async () => {
        const app = await records.lock(workspaceId, id)
        const { description, use_icon_as_answer_icon: asAnswer, ...rest } = change
        const columns: Partial<AppRow> = {
          ...rest, ...description === undefined ? {} : { description: description ?? '' }, ...typeof asAnswer === 'boolean' ? { use_icon_as_answer_icon: asAnswer } : {},
        }
        const fields = Object.keys(columns)
        if (fields.length === 0) return app
        await App.update({ ...columns, updated_by: accountId, updated_at: new Date() }, { where: { workspace_id: workspaceId, id } })
        const switches = Object.fromEntries(fields.filter((name) => name.startsWith('enable_')).map((name) => [name, columns[name as 'enable_api'] ?? false]))
        await record('changed', app, { fields, ...switches })
        return records.find(workspaceId, id)
      }),
      configure: ({ workspaceId, accountId }, id, config) => db.transaction(async () => {
        const app = await records.lock(workspaceId, id)
        const mode = modeWith(app.mode, config)
        if (!hasModelConfig(mode)) throw appErrors.noModelConfig()
        const version = await configs.save({ workspaceId, id }, accountId, config)
        if (mode !== app.mode) await App.update({ mode }, { where: { workspace_id: workspaceId, id } })
        await record('configured', app, { version, model: `${config.model.provider}/${config.model.name}` })
      }),
      remove: (workspaceId, id) => db.transaction(async () => {
        const app = await records.lockToDelete(workspaceId, id)
        for (const one of lifecycle.values()) await one.deleting({ workspaceId, id })
        await db.query('DELETE FROM apps WHERE workspace_id = $1 AND id = $2', [workspaceId, id])
        await record('deleted', app)
      }),
    }
  },
})
