import type { AppRow } from '../models/app.ts'
import type { AppDetail, AppItem } from '../schemas/app.ts'
import type { SiteRow } from '../models/site.ts'
import type { ListedApp } from '../services/app-records.ts'
import { iconUrl, presentSite } from './site.ts'

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000)
/** Fields that clients look for and that have no content here are among them. */
const common = (row: AppRow, maker: string | null, held: readonly string[]): Omit<AppItem, 'model_config'> => ({
  id: row.id,
  name: row.name,
  description: row.description,
  mode: row.mode,
  icon_type: row.icon_type,
  icon: row.icon,
  icon_background: row.icon_background,
  icon_url: iconUrl(row),
  workflow: null,
  use_icon_as_answer_icon: row.use_icon_as_answer_icon,
  max_active_requests: row.max_active_requests,
  created_by: row.created_by,
  created_at: seconds(row.created_at),
  updated_by: row.updated_by,
  updated_at: seconds(row.updated_at),
  tags: [],
  access_mode: null,
  create_user_name: maker,
  author_name: maker,
  has_draft_trigger: false,
  permission_keys: [...held],
  bound_agent_id: null,
  is_starred: false,
  maintainer: null,
})

export const presentApp = (row: ListedApp, maker: string | null, held: readonly string[]): AppItem => ({
  ...common(row, maker, held),
  model_config: row.settings && { ...row.settings, model: { ...row.settings.model } },
})

interface Whole {
  readonly row: AppRow
  readonly site: SiteRow | undefined
  readonly settings: Record<string, unknown> | null
  readonly maker: string | null
  readonly held: readonly string[]
  /** Of the server. */
  readonly base: string
}
export const presentDetail = ({ row, site, settings, maker, held, base }: Whole): AppDetail => ({
  ...common(row, maker, held),
  model_config: settings,
  enable_site: row.enable_site,
  enable_api: row.enable_api,
  api_base_url: `${base}/v1`,
  site: site ? presentSite(site, base) : null,
  deleted_tools: [],
  tracing: null,
})
