import Joi from 'joi'
import type { Json } from '../../../core/index.ts'

export interface AuditLogFilter { page: number; limit: number; action?: string; actor_id?: string; resource_id?: string; after?: number; before?: number }
export interface AuditLogItem {
  id: string
  /** Epoch seconds, as everywhere on the wire. */
  at: number
  /** The id of an account or a key; the operator and whoever is anonymous have none. */
  actor: { kind: string; id: string | null }
  action: string
  resource: { type: string; id: string; name: string | null }
  details: { readonly [name: string]: Json }
  address: string | null
  request_id: string | null
}
export interface AuditLogPage { data: AuditLogItem[]; page: number; limit: number; total: number; has_more: boolean }

const word = Joi.string().empty('').max(255).pattern(/^[^\0\p{Cs}]*$/u).message('{{#label}} has characters that no name has')
/** Until the year 9999. */
const moment = Joi.number().empty('').integer().min(0).max(253_402_300_799)
export const auditLogFilter = Joi.object<AuditLogFilter>({
  page: Joi.number().empty('').integer().min(1).default(1),
  limit: Joi.number().empty('').integer().min(1).max(100).default(20),
  action: word, actor_id: word, resource_id: word, after: moment, before: moment,
})

const text = Joi.string().allow('').required()
const textOrNull = Joi.string().allow('', null).required()
const integer = Joi.number().integer().required()
export const auditLogPage = Joi.object<AuditLogPage, true>({
  data: Joi.array().items(Joi.object<AuditLogItem>({
    id: text, at: integer, action: text, address: textOrNull, request_id: textOrNull, details: Joi.object().unknown().required(),
    actor: Joi.object({ kind: text, id: textOrNull }).required(),
    resource: Joi.object({ type: text, id: text, name: textOrNull }).required(),
  })).required(),
  page: integer, limit: integer, total: integer, has_more: Joi.boolean().required(),
})
