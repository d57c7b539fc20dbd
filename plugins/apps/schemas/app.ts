/** Apps as the console sends and sees them. */
import Joi from 'joi'
import type { AppRow } from '../models/app.ts'
import type { AppMode } from '../ports.ts'
import { boolean, integer, listed, none, nothing, pageFields, string, stringOrNull, text, time, uuid } from './common.ts'
import type { Listed, Page } from './common.ts'
import { siteItem } from './site.ts'
import type { SiteItem } from './site.ts'

export const MODES = ['chat', 'agent-chat', 'advanced-chat', 'workflow', 'completion'] as const
type IconType = NonNullable<AppRow['icon_type']>
export const iconFields = {
  icon_type: Joi.string<IconType>().valid('emoji', 'image', 'link').empty('').allow(null),
  icon: text(0, 2000).allow(null),
  icon_background: text(0, 255).allow(null),
}
export interface Icon { icon_type?: IconType | null; icon?: string | null; icon_background?: string | null }
export const iconChange = Joi.object<Icon, true>(iconFields)
export interface AppNames extends Icon { name?: string; description?: string | null }
const names = { name: text(1, 255).trim(), description: text(0, 400).allow(null), ...iconFields }
export interface NewApp extends AppNames { name: string; mode: typeof MODES[number] }
export const newApp = Joi.object<NewApp, true>({ ...names, name: names.name.required(), mode: Joi.string<NewApp['mode']>().valid(...MODES).required() })
/** `mode` comes along from the console's own form, and is that of the app. */
export const appCopy = Joi.object<AppNames & { mode?: string }, true>({ ...names, name: names.name.empty(''), mode: Joi.string().valid(...MODES).strip() })
export interface AppChange extends AppNames { use_icon_as_answer_icon?: boolean | null; max_active_requests?: number | null }
const change = { ...names, use_icon_as_answer_icon: Joi.boolean().allow(null), max_active_requests: Joi.number().integer().min(0).max(1_000_000).allow(null) }
export const appReplacement = Joi.object<AppChange & { name: string }, true>({ ...change, name: names.name.required() })
export const appChange = Joi.object<AppChange, true>(change)
export const appName = Joi.object<{ name: string }, true>({ name: names.name.required() })
export const siteSwitch = Joi.object<{ enable_site: boolean }, true>({ enable_site: Joi.boolean().required() })
export const apiSwitch = Joi.object<{ enable_api: boolean }, true>({ enable_api: Joi.boolean().required() })

export type AppOrder = 'last_modified' | 'recently_created' | 'earliest_created'
export interface AppFilter extends Page {
  mode: 'all' | typeof MODES[number]
  sort_by: AppOrder
  name: string
  tag_ids: string[]
  creator_ids: string[]
  is_created_by_me: boolean
}
const ids = Joi.array<string[]>().items(uuid).max(100).single().empty('').default([])
export const appFilter = Joi.object<AppFilter>({
  ...pageFields, mode: Joi.string<AppFilter['mode']>().valid('all', ...MODES).empty('').default('all'),
  sort_by: Joi.string<AppOrder>().valid('last_modified', 'recently_created', 'earliest_created').empty('').default('last_modified'),
  name: text(0, 255).default(''), tag_ids: ids, creator_ids: ids, is_created_by_me: Joi.boolean().empty('').default(false),
})

interface ShortModelConfig { model: Record<string, unknown>; pre_prompt: string; created_by: string; created_at: number }
/** What a list says of an app. */
export interface AppItem {
  id: string
  name: string
  description: string
  mode: AppMode
  icon_type: string | null
  icon: string | null
  icon_background: string | null
  icon_url: string | null
  model_config: ShortModelConfig | null
  workflow: null
  use_icon_as_answer_icon: boolean
  max_active_requests: number | null
  created_by: string
  created_at: number
  updated_by: string
  updated_at: number
  tags: never[]
  access_mode: null
  create_user_name: string | null
  author_name: string | null
  has_draft_trigger: boolean
  permission_keys: string[]
  bound_agent_id: null
  is_starred: boolean
  maintainer: null
}
/** All that there is to say of one. */
export interface AppDetail extends Omit<AppItem, 'model_config'> {
  model_config: Record<string, unknown> | null
  enable_site: boolean
  enable_api: boolean
  api_base_url: string
  site: SiteItem | null
  deleted_tools: never[]
  tracing: null
}
const item = {
  id: string, name: string, description: string, mode: Joi.string<AppMode>().required(), icon_type: stringOrNull, icon: stringOrNull, icon_background: stringOrNull, icon_url: stringOrNull,
  workflow: nothing, use_icon_as_answer_icon: boolean, max_active_requests: Joi.number().integer().allow(null).required(),
  created_by: string, created_at: time, updated_by: string, updated_at: time, tags: none, access_mode: nothing,
  create_user_name: stringOrNull, author_name: stringOrNull, has_draft_trigger: boolean, permission_keys: Joi.array().items(Joi.string()).required(),
  bound_agent_id: nothing, is_starred: boolean, maintainer: nothing,
}
const shortModelConfig = Joi.object<ShortModelConfig, true>({ model: Joi.object().unknown().required(), pre_prompt: string, created_by: string, created_at: integer })
export const appItem = Joi.object<AppItem>({ ...item, model_config: shortModelConfig.allow(null).required() })
export const appPage = Joi.object<Listed<AppItem>, true>(listed(appItem))
export const appDetail = Joi.object<AppDetail>({
  ...item, model_config: Joi.object().unknown().allow(null).required(), enable_site: boolean, enable_api: boolean, api_base_url: string,
  site: siteItem.allow(null).required(), deleted_tools: none, tracing: nothing,
})
