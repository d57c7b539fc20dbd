import Joi from 'joi'
import { route } from '../../../core/index.ts'
import { document } from '../services/document.ts'

export const description = route({
  method: 'GET', path: '/openapi.json', surface: 'root', credential: 'none', access: 'public', resource: 'none',
  summary: 'This description', uses: { document }, reply: Joi.object().unknown(), handle: (_call, deps) => deps.document(),
})
