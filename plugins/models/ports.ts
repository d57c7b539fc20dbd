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
  /** Tokens that one input may have. */
  readonly contextSize?: number
}
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
/** The id of a provider is its instance name in the configuration. */
export interface ModelProvider {
  readonly label: string
  /** What a workspace may enter for itself; absent where everything comes from the configuration. */
  readonly credentials?: Joi.ObjectSchema
  /** Those that can be used with these credentials. */
  models(credentials?: Credentials): readonly ModelInfo[]
  embed?(request: EmbedRequest): Promise<Embeddings>
  rerank?(request: RerankRequest): Promise<Reranking>
  /** Asked before credentials are stored. Throws an error that tells whoever entered them what to do. */
  validate?(credentials: Credentials, signal?: AbortSignal): Promise<void>
}
export const modelProvider = definePort<ModelProvider>('modelProvider', { many: true })

/** The provider by its id, or as some clients write it, `organisation/plugin/id`: `find` knows both, and `list` has the id alone. */
export interface ModelRef { readonly provider: string; readonly model: string }
type Asked<R> = Omit<R, 'model' | 'credentials'>
export interface Models {
  /** Undefined where no provider offers one of that type. */
  defaultModel(workspaceId: string, type: ModelType): Promise<ModelRef | undefined>
  /** Undefined where the provider or the model is unknown. */
  find(workspaceId: string, ref: ModelRef, type: ModelType): Promise<ModelInfo | undefined>
  /** Throws `model_currently_not_support` for an unknown model, `provider_not_initialize` for an unknown provider. */
  embed(workspaceId: string, ref: ModelRef, request: Asked<EmbedRequest>): Promise<Embeddings>
  /** Throws as `embed` does. */
  rerank(workspaceId: string, ref: ModelRef, request: Asked<RerankRequest>): Promise<Reranking>
  list(workspaceId: string, type: ModelType): Promise<readonly { readonly provider: string; readonly label: string; readonly models: readonly ModelInfo[] }[]>
}
export const models = definePort<Models>('models')
