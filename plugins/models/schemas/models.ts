import Joi from 'joi'
import { modelTypes } from '../config.ts'
import type { ModelType, ParameterRule } from '../ports.ts'

export interface Languages { en_US: string; zh_Hans: string }
/** Our providers have no icons; the fields stay objects because clients look into them. */
export type Icon = Record<string, never>

/** What a model is beside its name; of a voice, `mode` is what a request names it by. */
export interface ModelProperties {
  mode?: 'chat' | 'completion'
  context_size?: number
  dimensions?: number
  default_voice?: string
  voices?: { mode: string; name: string; language: string[] }[]
}
interface ListedModel {
  model: string
  label: Languages
  model_type: ModelType
  features: string[] | null
  fetch_from: 'predefined-model'
  model_properties: ModelProperties
  status: 'active'
  deprecated: boolean
  load_balancing_enabled: boolean
  has_invalid_load_balancing_configs: boolean
}
interface ListedProvider {
  tenant_id: string
  provider: string
  label: Languages
  icon_small: Icon
  icon_small_dark: Icon
  status: 'active'
  models: ListedModel[]
}
export interface ModelList { data: ListedProvider[] }

export const languages = Joi.object<Languages, true>({ en_US: Joi.string().required(), zh_Hans: Joi.string().required() })
export const icon = Joi.object<Icon, true>({})
const active = Joi.string<'active'>().valid('active').required()

const listedModel = Joi.object<ListedModel, true>({
  model: Joi.string().required(),
  label: languages.required(),
  model_type: Joi.string<ModelType>().valid(...modelTypes).required(),
  features: Joi.array().items(Joi.string()).allow(null).required(),
  fetch_from: Joi.string<'predefined-model'>().valid('predefined-model').required(),
  model_properties: Joi.object<ModelProperties, true>({
    mode: Joi.string<'chat' | 'completion'>().valid('chat', 'completion'), context_size: Joi.number().integer(), dimensions: Joi.number().integer(), default_voice: Joi.string(),
    voices: Joi.array().items(Joi.object<NonNullable<ModelProperties['voices']>[number], true>({
      mode: Joi.string().required(), name: Joi.string().required(), language: Joi.array().items(Joi.string()).required(),
    })),
  }).required(),
  status: active,
  deprecated: Joi.boolean().required(),
  load_balancing_enabled: Joi.boolean().required(),
  has_invalid_load_balancing_configs: Joi.boolean().required(),
})
export const modelList = Joi.object<ModelList, true>({
  data: Joi.array().items(Joi.object<ListedProvider, true>({
    tenant_id: Joi.string().uuid().required(),
    provider: Joi.string().required(),
    label: languages.required(),
    icon_small: icon.required(),
    icon_small_dark: icon.required(),
    status: active,
    models: Joi.array().items(listedModel).required(),
  })).required(),
})

/** What one parameter of an llm may be. */
export interface ShownRule {
  name: string
  /** The name of a rule that many models have. */
  use_template: string | null
  label: Languages
  type: ParameterRule['type']
  help: Languages | null
  required: boolean
  default: number | string | boolean | null
  min: number | null
  max: number | null
  /** Decimal places. */
  precision: number | null
  options: string[]
}
export const parameterRulesQuery = Joi.object<{ model: string }, true>({ model: Joi.string().max(200).required() })
const numberOrNull = Joi.number().allow(null).required()
export const parameterRules = Joi.object<{ data: ShownRule[] }, true>({
  data: Joi.array().items(Joi.object<ShownRule, true>({
    name: Joi.string().required(), use_template: Joi.string().allow(null).required(), label: languages.required(),
    type: Joi.string<ParameterRule['type']>().valid('float', 'int', 'string', 'boolean').required(), help: languages.allow(null).required(), required: Joi.boolean().required(),
    default: Joi.alternatives(Joi.number(), Joi.string().allow(''), Joi.boolean()).allow(null).required(), min: numberOrNull, max: numberOrNull, precision: numberOrNull,
    options: Joi.array().items(Joi.string()).required(),
  })).required(),
})
