/** Where a vendor is, as whom it is asked, and what it offers: to a workspace with its own credentials, and to everybody by the operator's. */
import { OutboundRefused } from '../../../core/index.ts'
import type { HttpClient } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'
import type { Place } from '../openai/connection.ts'
import type { Credentials, ModelInfo, ModelType } from '../ports.ts'
import { enteredModels } from './model-options.ts'
import type { ConfiguredModel, Describe, ServerCredentials } from './model-options.ts'

export interface ServerOptions {
  readonly label: string
  readonly baseUrl: string | undefined
  readonly apiKey: string | undefined
  /** Whether a server is asked without a key. */
  readonly keyless?: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly models: readonly ConfiguredModel[]
  /** How a key is sent. */
  readonly keyHeader: (key: string | undefined) => Readonly<Record<string, string>>
  readonly describe: Describe
}
export interface Server {
  /** Whether each workspace enters credentials of its own. */
  readonly byWorkspace: boolean
  /** Of the operator. */
  readonly configured: readonly ModelInfo[]
  entered(credentials: Credentials): readonly ModelInfo[]
  models(credentials: Credentials | undefined): readonly ModelInfo[]
  model(credentials: Credentials | undefined, name: string, type: ModelType): ModelInfo | undefined
  /** Throws `provider_not_initialize` without credentials where they are needed. */
  place(credentials: Credentials | undefined): Place
  /** Throws `credentials_validate_failed` for an address that may not be called. */
  checkAddress(credentials: Credentials): Promise<void>
}

/** Checked by the schema, when they were entered. */
const read = (credentials: Credentials | undefined): ServerCredentials | undefined => credentials as unknown as ServerCredentials | undefined

export const serverOf = (http: HttpClient, { label, baseUrl, apiKey, keyless = false, headers, query, models, keyHeader, describe }: ServerOptions): Server => {
  const byWorkspace = apiKey === undefined && !keyless
  const configured = models.map(describe)
  const entered = (credentials: Credentials): readonly ModelInfo[] => enteredModels(read(credentials) as ServerCredentials, describe)
  const offered = (credentials: Credentials | undefined): readonly ModelInfo[] => {
    if (!credentials) return byWorkspace ? [] : configured
    const own = entered(credentials)
    const others = read(credentials)?.base_url === undefined ? configured : []
    return [...others.filter(({ name, type }) => !own.some((one) => one.name === name && one.type === type)), ...own]
  }
  return {
    byWorkspace, configured, entered, models: offered,
    model: (credentials, name, type) => offered(credentials).find((one) => one.name === name && one.type === type),
    place: (given) => {
      const credentials = read(given)
      if (byWorkspace && !credentials) {
        throw modelErrors.providerNotInitialize(`${label} needs an API key of this workspace. An owner or admin enters it in the settings of the model provider.`)
      }
      const authorization = keyHeader(credentials?.api_key ?? apiKey)
      const own = credentials?.base_url
      // What the operator sends along may be a secret, and a workspace could choose a server that shows it.
      if (own !== undefined) return { label, baseUrl: own, headers: authorization, query: {}, keeper: 'workspace' }
      if (baseUrl === undefined) throw modelErrors.providerNotInitialize(`${label} has no address. Set its baseUrl under adapters.modelProvider.`)
      return { label, baseUrl, headers: { ...headers, ...authorization }, query, trusts: new URL(baseUrl).origin, keeper: byWorkspace ? 'workspace' : 'operator' }
    },
    checkAddress: async (credentials) => {
      const own = read(credentials)?.base_url
      try {
        if (own !== undefined) await http.check(own)
      } catch (error) {
        if (!(error instanceof OutboundRefused)) throw error
        throw modelErrors.credentialsRefused(`The base URL may not be called from this server. ${error.message}`, { cause: error })
      }
    },
  }
}

/** The smallest conversation there is, ended with its first word. */
export const tryConversation = async (converse: (signal: AbortSignal) => AsyncIterable<unknown>, signal: AbortSignal = new AbortController().signal): Promise<void> => {
  for await (const _part of converse(signal)) return
}
