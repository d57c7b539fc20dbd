/** What the routes of keys take and give. */
import Joi from 'joi'
import type { Grant, Right } from '../ports.ts'
import { RIGHTS } from '../rights.ts'
import { isRange } from '../services/addresses.ts'

const uuid = Joi.string().guid({ separator: '-', wrapper: false }).lowercase()
export const keyParams = Joi.object<{ api_key_id: string }, true>({ api_key_id: uuid.required() })
export const datasetParams = Joi.object<{ dataset_id: string }, true>({ dataset_id: uuid.required() })
export const datasetKeyParams = Joi.object<{ dataset_id: string; api_key_id: string }, true>({ dataset_id: uuid.required(), api_key_id: uuid.required() })

export interface WireGrant { readonly dataset_id: string; readonly rights: Right[] }
export interface ReachBody { dataset_ids?: string[]; grants?: WireGrant[] }
export interface LimitsBody { expires_at?: number | null; allowed_ips?: string[] | null; rate_limit?: number | null }
export interface NameBody { name?: string }
export interface KeyBody extends NameBody, ReachBody, LimitsBody {}

const name = Joi.string().trim().min(1).max(100)
const rights = Joi.array<Right[]>().items(Joi.string().valid(...RIGHTS)).unique()
const range = Joi.string().max(50).custom((value: string, helpers) => isRange(value) ? value : helpers.error('any.invalid'))
  .messages({ 'any.invalid': '{{#label}} is no address and no range, such as 10.0.0.1 or 10.0.0.0/8' })
const fields = {
  name,
  dataset_ids: Joi.array().items(uuid).max(100),
  grants: Joi.array().items(Joi.object<WireGrant, true>({ dataset_id: uuid.required(), rights: rights.required() })).max(100),
  // Up to the end of the year 9999.
  expires_at: Joi.number().integer().min(1).max(253_402_300_799).allow(null),
  allowed_ips: Joi.array().items(range).max(50).allow(null),
  // A minute.
  rate_limit: Joi.number().integer().min(1).max(100_000).allow(null),
}
export const boundKeyBody = Joi.object<NameBody, true>({ name })
export const keyBody = Joi.object<KeyBody, true>(fields)
export const keyRotation = Joi.object<{ overlap_seconds: number }, true>({ overlap_seconds: Joi.number().integer().min(0).max(30 * 86_400).default(0) })

export interface Key {
  id: string
  type: string
  name: string | null
  token: string
  dataset_id: string | null
  dataset_ids: string[] | null
  grants: WireGrant[] | null
  expires_at: number | null
  allowed_ips: string[] | null
  rate_limit: number | null
  last_used_at: number | null
  created_at: number
}
const seconds = Joi.number().integer()
export const keyReply = Joi.object<Key, true>({
  id: Joi.string().uuid().required(),
  type: Joi.string().required(),
  name: Joi.string().allow(null).required(),
  token: Joi.string().required(),
  dataset_id: Joi.string().uuid().allow(null).required(),
  dataset_ids: Joi.array().items(Joi.string().uuid()).allow(null).required(),
  grants: Joi.array().items(Joi.object({ dataset_id: Joi.string().uuid().required(), rights: rights.required() })).allow(null).required(),
  expires_at: seconds.allow(null).required(),
  allowed_ips: Joi.array().items(Joi.string()).allow(null).required(),
  rate_limit: Joi.number().integer().allow(null).required(),
  last_used_at: seconds.allow(null).required(),
  created_at: seconds.required(),
})
export const keyList = Joi.object<{ data: Key[] }, true>({ data: Joi.array().items(keyReply).required() })

export const toGrants = (grants: readonly WireGrant[]): Grant[] => grants.map(({ dataset_id, rights }) => ({ datasetId: dataset_id, rights }))
