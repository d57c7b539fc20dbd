import { defineErrors } from '../../core/index.ts'

export const mcpErrors = defineErrors({
  originRefused: [403, 'origin_not_allowed', 'Pages of that origin may not call this server. The operator lists those that may under adapters.middleware.cors.origins.'],
})
