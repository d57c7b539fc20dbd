/** The console's page of model providers: who there is, and what the workspace has entered for them. */
import { HttpError, route } from '../../../core/index.ts'
import { modelTypes } from '../config.ts'
import { modelErrors } from '../errors.ts'
import { presentProvider } from '../presenters/provider.ts'
import { credentialsBody, providerList, providerParams, shownCredentials, success, validity } from '../schemas/providers.ts'
import { enteredCredentials } from '../services/credentials.ts'
import { formOf } from '../services/masking.ts'
import { providers } from '../services/providers.ts'

const ofWorkspace = { surface: 'console', credential: 'account', resource: 'workspace' } as const
const ofProvider = {
  ...ofWorkspace, path: '/workspaces/current/model-providers/{provider}/credentials', access: 'model:configure',
  params: providerParams, uses: { entered: enteredCredentials },
} as const
const refusals = [modelErrors.providerMissing, modelErrors.credentialsNotTaken, modelErrors.credentialsRefused, modelErrors.secretNeeded]

const list = route({
  ...ofWorkspace, method: 'GET', path: '/workspaces/current/model-providers', access: 'model:list',
  summary: 'Every model provider of the server, and what the workspace may enter for it',
  uses: { providers },
  reply: providerList,
  handle: async ({ actor }, { providers }) => ({
    data: (await providers.all(actor.workspaceId)).map(({ id, provider, credentials, models }) => ({
      ...presentProvider(actor.workspaceId, { id, label: provider.label }),
      supported_model_types: modelTypes.filter((type) => models(type).length > 0),
      provider_credential_schema: provider.credentials ? { credential_form_schemas: formOf(provider.credentials) } : null,
      custom_configuration: { status: credentials ? 'active' as const : 'no-configure' as const },
      system_configuration: { enabled: !provider.credentials },
    })),
  }),
})

const show = route({
  ...ofProvider, method: 'GET',
  summary: 'What the workspace has entered for a provider, its secrets masked; null where there is nothing',
  reply: shownCredentials, errors: [modelErrors.providerMissing, modelErrors.credentialsNotTaken],
  handle: async ({ actor, params }, { entered }) => ({ credentials: await entered.shown(actor.workspaceId, params.provider) }),
})

const create = route({
  ...ofProvider, method: 'POST', status: 201,
  summary: 'Enter credentials for a provider; they are tried with a request to it, and stored encrypted',
  body: credentialsBody, reply: success, errors: [...refusals, modelErrors.credentialsThere],
  handle: async ({ actor, params, body, signal }, { entered }) => {
    await entered.create({ workspaceId: actor.workspaceId, accountId: actor.id, provider: params.provider, entered: body.credentials, signal })
    return { result: 'success' as const }
  },
})

const change = route({
  ...ofProvider, method: 'PUT',
  summary: 'Replace the credentials for a provider; a secret that comes masked, as it is shown, stays as it is',
  body: credentialsBody, reply: success, errors: [...refusals, modelErrors.credentialsMissing, modelErrors.credentialsChanged],
  handle: async ({ actor, params, body, signal }, { entered }) => {
    await entered.change({ workspaceId: actor.workspaceId, accountId: actor.id, provider: params.provider, entered: body.credentials, signal })
    return { result: 'success' as const }
  },
})

const remove = route({
  ...ofProvider, method: 'DELETE',
  summary: 'Forget the credentials for a provider',
  reply: success, errors: [modelErrors.providerMissing, modelErrors.credentialsNotTaken, modelErrors.credentialsMissing],
  handle: async ({ actor, params }, { entered }) => {
    await entered.remove(actor.workspaceId, params.provider)
    return { result: 'success' as const }
  },
})

const validate = route({
  ...ofProvider, method: 'POST', path: '/workspaces/current/model-providers/{provider}/credentials/validate',
  summary: 'Try credentials with a request to the provider, without storing them',
  body: credentialsBody, reply: validity, errors: [modelErrors.providerMissing, modelErrors.credentialsNotTaken],
  handle: async ({ actor, params, body, signal }, { entered }) => {
    try {
      await entered.tryOut({ workspaceId: actor.workspaceId, provider: params.provider, entered: body.credentials, signal })
      return { result: 'success' as const }
    } catch (error) {
      if (error instanceof HttpError && error.status === 400 && error.code !== modelErrors.credentialsNotTaken.code) return { result: 'error' as const, error: error.message }
      throw error
    }
  },
})

export const providersRoutes = [list, show, create, change, remove, validate]
