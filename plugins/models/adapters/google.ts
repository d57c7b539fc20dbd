/** Gemini, at Google or whoever speaks its protocol. */
import { ofGoogle } from '../ai-sdk/known-models.ts'
import { vendorProvider } from '../ai-sdk/vendor.ts'

export const google = vendorProvider({
  vendor: 'google', label: 'Google', baseUrl: 'https://generativelanguage.googleapis.com/v1beta', models: ofGoogle,
  keyHeader: (key) => ({ 'x-goog-api-key': key }),
})
