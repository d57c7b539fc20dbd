/** Those who use an app, as clients see them. */
import Joi from 'joi'
import { uuid } from './common.ts'

const id = uuid.required()

export interface EndUserParams { end_user_id: string }
export const endUserParams = Joi.object<EndUserParams, true>({ end_user_id: id })

export interface EndUserItem {
  id: string
  tenant_id: string
  app_id: string
  type: string
  /** As the app's own system calls them. */
  external_user_id: string
  name: string | null
  is_anonymous: boolean
  session_id: string
  /** ISO 8601. */
  created_at: string
  updated_at: string
}
const string = Joi.string().required()
export const endUserItem = Joi.object<EndUserItem, true>({
  id, tenant_id: id, app_id: id, type: string, external_user_id: string, name: Joi.string().allow(null).required(),
  is_anonymous: Joi.boolean().required(), session_id: string, created_at: Joi.string().isoDate().required(), updated_at: Joi.string().isoDate().required(),
})
