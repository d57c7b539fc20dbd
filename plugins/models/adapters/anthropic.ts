/** Claude, at Anthropic or whoever speaks its protocol. */
import { ofAnthropic } from '../ai-sdk/known-models.ts'
import { vendorProvider } from '../ai-sdk/vendor.ts'

export const anthropic = vendorProvider({
  vendor: 'anthropic', label: 'Anthropic', baseUrl: 'https://api.anthropic.com/v1', models: ofAnthropic,
  keyHeader: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
})
