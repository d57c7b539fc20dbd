import { defineErrors } from '../../core/index.ts'

export const modelErrors = defineErrors({
  providerNotInitialize: [400, 'provider_not_initialize', 'No provider of such models is configured. Add one under adapters.modelProvider.'],
  modelCurrentlyNotSupport: [400, 'model_currently_not_support', 'The provider has no such model.'],
  providerQuotaExceeded: [400, 'provider_quota_exceeded', 'The account at the model provider is used up. Top it up there, or use another key.'],
  rateLimited: [429, 'rate_limit_error', 'The model provider is asked too often. Try again in a while, or ask it for a higher limit.'],
  requestRefused: [400, 'completion_request_error', 'The model does not take the text. It may be too long: use shorter passages, or a model that takes more.'],
  providerMissing: [404, 'model_provider_not_found', 'There is no such model provider. Choose one from the list of providers.'],
  credentialsNotTaken: [400, 'credentials_not_taken', 'The operator of this server has configured this provider; a workspace can enter nothing for it.'],
  credentialsRefused: [400, 'credentials_validate_failed', 'The provider does not take these credentials.'],
  secretNeeded: [400, 'secret_needed', 'The address changes: enter the secret itself, not its masked form, so that it goes nowhere unseen.'],
  credentialsThere: [409, 'credentials_already_exist', 'The workspace has credentials for this provider. Change them by PUT, or delete them first.'],
  credentialsMissing: [404, 'credentials_not_found', 'The workspace has entered no credentials for this provider.'],
  credentialsChanged: [409, 'conflict', 'The credentials were changed at the same time by somebody else. Look at them and try again.'],
})
