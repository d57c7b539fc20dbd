/** What may be said of a model: by the operator in the configuration, and by a workspace. */
import Big from 'big.js'
import Joi from 'joi'
import type { ModelInfo, ModelPrice, ModelType } from '../ports.ts'
import { rulesOf } from './parameters.ts'
import type { Vendor } from './parameters.ts'

export interface ConfiguredModel {
  readonly name: string
  readonly type: ModelType
  readonly label?: string
  readonly dimensions?: number
  readonly contextSize?: number
  /** llm: `chat` unless given. */
  readonly mode?: 'chat' | 'completion'
  /** llm: of an answer, at most. */
  readonly maxTokens?: number
  /** llm: see `ModelInfo`. */
  readonly features?: readonly string[]
  readonly price?: ModelPrice
  /** tts. */
  readonly voices?: NonNullable<ModelInfo['voices']>
}
interface EnteredModel {
  readonly model: string
  readonly model_type: ModelType
  readonly dimensions?: number
  readonly context_size?: number
  readonly mode?: 'chat' | 'completion'
  readonly max_tokens?: number
  readonly features?: readonly string[]
  readonly price?: ModelPrice
  readonly voices?: NonNullable<ModelInfo['voices']>
}
/** What a workspace enters for a provider. */
export interface ServerCredentials {
  readonly api_key: string
  /** A server of its own, which must be at a public address; its `models` are then those that count. */
  readonly base_url?: string
  readonly models?: EnteredModel[]
}

const size = Joi.number().integer().min(1).max(10_000_000)
const name = Joi.string().trim().min(1).max(200)
export const address = Joi.string().uri({ scheme: ['http', 'https'] }).max(2_000)
const features = ['tool-call', 'multi-tool-call', 'stream-tool-call', 'agent-thought', 'vision', 'document', 'audio', 'video', 'structured-output'] as const

/** A number, or the digits of one; kept as digits, so that nothing is rounded. */
const decimal = Joi.any().custom((value: unknown, helpers) => {
  const digits = typeof value === 'number' && Number.isFinite(value) ? new Big(value).toFixed() : value
  return typeof digits === 'string' && /^\d{1,9}(\.\d{1,12})?$/.test(digits) ? digits : helpers.message({ custom: 'must be a price such as 0.15, with at most twelve decimals' })
}) as unknown as Joi.StringSchema
const price = Joi.object<ModelPrice, true>({
  input: decimal.required(), output: decimal.required(), unit: decimal.default('0.000001'), currency: Joi.string().pattern(/^[A-Z]{3}$/, 'three capital letters').default('USD'),
})
const ofLlm = (schema: Joi.Schema, type: string): Joi.Schema => Joi.when(type, { is: 'llm', then: schema, otherwise: Joi.forbidden() })
const voices = Joi.array().max(200).items(Joi.object({ value: name.required(), name: Joi.string().max(100).default((parent: { value: string }) => parent.value), languages: Joi.array().items(Joi.string().max(20)) }))
  .unique('value')
const shared = (type: string) => ({
  dimensions: size,
  mode: ofLlm(Joi.string().valid('chat', 'completion'), type),
  features: ofLlm(Joi.array().items(Joi.string().valid(...features)).unique(), type),
  price: ofLlm(price, type),
  voices: Joi.when(type, { is: 'tts', then: voices, otherwise: Joi.forbidden() }),
})

export const configuredModels = (types: readonly ModelType[]): Joi.ArraySchema<ConfiguredModel[]> => Joi.array<ConfiguredModel[]>().items(Joi.object<ConfiguredModel>({
  name: name.required(), type: Joi.string().valid(...types).required(), label: Joi.string().max(100), contextSize: size, maxTokens: ofLlm(size, 'type'), ...shared('type'),
})).unique((a: ConfiguredModel, b: ConfiguredModel) => a.type === b.type && a.name === b.name)

/** @param hasAddress whether the configuration names a server */
export const serverCredentials = (types: readonly ModelType[], hasAddress: boolean): Joi.ObjectSchema<ServerCredentials> => Joi.object<ServerCredentials, true>({
  api_key: Joi.string().trim().max(1_000).pattern(/^[\x21-\x7e]+$/, 'letters, digits and signs without spaces').required().meta({ secret: true }),
  base_url: (hasAddress ? address : address.required()).meta({ address: true }),
  models: Joi.array<EnteredModel[]>().max(20).items(Joi.object<EnteredModel>({
    model: name.required(), model_type: Joi.string().valid(...types).required(), context_size: size, max_tokens: ofLlm(size, 'model_type'), ...shared('model_type'),
  })).unique((a: EnteredModel, b: EnteredModel) => a.model_type === b.model_type && a.model === b.model)
    .when('base_url', { is: Joi.exist(), then: Joi.array().min(1).required() }),
})

export type Describe = (model: ConfiguredModel) => ModelInfo
/** @param known what stands for whatever is not said of a model of that name */
export const describing = (vendor: Vendor, known: readonly ConfiguredModel[] = []): Describe => (given) => {
  const { maxTokens, ...model }: ConfiguredModel = { ...known.find((one) => one.name === given.name && one.type === given.type), ...given }
  const said = { ...model, label: model.label ?? model.name }
  if (said.type !== 'llm') return said
  const mode = said.mode ?? 'chat'
  return { ...said, mode, parameters: rulesOf(vendor, { mode, ...maxTokens === undefined ? {} : { maxTokens } }) }
}
export const enteredModels = ({ models = [] }: ServerCredentials, describe: Describe): ModelInfo[] =>
  models.map(({ model: name, model_type: type, context_size: contextSize, max_tokens: maxTokens, ...rest }) =>
    describe({ name, type, ...contextSize === undefined ? {} : { contextSize }, ...maxTokens === undefined ? {} : { maxTokens }, ...rest }))
