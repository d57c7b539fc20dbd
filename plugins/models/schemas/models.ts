import Joi from 'joi'
import { modelTypes } from '../config.ts'
import type { ModelType } from '../ports.ts'

export interface Languages { en_US: string; zh_Hans: string }
/** Our providers have no icons; the fields stay objects because clients look into them. */
export type Icon = Record<string, never>

interface ListedModel {
  model: string
  label: Languages
  model_type: ModelType
  features: string[] | null
  fetch_from: 'predefined-model'
  model_properties: Record<string, number>
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
  model_properties: Joi.object().pattern(Joi.string(), Joi.number()).required(),
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
