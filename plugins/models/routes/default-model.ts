/** The models that a workspace uses where nobody names one. */
import { route } from '../../../core/index.ts'
import { modelTypes } from '../config.ts'
import { modelErrors } from '../errors.ts'
import { presentProvider } from '../presenters/provider.ts'
import { defaultModelReply, modelSettings, modelTypeQuery, success } from '../schemas/providers.ts'
import { defaultModels } from '../services/defaults.ts'
import { providers } from '../services/providers.ts'

const place = { surface: 'console', credential: 'account', resource: 'workspace', path: '/workspaces/current/default-model' } as const

const show = route({
  ...place, method: 'GET', access: 'model:list',
  summary: "The model of a type that is used where nobody names one: the workspace's choice, else the server's; null where there is none",
  query: modelTypeQuery, uses: { defaults: defaultModels, providers },
  reply: defaultModelReply,
  handle: async ({ actor, query }, { defaults, providers }) => {
    const ref = await defaults.of(actor.workspaceId, query.model_type)
    if (!ref) return { data: null }
    const { id, provider, models } = await providers.one(actor.workspaceId, ref.provider)
    return {
      data: {
        model: ref.model, model_type: query.model_type,
        provider: { ...presentProvider(actor.workspaceId, { id, label: provider.label }), supported_model_types: modelTypes.filter((type) => models(type).length > 0) },
      },
    }
  },
})

const choose = route({
  ...place, method: 'POST', access: 'model:configure',
  summary: 'Choose the default models of the workspace; a type without provider and model falls back to what the server would choose',
  body: modelSettings, uses: { defaults: defaultModels },
  reply: success, errors: [modelErrors.modelCurrentlyNotSupport, modelErrors.providerNotInitialize],
  handle: async ({ actor, body }, { defaults }) => {
    await defaults.set({ workspaceId: actor.workspaceId, accountId: actor.id }, body.model_settings.map(({ model_type: type, provider, model }) =>
      ({ type, model: provider && model ? { provider, model } : null })))
    return { result: 'success' as const }
  },
})

export const defaultModelRoutes = [show, choose]
