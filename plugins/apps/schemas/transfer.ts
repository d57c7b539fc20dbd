/** Apps as files, as the console sends and is told of them. */
import Joi from 'joi'
import type { AppMode } from '../ports.ts'
import { iconFields } from './app.ts'
import type { Icon } from './app.ts'
import { string, stringOrNull, text, uuid } from './common.ts'

export interface ExportQuery { include_secret: boolean }
export const exportQuery = Joi.object<ExportQuery>({ include_secret: Joi.boolean().empty('').default(false) })
export interface ExportReply { data: string }
export const exportReply = Joi.object<ExportReply, true>({ data: string })

export interface ImportRequest extends Icon {
  mode: 'yaml-content' | 'yaml-url'
  yaml_content?: string
  yaml_url?: string
  /** These stand before what the file says. */
  name?: string
  description?: string
  /** A workflow app that the file is to replace. */
  app_id?: string
}
const unless = Joi.valid(null, '')
export const importRequest = Joi.object<ImportRequest, true>({
  ...iconFields,
  mode: Joi.string<ImportRequest['mode']>().valid('yaml-content', 'yaml-url').required(),
  yaml_content: Joi.string().empty(unless), yaml_url: Joi.string().max(8_192).empty(unless),
  name: text(1, 255).trim().empty(unless), description: text(0, 400).empty(unless), app_id: uuid.empty(unless),
})

export interface ImportWarning { code: string; path: string; message: string; details: Record<string, string> }
export interface ImportReply {
  id: string
  status: 'completed' | 'completed-with-warnings' | 'pending' | 'failed'
  app_id: string | null
  app_mode: AppMode | null
  permission_keys: string[]
  current_dsl_version: string
  /** Empty where the file says none that can be read. */
  imported_dsl_version: string
  /** Empty unless it failed. */
  error: string
  warnings: ImportWarning[]
}
export const importReply = Joi.object<ImportReply>({
  id: string, status: Joi.string<ImportReply['status']>().valid('completed', 'completed-with-warnings', 'pending', 'failed').required(),
  app_id: stringOrNull, app_mode: Joi.string<AppMode>().allow(null).required(), permission_keys: Joi.array().items(Joi.string()).required(),
  current_dsl_version: string, imported_dsl_version: string, error: string,
  warnings: Joi.array().items(Joi.object<ImportWarning, true>({ code: string, path: string, message: string, details: Joi.object().unknown().required() })).required(),
})
export interface ImportParams { import_id: string }
export const importParams = Joi.object<ImportParams, true>({ import_id: uuid.required() })

/** A plugin of another server that an app wants. */
export interface Dependency { type: string; value: Record<string, unknown>; current_identifier: string | null }
export interface DependenciesReply { leaked_dependencies: Dependency[] }
export const dependenciesReply = Joi.object<DependenciesReply, true>({
  leaked_dependencies: Joi.array().items(Joi.object<Dependency, true>({ type: string, value: Joi.object().unknown().required(), current_identifier: stringOrNull })).required(),
})
