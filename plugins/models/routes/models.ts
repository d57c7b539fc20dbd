/** Which models a workspace may use: for clients with a key, and for the console. */
import Joi from 'joi'
import { route } from '../../../core/index.ts'
import { modelTypes } from '../config.ts'
import { models } from '../ports.ts'
import type { ModelType } from '../ports.ts'
import { presentModel, presentProvider } from '../presenters/provider.ts'
import { modelList } from '../schemas/models.ts'

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

export const modelsRoutes = [list('service', 'dataset'), list('console', 'account')]
