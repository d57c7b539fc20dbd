/** Models behind one seam: providers implement it, plugins ask `models`. */
import type Joi from 'joi'
import { definePort } from '../../core/index.ts'

export type ModelType = 'text-embedding' | 'rerank' | 'llm' | 'tts' | 'speech2text' | 'moderation'
export interface ModelInfo {
  readonly name: string
  readonly type: ModelType
  readonly label: string
  /** Length of an embedding. */
  readonly dimensions?: number
  /** Tokens that one input may have; of an llm, question and answer together. */
  readonly contextSize?: number
  /** llm: `chat` unless given. */
  readonly mode?: 'chat' | 'completion'
  /** llm: what it can beside text, in the words of the wire: `tool-call`, `vision`, `document`, `audio`, `structured-output`. */
  readonly features?: readonly string[]
  /** llm: it quotes the `passages` of a request and follows no instruction, so that it is of no use for titles, summaries or tools. */
  readonly quotesOnly?: boolean
  /** What `parameters` of a request may say; a parameter that is not here is refused. */
  readonly parameters?: readonly ParameterRule[]
  readonly price?: ModelPrice
  /** tts. */
  readonly voices?: readonly { readonly value: string; readonly name: string; readonly languages?: readonly string[] }[]
}
export interface ParameterRule {
  readonly name: string
  readonly label: string
  readonly type: 'float' | 'int' | 'string' | 'boolean'
  readonly required?: boolean
  readonly default?: number | string | boolean
  readonly min?: number
  readonly max?: number
  readonly options?: readonly string[]
}
/** Decimal strings: a token costs `input` (or `output`) times `unit`, such as 0.15 times 0.000001. */
export interface ModelPrice { readonly input: string; readonly output: string; readonly unit: string; readonly currency: string }
/** What a workspace entered for a provider, as the provider's own schema checked it. Secrets are among it: never log it. */
export type Credentials = Readonly<Record<string, unknown>>
interface ModelRequest {
  readonly model: string
  /** Absent where the workspace entered none. */
  readonly credentials?: Credentials
  readonly signal?: AbortSignal
}
export interface EmbedRequest extends ModelRequest {
  readonly texts: readonly string[]
  /** Some models embed a question in another way than a passage. */
  readonly purpose: 'query' | 'document'
}
export interface Embeddings {
  /** One unit-length vector per text, in order. */
  readonly vectors: readonly Float32Array[]
  readonly tokens: number
}
export interface RerankRequest extends ModelRequest {
  readonly query: string
  readonly documents: readonly string[]
}
export interface Reranking {
  /** One per document, in their order: 0..1, higher is better. */
  readonly scores: readonly number[]
  readonly tokens: number
}
export type MessagePart =
  | { readonly type: 'text'; readonly text: string }
  | {
    readonly type: 'file'; readonly mediaType: string; readonly data: Uint8Array | URL; readonly name?: string
    /** It came along with an earlier message: where it cannot be loaded any more, the model is told so. */
    readonly isEarlier?: boolean
  }
export interface ToolCall { readonly id: string; readonly name: string; /** JSON. */ readonly input: string }
export interface PromptMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string | readonly MessagePart[]
  /** Of an assistant. */
  readonly toolCalls?: readonly ToolCall[]
  /** Of a tool: the call whose result the content is. */
  readonly toolCallId?: string
  readonly toolName?: string
}
/** @property input JSON Schema */
export interface ToolSpec { readonly name: string; readonly description: string; readonly input: object }
export interface GenerateRequest extends ModelRequest {
  readonly messages: readonly PromptMessage[]
  /** By the names of the model's rules: `temperature`, `max_tokens`. */
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly stop?: readonly string[]
  readonly tools?: readonly ToolSpec[]
  /** What the messages quote as knowledge, piece by piece, best first. A model that reads the messages need not look at it. */
  readonly passages?: readonly string[]
  /** An opaque name of whoever asks, which some providers want to tell abuse. */
  readonly user?: string
}
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'other'
export type GenerationPart =
  | { readonly type: 'text' | 'reasoning'; readonly text: string }
  /** Whole, however many pieces it came in. */
  | { readonly type: 'tool-call'; readonly call: ToolCall }
