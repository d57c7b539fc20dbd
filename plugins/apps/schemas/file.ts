/** Files that end users send, as clients see them. */
import Joi from 'joi'
import { FILE_TYPES, TRANSFER_METHODS } from '../services/file-rules.ts'
import type { FileInput } from '../ports.ts'
import { integer, nothing, uuid } from './common.ts'

export interface AppFileForm {
  user?: string
  /** Some clients say what the file is; its bytes say so themselves. */
  type?: string
}
export const appFileForm = Joi.object<AppFileForm, true>({ user: Joi.string().allow(''), type: Joi.string().allow('') })

export interface AppFileItem {
  id: string
  reference: null
  name: string
  size: number
  extension: string
  mime_type: string
  created_by: string
  created_at: number
  preview_url: null
  source_url: string
  original_url: null
  user_id: null
  tenant_id: string
  conversation_id: null
  file_key: null
}
export const appFileItem = Joi.object<AppFileItem, true>({
  id: uuid.required(), reference: nothing, name: Joi.string().required(), size: integer, extension: Joi.string().allow('').required(), mime_type: Joi.string().required(),
  created_by: uuid.required(), created_at: integer, preview_url: nothing, source_url: Joi.string().required(), original_url: nothing, user_id: nothing,
  tenant_id: uuid.required(), conversation_id: nothing, file_key: nothing,
})

export interface AppFileParams { file_id: string }
export const appFileParams = Joi.object<AppFileParams, true>({ file_id: uuid.required() })
export interface AppFilePreview { as_attachment: boolean; user?: string }
export const appFilePreview = Joi.object<AppFilePreview, true>({
  as_attachment: Joi.boolean().empty('').default(false), user: Joi.string().allow(''),
})

export interface AppFileLink {
  readonly workspace_id: string
  /** When it was made, in epoch seconds. */
  readonly timestamp: string
  readonly nonce: string
  /** Hex. */
  readonly sign: string
}
// Nothing is looked at before the signature: whatever has another form is a wrong signature, not a wrong parameter.
const signed = Joi.string().allow('').failover('').default('')
export const appFileLink = Joi.object<AppFileLink, true>({ workspace_id: signed, timestamp: signed, nonce: signed, sign: signed })
export const linkedFileParams = Joi.object<AppFileParams, true>({ file_id: Joi.string().required() })

/** As it stands in a request, where whoever takes the request has not looked at it. Clients send more than these. */
const text = (field: string, method: string, longest: number): Joi.StringSchema => Joi.when('transfer_method', {
  is: method, then: Joi.string().max(longest).required().messages({ '*': `${field} must be text, of at most ${longest} characters` }), otherwise: Joi.any(),
}) as unknown as Joi.StringSchema
const oneOf = <T extends string>(field: string, values: readonly T[]) => Joi.string<T>().valid(...values).required().messages({ '*': `${field} must be one of ${values.join(', ')}` })
export const fileInput = Joi.object<FileInput, true>({
  type: oneOf('type', FILE_TYPES), transfer_method: oneOf('transfer_method', TRANSFER_METHODS),
  url: text('url', 'remote_url', 8_192), upload_file_id: text('upload_file_id', 'local_file', 200),
}).unknown()
