/** A provider of llms of one vendor with a protocol of its own. The operator configures a key, or each workspace enters its own. */
import Joi from 'joi'
import { defineAdapter, httpClient, logger } from '../../../core/index.ts'
import { asking } from '../openai/connection.ts'
import { sharedOptions, TIMEOUT } from '../openai/options.ts'
import { modelProvider } from '../ports.ts'
import type { Credentials, GenerateRequest, ModelProvider } from '../ports.ts'
import { converse } from './generation.ts'
import { address, configuredModels, describing, serverCredentials } from './model-options.ts'
import type { ConfiguredModel } from './model-options.ts'
import { serverOf, tryConversation } from './server.ts'

export interface VendorOptions {
  readonly label?: string
  /** Up to and with the version. It may be a private address, since the operator wrote it. */
  readonly baseUrl: string
  /** Without it, each workspace enters its own. */
  readonly apiKey?: string
  /** Sent to `baseUrl` with every request, and to no other address. */
  readonly headers: Readonly<Record<string, string>>
  readonly models: readonly ConfiguredModel[]
  /** Of silence. */
  readonly timeoutMs: number
}
export interface Described {
  readonly vendor: 'anthropic' | 'google'
  readonly label: string
  readonly baseUrl: string
  readonly models: readonly ConfiguredModel[]
  /** How a key is sent. */
  readonly keyHeader: (key: string) => Readonly<Record<string, string>>
}
const VALIDATION = 15_000

export const vendorProvider = ({ vendor, keyHeader, models, ...defaults }: Described) => defineAdapter(modelProvider, vendor, {
  options: Joi.object<VendorOptions>({
    ...sharedOptions,
    baseUrl: address.default(defaults.baseUrl),
    models: configuredModels(['llm']).default([...models]),
    timeoutMs: sharedOptions.timeoutMs.default(TIMEOUT.conversation),
  }),
  uses: { http: httpClient, log: logger },
  create: ({ http, log }, { label = defaults.label, baseUrl, apiKey, headers, models: configured, timeoutMs: timeout }): ModelProvider => {
    const ask = asking(http, log)
    const server = serverOf(http, {
      label, baseUrl, apiKey, headers, query: {}, models: configured, describe: describing(vendor, models), keyHeader: (key) => key === undefined ? {} : keyHeader(key),
    })
    const conversation = (request: GenerateRequest, timeout: number) =>
      converse({ http, log, vendor, place: server.place(request.credentials), model: server.model(request.credentials, request.model, 'llm'), timeout }, request)
    return {
      label,
      models: server.models,
      generate: (request) => conversation(request, timeout),
      ...server.byWorkspace ? {
        credentials: serverCredentials(['llm'], true),
        validate: async (credentials: Credentials, signal?: AbortSignal): Promise<void> => {
          await server.checkAddress(credentials)
          const entered = server.entered(credentials)
          if (entered.length === 0) await ask(server.place(credentials), { path: '/models', patience: 0, timeout: Math.min(timeout, VALIDATION), signal })
          for (const { name: model } of entered) {
            await tryConversation((signal) => conversation({ model, credentials, messages: [{ role: 'user', content: 'Say yes.' }], parameters: { max_tokens: 16 }, signal }, 4 * VALIDATION), signal)
          }
        },
      } : {},
    }
  },
})
