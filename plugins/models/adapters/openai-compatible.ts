/** Whatever speaks the protocol of OpenAI: OpenAI, Azure, Ollama, vLLM and many more. The operator configures a server, or each workspace enters a key of its own. */
import { defineAdapter, httpClient, logger, OutboundRefused } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'
import { asking } from '../openai/connection.ts'
import type { Place } from '../openai/connection.ts'
import { embedTexts } from '../openai/embedding.ts'
import { enteredModels, infoOf, openAiCredentials, openAiOptions } from '../openai/options.ts'
import type { ConfiguredModel, OpenAiCredentials, OpenAiOptions } from '../openai/options.ts'
import { rerankDocuments } from '../openai/reranking.ts'
import { modelProvider } from '../ports.ts'
import type { Credentials, ModelInfo, ModelProvider } from '../ports.ts'

/** Milliseconds for which a server that fails is tried again: somebody waits for the answer to a question, nobody for a document, whose job comes back. */
const PATIENCE = { query: 4_000, document: 30_000 }
const VALIDATION = 15_000

const speaking = (name: string, defaults: { readonly baseUrl?: string; readonly models?: readonly ConfiguredModel[] } = {}) => defineAdapter(modelProvider, name, {
  options: openAiOptions(defaults),
  uses: { http: httpClient, log: logger },
  create: ({ http, log }, options): ModelProvider => {
    const ask = asking(http, log)
    const { baseUrl, apiKey, auth, batchSize, concurrency, timeoutMs } = options
    const label = options.label ?? (baseUrl === undefined ? 'OpenAI-compatible' : new URL(baseUrl).host)
    const byWorkspace = apiKey === undefined && auth !== 'none'
    const configured = options.models.map(infoOf)

    const place = (credentials: OpenAiCredentials | undefined): Place => {
      const key = credentials?.api_key ?? apiKey
      if (byWorkspace && !credentials) {
        throw modelErrors.providerNotInitialize(`${label} needs an API key of this workspace. An owner or admin enters it in the settings of the model provider.`)
      }
      const authorization = keyHeader(auth, key)
      const own = credentials?.base_url
      // What the operator sends along may be a secret, and a workspace could choose a server that shows it.
      if (own !== undefined) return { label, baseUrl: own, headers: authorization, query: {}, keeper: 'workspace' }
      if (baseUrl === undefined) throw modelErrors.providerNotInitialize(`${label} has no address. Set its baseUrl under adapters.modelProvider.`)
      const keeper = byWorkspace ? 'workspace' : 'operator'
      return { label, baseUrl, headers: { ...options.headers, ...authorization }, query: options.query, trusts: new URL(baseUrl).origin, keeper }
    }
    const modelsOf = (credentials: OpenAiCredentials | undefined): ModelInfo[] => {
      if (!credentials) return byWorkspace ? [] : configured
      const entered = enteredModels(credentials)
      const others = credentials.base_url === undefined ? configured : []
      return [...others.filter(({ name, type }) => !entered.some((one) => one.name === name && one.type === type)), ...entered]
    }
    const dimensionsOf = (credentials: OpenAiCredentials | undefined, model: string): number | undefined =>
      modelsOf(credentials).find(({ name, type }) => name === model && type === 'text-embedding')?.dimensions
    const tryOut = async (credentials: OpenAiCredentials, model: ModelInfo | undefined, signal?: AbortSignal): Promise<unknown> => {
      const asked = { patience: 0, timeout: Math.min(timeoutMs, VALIDATION), signal }
      if (!model) return ask(place(credentials), { ...asked, path: '/models' })
      if (model.type === 'rerank') return rerankDocuments(ask, place(credentials), { model: model.name, query: 'a', documents: ['a'], asked })
      return embedTexts(ask, place(credentials), { model: model.name, dimensions: model.dimensions, texts: ['a'], batchSize, concurrency, asked })
    }

    return {
      label,
      models: (credentials) => modelsOf(read(credentials)),
      embed: ({ model, texts, purpose, credentials, signal }) => {
        const prefix = purpose === 'query' ? options.queryPrefix : options.documentPrefix
        return embedTexts(ask, place(read(credentials)), {
          model, dimensions: dimensionsOf(read(credentials), model), texts: prefix === '' ? texts : texts.map((text) => prefix + text), batchSize, concurrency,
          asked: { patience: PATIENCE[purpose], timeout: timeoutMs, signal },
        })
      },
      rerank: async ({ model, query, documents, credentials, signal }) => documents.length === 0 ? { scores: [], tokens: 0 } : rerankDocuments(
        ask, place(read(credentials)), { model, query, documents, asked: { patience: PATIENCE.query, timeout: timeoutMs, signal } }),
      ...byWorkspace ? {
        credentials: openAiCredentials(baseUrl !== undefined),
        validate: async (given: Credentials, signal?: AbortSignal): Promise<void> => {
          const credentials = given as unknown as OpenAiCredentials
          try {
            if (credentials.base_url !== undefined) await http.check(credentials.base_url)
          } catch (error) {
            if (!(error instanceof OutboundRefused)) throw error
            throw modelErrors.credentialsRefused(`The base URL may not be called from this server. ${error.message}`, { cause: error })
          }
          // A wrong name among those that were entered would show only when somebody's documents fail.
          const entered = enteredModels(credentials)
          const tried = entered.length > 0 ? entered : [configured[0]]
          for (const model of tried) await tryOut(credentials, model, signal)
        },
      } : {},
    }
  },
})

/** Checked by the schema, when they were entered. */
const read = (credentials: Credentials | undefined): OpenAiCredentials | undefined => credentials as unknown as OpenAiCredentials | undefined
const keyHeader = (auth: OpenAiOptions['auth'], key: string | undefined): Record<string, string> =>
  key === undefined || auth === 'none' ? {} : auth === 'bearer' ? { authorization: `Bearer ${key}` } : { 'api-key': key }

export const openAiCompatible = speaking('openai-compatible')
/** The same, with OpenAI's address and embedding models where nothing else is said. */
export const openAi = speaking('openai', {
  baseUrl: 'https://api.openai.com/v1',
  models: [
    { name: 'text-embedding-3-small', type: 'text-embedding', dimensions: 1_536, contextSize: 8_191 },
    { name: 'text-embedding-3-large', type: 'text-embedding', dimensions: 3_072, contextSize: 8_191 },
  ],
})
