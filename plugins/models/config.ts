import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'
import type { ModelRef, ModelType } from './ports.ts'

export const modelTypes = ['text-embedding', 'rerank', 'llm', 'tts', 'speech2text', 'moderation'] as const satisfies readonly ModelType[]

export interface ModelsConfig {
  /** What is used where nobody chose; otherwise the first model of the type, in the order of the configured providers. */
  readonly defaults: Partial<Record<ModelType, ModelRef>>
}

const modelRef = Joi.object<ModelRef, true>({ provider: Joi.string().required(), model: Joi.string().required() })

export const modelsConfig = defineConfig('models', Joi.object<ModelsConfig>({
  defaults: Joi.object<ModelsConfig['defaults']>(Object.fromEntries(modelTypes.map((type) => [type, modelRef]))).default({}),
}))
