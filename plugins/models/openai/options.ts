/** What may be said of a server that speaks the protocol of OpenAI: by the operator in the configuration, and by a workspace. */
import Joi from 'joi'
import { address, configuredModels } from '../ai-sdk/model-options.ts'
import type { ConfiguredModel } from '../ai-sdk/model-options.ts'
import { modelTypes } from '../config.ts'

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
  /** Of silence; see `TIMEOUT` for what stands where it is not given. */
  readonly timeoutMs?: number
  /** Written before each text, as models of the E5 family want it: `query: `, `passage: `. */
  readonly queryPrefix: string
  readonly documentPrefix: string
  /** Whether a server is asked to tell the tokens of a conversation; some refuse to be asked. */
  readonly streamUsage: boolean
}
/** Milliseconds: a model may think for minutes before its first word. */
export const TIMEOUT = { request: 60_000, conversation: 300_000 }

const texts = Joi.object<Record<string, string>>().pattern(Joi.string(), Joi.string()).default({})
/** What the options of every vendor have. */
export const sharedOptions = {
  label: Joi.string().max(100),
  apiKey: Joi.string(),
  headers: texts,
  timeoutMs: Joi.number().integer().min(1).max(600_000),
}

/** @param defaults what stands for an option that is not given */
export const openAiOptions = (defaults: { readonly baseUrl?: string; readonly models?: readonly ConfiguredModel[] } = {}): Joi.ObjectSchema<OpenAiOptions> => {
  const known = defaults.baseUrl === undefined ? address : address.default(defaults.baseUrl)
  return Joi.object<OpenAiOptions>({
    ...sharedOptions,
    baseUrl: defaults.baseUrl === undefined
      ? known.when('apiKey', { is: Joi.exist(), then: Joi.required() }).when('auth', { is: 'none', then: Joi.required() }) : known,
    auth: Joi.string().valid('bearer', 'api-key', 'none').default('bearer'),
    query: texts,
    models: configuredModels(modelTypes).default([...defaults.models ?? []]),
    batchSize: Joi.number().integer().min(1).max(2_048).default(32),
    concurrency: Joi.number().integer().min(1).max(64).default(4),
    queryPrefix: Joi.string().allow('').default(''),
    documentPrefix: Joi.string().allow('').default(''),
    streamUsage: Joi.boolean().default(true),
  })
}
