/** What the console sends and sees of knowledge bases, beyond what the service API has. */
import Joi from 'joi'
import type { SearchMethod } from '../ports.ts'
import { listed, none, pageFields, string, stringOrNull, time } from './common.ts'
import type { Listed, Page } from './common.ts'
import { filterFields, idFilter } from './dataset.ts'
import type { DatasetFilter } from './dataset.ts'

export interface ConsoleFilter extends DatasetFilter { ids: string[] }
export const consoleFilter = Joi.object<ConsoleFilter>({ ...filterFields, ids: idFilter })

export const pageQuery = Joi.object<Page>(pageFields)
export interface QuestionItem {
  id: string
  content: string
  source: string
  source_app_id: string | null
  created_by_role: 'account'
  created_by: string
  created_at: number
}
const questionItem = Joi.object<QuestionItem, true>({
  id: string, content: string, source: string, source_app_id: stringOrNull, created_by_role: Joi.string<'account'>().valid('account').required(), created_by: string, created_at: time,
})
export const questionPage = Joi.object<Listed<QuestionItem>, true>(listed(questionItem))

export const useCheck = Joi.object<{ is_using: boolean }, true>({ is_using: Joi.boolean().required() })
export const relatedApps = Joi.object<{ data: never[]; total: number }, true>({ data: none, total: Joi.number().integer().required() })
export const disableLogs = Joi.object<{ document_ids: never[]; count: number }, true>({ document_ids: none, count: Joi.number().integer().required() })
export const partUsers = Joi.object<{ data: string[] }, true>({ data: Joi.array().items(Joi.string()).required() })
export const retrievalSetting = Joi.object<{ retrieval_method: SearchMethod[] }, true>({ retrieval_method: Joi.array().items(Joi.string()).required() })
