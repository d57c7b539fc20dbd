/** Links to files, as clients ask for them and follow them. */
import Joi from 'joi'
import { string } from './common.ts'

export interface LinkReply { url: string }
export const linkReply = Joi.object<LinkReply, true>({ url: string })

export interface FileLink {
  readonly workspace_id: string
  /** When it was made, in epoch seconds. */
  readonly timestamp: string
  readonly nonce: string
  /** Hex. */
  readonly sign: string
}
// Nothing is looked at before the signature: whatever has another form is a wrong signature, not a wrong parameter.
const signed = Joi.string().allow('').failover('').default('')
export const fileLink = Joi.object<FileLink, true>({ workspace_id: signed, timestamp: signed, nonce: signed, sign: signed })
export interface FileParams { file_id: string }
export const fileParams = Joi.object<FileParams, true>({ file_id: Joi.string().required() })
