/** The pages of apps: one each, from its beginning. */
import { randomInt } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { appErrors } from '../errors.ts'
import type { AppRow } from '../models/app.ts'
import type { SiteRow, SiteSettings } from '../models/site.ts'
import type { SiteChange } from '../schemas/site.ts'
import { appRecords } from './app-records.ts'

type At = Pick<AppRow, 'workspace_id' | 'id'>
export interface Sites {
  /** Undefined where it has none. */
  seek(app: At): Promise<SiteRow | undefined>
  /** Throws 403. */
  find(app: At): Promise<SiteRow>
  /** Inside the transaction that makes the app: as the app looks, or as is said. */
  create(app: AppRow, looks?: SiteSettings): Promise<void>
  /** Only the fields that are sent. Throws 404, and 403 where it has no page. */
  change(workspaceId: string, appId: string, change: SiteChange): Promise<SiteRow>
  /** Another address, from which on the old one leads nowhere. Throws as `change`. */
  reset(workspaceId: string, appId: string): Promise<SiteRow>
}

const SIGNS = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789'
const newCode = (): string => Array.from({ length: 16 }, () => SIGNS[randomInt(SIGNS.length)]).join('')

export const sites = service('apps.sites', {
  uses: { db: database, audit, records: appRecords },
  create: ({ db, audit, records }): Sites => {
    const seek: Sites['seek'] = async ({ workspace_id, id }) =>
      (await db.query<SiteRow>('SELECT * FROM app_sites WHERE workspace_id = $1 AND app_id = $2', [workspace_id, id]))[0]
    const find: Sites['find'] = async (app) => {
      const found = await seek(app)
      if (!found) throw appErrors.siteMissing()
      return found
    }
    const store = async ({ workspace_id, app_id, code, title, settings }: Omit<SiteRow, 'updated_at'>): Promise<void> => {
      await db.query('UPDATE app_sites SET code = $3, title = $4, settings = $5::jsonb, updated_at = now() WHERE workspace_id = $1 AND app_id = $2',
        [workspace_id, app_id, code, title, JSON.stringify(settings)])
    }
    const changing = (workspaceId: string, appId: string, what: string, how: (site: SiteRow) => Omit<SiteRow, 'updated_at'>): Promise<SiteRow> => db.transaction(async () => {
      const app = await records.lock(workspaceId, appId)
      await store(how(await find(app)))
      await audit.record({ workspaceId, action: `app-site.${what}`, resource: { type: 'app', id: app.id, name: app.name } })
      return find(app)
    })
    return {
      seek, find,
      create: async (app, looks) => {
        const settings: SiteSettings = looks ?? {
          icon_type: app.icon_type, icon: app.icon, icon_background: app.icon_background, description: null, default_language: 'en-US',
          chat_color_theme: null, chat_color_theme_inverted: false, customize_domain: null, copyright: null, privacy_policy: null, input_placeholder: null, custom_disclaimer: '',
          customize_token_strategy: 'not_allow', prompt_public: false, show_workflow_steps: true, use_icon_as_answer_icon: app.use_icon_as_answer_icon,
        }
        await db.query('INSERT INTO app_sites (workspace_id, app_id, code, title, settings, updated_at) VALUES ($1, $2, $3, $4, $5::jsonb, now())',
          [app.workspace_id, app.id, newCode(), app.name, JSON.stringify(settings)])
      },
      change: (workspaceId, appId, { title, ...settings }) => changing(workspaceId, appId, 'changed', (site) =>
        ({ ...site, title: title ?? site.title, settings: { ...site.settings, ...settings } })),
      reset: (workspaceId, appId) => changing(workspaceId, appId, 'code-reset', (site) => ({ ...site, code: newCode() })),
    }
  },
})
