import { defineErrors } from '../../core/index.ts'

export const modelErrors = defineErrors({
  providerNotInitialize: [400, 'provider_not_initialize', 'No provider of such models is configured. Add one under adapters.modelProvider.'],
  modelCurrentlyNotSupport: [400, 'model_currently_not_support', 'The provider has no such model.'],
})
