/** Models behind one seam: providers implement it, plugins ask `models`. */
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
export interface EmbedRequest {
  readonly model: string
  readonly texts: readonly string[]
  /** Some models embed a question in another way than a passage. */
  readonly purpose: 'query' | 'document'
  readonly signal?: AbortSignal
}
export interface Embeddings {
  /** One unit-length vector per text, in order. */
  readonly vectors: readonly Float32Array[]
  readonly tokens: number
}
/** The id of a provider is its instance name in the configuration. */
export interface ModelProvider {
  readonly label: string
  models(): readonly ModelInfo[]
  embed?(request: EmbedRequest): Promise<Embeddings>
}
export const modelProvider = definePort<ModelProvider>('modelProvider', { many: true })

export interface ModelRef { readonly provider: string; readonly model: string }
export interface Models {
  /** Undefined where no provider offers one of that type. */
  defaultModel(workspaceId: string, type: ModelType): Promise<ModelRef | undefined>
  /** Undefined where the provider or the model is unknown. */
  find(workspaceId: string, ref: ModelRef, type: ModelType): Promise<ModelInfo | undefined>
  /** Throws `model_currently_not_support` for an unknown model, `provider_not_initialize` for an unknown provider. */
  embed(workspaceId: string, ref: ModelRef, request: Omit<EmbedRequest, 'model'>): Promise<Embeddings>
  list(workspaceId: string, type: ModelType): Promise<readonly { readonly provider: string; readonly label: string; readonly models: readonly ModelInfo[] }[]>
}
export const models = definePort<Models>('models')