/** Absent where the provider does not tell. */
export interface TokenUsage { readonly promptTokens?: number; readonly completionTokens?: number }
export type ProviderPart = GenerationPart | { readonly type: 'end'; readonly tokens: TokenUsage; readonly finish: FinishReason }
export interface SpeechRequest extends ModelRequest { readonly text: string; readonly voice?: string }
export interface Speech { readonly mediaType: string; readonly audio: AsyncIterable<Uint8Array> }
export interface TranscribeRequest extends ModelRequest { readonly audio: Buffer; readonly mediaType: string; readonly name: string }
export interface ModerateRequest extends ModelRequest { readonly text: string }
/** The id of a provider is its instance name in the configuration. */
export interface ModelProvider {
  readonly label: string
  /** What a workspace may enter for itself; absent where everything comes from the configuration. */
  readonly credentials?: Joi.ObjectSchema
  /** Those that can be used with these credentials. */
  models(credentials?: Credentials): readonly ModelInfo[]
  embed?(request: EmbedRequest): Promise<Embeddings>
  rerank?(request: RerankRequest): Promise<Reranking>
  /**
   * Parts as they come, `end` last and once. Throws an `HttpError` in the words of the wire (`rate_limit_error`, `completion_request_error`,
   * `provider_not_initialize`), also in mid-stream; where `signal` aborts, its reason, and the provider is asked no further.
   */
  generate?(request: GenerateRequest): AsyncIterable<ProviderPart>
  transcribe?(request: TranscribeRequest): Promise<{ readonly text: string }>
  speak?(request: SpeechRequest): Promise<Speech>
  moderate?(request: ModerateRequest): Promise<{ readonly flagged: boolean }>
  /** Asked before credentials are stored. Throws an error that tells whoever entered them what to do. */
  validate?(credentials: Credentials, signal?: AbortSignal): Promise<void>
}
export const modelProvider = definePort<ModelProvider>('modelProvider', { many: true })

/** The provider by its id, or as some clients write it, `organisation/plugin/id`: `find` knows both, and `list` has the id alone. */
export interface ModelRef { readonly provider: string; readonly model: string }
type Asked<R> = Omit<R, 'model' | 'credentials'>
/** Prices are decimal strings, without an exponent; a model without a price costs 0 USD. */
export interface Usage {
  readonly promptTokens: number
  readonly promptUnitPrice: string
  readonly promptPriceUnit: string
  readonly promptPrice: string
  readonly completionTokens: number
  readonly completionUnitPrice: string
  readonly completionPriceUnit: string
  readonly completionPrice: string
  readonly totalTokens: number
  readonly totalPrice: string
  readonly currency: string
}
export type ModelPart = GenerationPart | { readonly type: 'end'; readonly usage: Usage; readonly finish: FinishReason }
export interface Models {
  /** Undefined where no provider offers one of that type. */
  defaultModel(workspaceId: string, type: ModelType): Promise<ModelRef | undefined>
  /** Undefined where the provider or the model is unknown. */
  find(workspaceId: string, ref: ModelRef, type: ModelType): Promise<ModelInfo | undefined>
  /** Throws `model_currently_not_support` for an unknown model, `provider_not_initialize` for an unknown provider. */
  embed(workspaceId: string, ref: ModelRef, request: Asked<EmbedRequest>): Promise<Embeddings>
  /** Throws as `embed` does. */
  rerank(workspaceId: string, ref: ModelRef, request: Asked<RerankRequest>): Promise<Reranking>
  /** As `ModelProvider.generate`; where the provider tells no tokens, they are estimated. Throws 400 `invalid_param` for parameters that break the model's rules. */
  generate(workspaceId: string, ref: ModelRef, request: Asked<GenerateRequest>): AsyncIterable<ModelPart>
  transcribe(workspaceId: string, ref: ModelRef, request: Asked<TranscribeRequest>): Promise<{ readonly text: string }>
  speak(workspaceId: string, ref: ModelRef, request: Asked<SpeechRequest>): Promise<Speech>
  moderate(workspaceId: string, ref: ModelRef, request: Asked<ModerateRequest>): Promise<{ readonly flagged: boolean }>
  /** Tokens of a text, estimated on the high side for any model. No I/O. */
  estimateTokens(text: string): number
  list(workspaceId: string, type: ModelType): Promise<readonly { readonly provider: string; readonly label: string; readonly models: readonly ModelInfo[] }[]>
}
export const models = definePort<Models>('models')

/** What asking one may be refused with. */
export { modelErrors } from './errors.ts'
