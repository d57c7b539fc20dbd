/** What may be said of a server that speaks the protocol of OpenAI: by the operator in the configuration, and by a workspace. */
import Joi from 'joi'
import type { ModelInfo } from '../ports.ts'

const TYPES = ['text-embedding', 'rerank'] as const
type Type = typeof TYPES[number]

export interface ConfiguredModel { readonly name: string; readonly type: Type; readonly label?: string; readonly dimensions?: number; readonly contextSize?: number }
export interface OpenAiOptions {
  /** As it is shown; the host of `baseUrl` unless given. */
  readonly label?: string
  /** Up to and with the version: `https://api.openai.com/v1`. It may be a private address, since the operator wrote it. */
  readonly baseUrl?: string
  /** Without it, each workspace enters its own, unless `auth` is `none`. */
  readonly apiKey?: string
  /** How the key is sent: `Authorization: Bearer`, the header `api-key` as Azure wants it, or not at all because the server asks for none. */
  readonly auth: 'bearer' | 'api-key' | 'none'
  /** Sent to `baseUrl` with every request, as is `query`, and to no other address. */
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly models: readonly ConfiguredModel[]
  /** Texts in one request. */
  readonly batchSize: number
  /** Requests at a time, of one call. */
  readonly concurrency: number
  readonly timeoutMs: number
  /** Written before each text, as models of the E5 family want it: `query: `, `passage: `. */
  readonly queryPrefix: string
  readonly documentPrefix: string
}

const size = Joi.number().integer().min(1).max(10_000_000)
const address = Joi.string().uri({ scheme: ['http', 'https'] }).max(2_000)
const name = Joi.string().trim().min(1).max(200)
const texts = Joi.object<Record<string, string>>().pattern(Joi.string(), Joi.string()).default({})

/** @param defaults what stands for an option that is not given */
export const openAiOptions = (defaults: { readonly baseUrl?: string; readonly models?: readonly ConfiguredModel[] } = {}): Joi.ObjectSchema<OpenAiOptions> => {
  const known = defaults.baseUrl === undefined ? address : address.default(defaults.baseUrl)
  return Joi.object<OpenAiOptions>({
    label: Joi.string().max(100),
    baseUrl: defaults.baseUrl === undefined
      ? known.when('apiKey', { is: Joi.exist(), then: Joi.required() }).when('auth', { is: 'none', then: Joi.required() }) : known,
    apiKey: Joi.string(),
    auth: Joi.string().valid('bearer', 'api-key', 'none').default('bearer'),
    headers: texts,
    query: texts,
    models: Joi.array().items(Joi.object<ConfiguredModel, true>({
      name: name.required(), type: Joi.string<Type>().valid(...TYPES).required(), label: Joi.string().max(100), dimensions: size, contextSize: size,
    })).unique((a: ConfiguredModel, b: ConfiguredModel) => a.type === b.type && a.name === b.name).default([...defaults.models ?? []]),
    batchSize: Joi.number().integer().min(1).max(2_048).default(32),
    concurrency: Joi.number().integer().min(1).max(64).default(4),
    timeoutMs: Joi.number().integer().min(1).max(600_000).default(60_000),
    queryPrefix: Joi.string().allow('').default(''),
    documentPrefix: Joi.string().allow('').default(''),
  })
}
export const infoOf = ({ name, type, label = name, dimensions, contextSize }: ConfiguredModel): ModelInfo => ({
  name, type, label, ...dimensions === undefined ? {} : { dimensions }, ...contextSize === undefined ? {} : { contextSize },
})

interface EnteredModel { readonly model: string; readonly model_type: Type; readonly dimensions?: number; readonly context_size?: number }
/** What a workspace enters. */
export interface OpenAiCredentials {
  readonly api_key: string
  /** A server of its own, which must be at a public address; its `models` are then those that count. */
  readonly base_url?: string
  readonly models?: EnteredModel[]
}
/** @param hasAddress whether the configuration names a server */
export const openAiCredentials = (hasAddress: boolean): Joi.ObjectSchema<OpenAiCredentials> => Joi.object<OpenAiCredentials, true>({
  api_key: Joi.string().trim().max(1_000).pattern(/^[\x21-\x7e]+$/, 'letters, digits and signs without spaces').required().meta({ secret: true }),
  base_url: (hasAddress ? address : address.required()).meta({ address: true }),
  models: Joi.array<EnteredModel[]>().max(20).items(Joi.object<EnteredModel, true>({
    model: name.required(), model_type: Joi.string<Type>().valid(...TYPES).required(), dimensions: size, context_size: size,
  })).unique((a: EnteredModel, b: EnteredModel) => a.model_type === b.model_type && a.model === b.model)
    .when('base_url', { is: Joi.exist(), then: Joi.array().min(1).required() }),
})
export const enteredModels = (credentials: OpenAiCredentials): ModelInfo[] => (credentials.models ?? []).map(({ model, model_type: type, dimensions, context_size: contextSize }) =>
  infoOf({ name: model, type, ...dimensions === undefined ? {} : { dimensions }, ...contextSize === undefined ? {} : { contextSize } }))
