import Joi from 'joi'
import { text } from './common.ts'

export interface PromptTemplateQuery { app_mode: string; model_mode: string; has_context: boolean; model_name: string }
export const promptTemplateQuery = Joi.object<PromptTemplateQuery, true>({
  app_mode: text(1, 50).required(), model_mode: text(1, 50).required(), has_context: Joi.boolean().empty('').default(true), model_name: text(0, 255).default(''),
})
