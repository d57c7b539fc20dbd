/** Which models a workspace may use. */
import Joi from 'joi'
import { route } from '../../../core/index.ts'
import { modelTypes } from '../config.ts'
import { models } from '../ports.ts'
import type { ModelInfo, ModelType } from '../ports.ts'
import { modelList } from '../schemas/models.ts'

export const listModels = route({
  method: 'GET', path: '/workspaces/current/models/model-types/{model_type}', surface: 'service', credential: 'dataset',
  access: 'model:list', resource: 'workspace',
  summary: 'The usable models of a type, by provider',
  params: Joi.object<{ model_type: ModelType }, true>({ model_type: Joi.string<ModelType>().valid(...modelTypes).required() }),
  uses: { models },
  reply: modelList,
  handle: async ({ params, actor }, { models }) => {
    const providers = await models.list(actor.workspaceId, params.model_type)
    return {
      data: providers.map(({ provider, label, models: offered }) => ({
        tenant_id: actor.workspaceId, provider, label: bothLanguages(label), icon_small: {}, icon_small_dark: {}, status: 'active' as const,
        models: offered.map(present),
      })),
    }
  },
})

const present = ({ name, label, type, dimensions, contextSize }: ModelInfo) => ({
  model: name, label: bothLanguages(label), model_type: type, features: null, fetch_from: 'predefined-model' as const,
  model_properties: { ...(contextSize === undefined ? {} : { context_size: contextSize }), ...(dimensions === undefined ? {} : { dimensions }) },
  status: 'active' as const, deprecated: false, load_balancing_enabled: false, has_invalid_load_balancing_configs: false,
})
const bothLanguages = (label: string) => ({ en_US: label, zh_Hans: label })
