import Joi from 'joi'
import type { Right } from '../ports.ts'
import { RIGHTS } from '../rights.ts'

export interface Whoami {
  key: { id: string; name: string | null; type: string; last4: string; expires_at: number | null }
  workspace: { id: string; name: string }
  strategy: string
  reach: { datasets: 'all' | { id: string; rights: Right[] }[] }
  rate_limit: number | null
}
const text = Joi.string().required()
export const whoamiReply = Joi.object<Whoami, true>({
  key: Joi.object({ id: text, name: Joi.string().allow(null).required(), type: text, last4: text, expires_at: Joi.number().integer().allow(null).required() }).required(),
  workspace: Joi.object({ id: text, name: text }).required(),
  strategy: text,
  reach: Joi.object({
    datasets: Joi.alternatives(Joi.string().valid('all'), Joi.array().items(Joi.object({ id: text, rights: Joi.array().items(Joi.string().valid(...RIGHTS)).required() }))).required(),
  }).required(),
  rate_limit: Joi.number().integer().allow(null).required(),
})
