import Joi from 'joi'
import { modelTypes } from '../config.ts'
import type { Credentials, ModelType } from '../ports.ts'
import { icon, languages } from './models.ts'
import type { Icon, Languages } from './models.ts'

interface ProviderItem {
  tenant_id: string
  provider: string
  label: Languages
  icon_small: Icon
  icon_small_dark: Icon
}
const providerItem = {
  tenant_id: Joi.string().uuid().required(),
  provider: Joi.string().required(),
  label: languages.required(),
  icon_small: icon.required(),
  icon_small_dark: icon.required(),
}

/** A field of the form in which a workspace enters its credentials. */
export interface FormField { variable: string; type: 'secret-input' | 'text-input' | 'list'; required: boolean }
export interface ListedProvider extends ProviderItem {
  /** Of the models that the workspace can use now. */
  supported_model_types: ModelType[]
  /** Null: everything comes from the configuration of the server. */
  provider_credential_schema: { credential_form_schemas: FormField[] } | null
  custom_configuration: { status: 'active' | 'no-configure' }
  system_configuration: { enabled: boolean }
}
const types = Joi.array().items(Joi.string<ModelType>().valid(...modelTypes))
export const providerList = Joi.object<{ data: ListedProvider[] }, true>({
  data: Joi.array().items(Joi.object<ListedProvider, true>({
    ...providerItem,
    supported_model_types: types.required(),
    provider_credential_schema: Joi.object<{ credential_form_schemas: FormField[] }>({
      credential_form_schemas: Joi.array().items(Joi.object<FormField, true>({
        variable: Joi.string().required(), type: Joi.string<FormField['type']>().valid('secret-input', 'text-input', 'list').required(), required: Joi.boolean().required(),
      })).required(),
    }).allow(null).required(),
    custom_configuration: Joi.object<ListedProvider['custom_configuration'], true>({
      status: Joi.string<'active' | 'no-configure'>().valid('active', 'no-configure').required(),
    }).required(),
    system_configuration: Joi.object<ListedProvider['system_configuration'], true>({ enabled: Joi.boolean().required() }).required(),
  })).required(),
})

export const providerParams = Joi.object<{ provider: string }, true>({ provider: Joi.string().max(200).required() })
export const credentialsBody = Joi.object<{ credentials: Credentials }, true>({ credentials: Joi.object<Credentials>().unknown().required() })
export const shownCredentials = Joi.object<{ credentials: Credentials | null }, true>({ credentials: Joi.object<Credentials>().unknown().allow(null).required() })
export const success = Joi.object<{ result: 'success' }, true>({ result: Joi.string<'success'>().valid('success').required() })
export const validity = Joi.object<{ result: 'success' | 'error'; error?: string }, true>({
  result: Joi.string<'success' | 'error'>().valid('success', 'error').required(), error: Joi.string(),
})

const modelType = Joi.string<ModelType>().valid(...modelTypes).required()
export const modelTypeQuery = Joi.object<{ model_type: ModelType }, true>({ model_type: modelType })
export interface DefaultModel { model: string; model_type: ModelType; provider: ProviderItem & { supported_model_types: ModelType[] } }
export const defaultModelReply = Joi.object<{ data: DefaultModel | null }, true>({
  data: Joi.object<DefaultModel, true>({
    model: Joi.string().required(), model_type: modelType,
    provider: Joi.object<DefaultModel['provider'], true>({ ...providerItem, supported_model_types: types.required() }).required(),
  }).allow(null).required(),
})
export interface ModelSetting { model_type: ModelType; provider?: string | null; model?: string | null }
export const modelSettings = Joi.object<{ model_settings: ModelSetting[] }, true>({
  model_settings: Joi.array().max(modelTypes.length).unique('model_type').required().items(Joi.object<ModelSetting>({
    model_type: modelType, provider: Joi.string().max(200).allow('', null), model: Joi.string().max(200).allow('', null),
  }).and('provider', 'model')),
})
