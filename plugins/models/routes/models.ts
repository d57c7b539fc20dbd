/** Which models a workspace may use: for clients with a key, and for the console. */
import Joi from 'joi'
import { route } from '../../../core/index.ts'
import { modelTypes } from '../config.ts'
import { modelErrors } from '../errors.ts'
import { models } from '../ports.ts'
import type { ModelType } from '../ports.ts'
import { presentModel, presentProvider, presentRule } from '../presenters/provider.ts'
import { modelList, parameterRules, parameterRulesQuery } from '../schemas/models.ts'
import { providerParams } from '../schemas/providers.ts'
import { providers } from '../services/providers.ts'

const list = <S extends 'service' | 'console'>(surface: S, credential: S extends 'service' ? 'dataset' : 'account') => route({
  method: 'GET', path: '/workspaces/current/models/model-types/{model_type}', surface, credential, access: 'model:list', resource: 'workspace',
  summary: 'The usable models of a type, by provider',
  params: Joi.object<{ model_type: ModelType }, true>({ model_type: Joi.string<ModelType>().valid(...modelTypes).required() }),
  uses: { models },
  reply: modelList,
  handle: async ({ params, actor }, { models }) => ({
    data: (await models.list(actor.workspaceId, params.model_type)).map(({ provider: id, label, models: offered }) =>
      ({ ...presentProvider(actor.workspaceId, { id, label }), status: 'active' as const, models: offered.map(presentModel) })),
  }),
})

const rules = route({
  method: 'GET', path: '/workspaces/current/model-providers/{provider}/models/parameter-rules', surface: 'console', credential: 'account', access: 'model:list', resource: 'workspace',
  summary: 'What the parameters of an llm may be',
  params: providerParams, query: parameterRulesQuery, uses: { models, providers },
  reply: parameterRules, errors: [modelErrors.providerMissing, modelErrors.modelCurrentlyNotSupport],
  handle: async ({ actor, params, query }, { models, providers }) => {
    const { id } = providers.named(params.provider)
    const model = await models.find(actor.workspaceId, { provider: id, model: query.model }, 'llm')
    if (!model) throw modelErrors.modelCurrentlyNotSupport(`The provider "${id}" has no llm "${query.model}" for this workspace. Choose one that the list of models shows.`)
    return { data: (model.parameters ?? []).map(presentRule) }
  },
})

export const modelsRoutes = [list('service', 'dataset'), list('console', 'account'), rules]
