/** Apps: what other plugins may ask of them, of those who use them, and of the files that these send. */
import type { Readable } from 'node:stream'
import { definePort } from '../../core/index.ts'
import type { Actor } from '../../core/index.ts'

export type AppMode = 'chat' | 'completion' | 'agent-chat' | 'advanced-chat' | 'workflow' | 'agent'
interface Switch { readonly enabled: boolean }
export interface ChosenModel {
  readonly provider: string
  readonly name: string
  readonly mode: 'chat' | 'completion'
  /** By the model's rules, and `stop`: texts at which it ends. */
  readonly completion_params: Readonly<Record<string, unknown>>
}
export type InputType = 'text-input' | 'paragraph' | 'select' | 'number' | 'checkbox' | 'external_data_tool' | 'file' | 'file-list' | 'json_object'
export interface InputField {
  readonly type: InputType
  readonly variable: string
  readonly label: string
  readonly required: boolean
  readonly default?: unknown
  readonly max_length?: number
  readonly options?: readonly string[]
  readonly allowed_file_types?: readonly FileType[]
  readonly allowed_file_extensions?: readonly string[]
  readonly allowed_file_upload_methods?: readonly TransferMethod[]
  readonly [other: string]: unknown
}
interface ModerationSide extends Switch { readonly preset_response?: string }
/** As the wire has it, whole: what nobody set has its default. */
export interface ModelConfig {
  readonly model: ChosenModel
  readonly prompt_type: 'simple' | 'advanced'
  readonly pre_prompt: string
  readonly chat_prompt_config: { readonly prompt?: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly text: string }[] }
  readonly completion_prompt_config: {
    readonly prompt?: { readonly text: string }
    readonly conversation_histories_role?: { readonly user_prefix: string; readonly assistant_prefix: string }
  }
  readonly user_input_form: readonly Readonly<Partial<Record<InputType, Omit<InputField, 'type'>>>>[]
  /** completion: the input that is the question to the knowledge bases. */
  readonly dataset_query_variable: string
  readonly dataset_configs: {
    readonly retrieval_model: 'single' | 'multiple'
    readonly datasets: { readonly datasets: readonly { readonly dataset: { readonly enabled: boolean; readonly id: string } }[] }
    readonly top_k: number
    readonly score_threshold_enabled: boolean
    readonly score_threshold: number | null
    readonly reranking_mode: 'reranking_model' | 'weighted_score'
    readonly reranking_enable: boolean
    readonly reranking_model: { readonly reranking_provider_name: string; readonly reranking_model_name: string }
    readonly weights?: { readonly vector_setting: { readonly vector_weight: number }; readonly keyword_setting: { readonly keyword_weight: number } }
    readonly metadata_filtering_mode?: 'disabled' | 'automatic' | 'manual'
    readonly metadata_filtering_conditions?: {
      readonly logical_operator: 'and' | 'or'
      readonly conditions: readonly { readonly name: string; readonly comparison_operator: string; readonly value?: string | number | readonly string[] | null }[]
    }
    readonly [other: string]: unknown
  }
  readonly opening_statement: string
  readonly suggested_questions: readonly string[]
  readonly suggested_questions_after_answer: Switch & { readonly prompt?: string; readonly model?: ChosenModel }
  readonly speech_to_text: Switch
  readonly text_to_speech: Switch & { readonly voice: string; readonly language: string; readonly autoPlay?: 'enabled' | 'disabled' }
  readonly retriever_resource: Switch
  readonly sensitive_word_avoidance: Switch & {
    readonly type: string
    readonly config?: { readonly inputs_config?: ModerationSide; readonly outputs_config?: ModerationSide; readonly keywords?: string }
  }
  readonly more_like_this: Switch
  readonly file_upload: {
    readonly enabled: boolean
    readonly allowed_file_types: readonly FileType[]
    readonly allowed_file_extensions: readonly string[]
    readonly allowed_file_upload_methods: readonly TransferMethod[]
    readonly number_limits: number
    readonly image: Switch & { readonly number_limits: number; readonly detail: 'high' | 'low'; readonly transfer_methods: readonly TransferMethod[] }
    readonly [other: string]: unknown
  }
  readonly agent_mode: Switch & { readonly strategy?: string; readonly max_iteration?: number; readonly tools: readonly unknown[]; readonly prompt?: unknown }
  readonly external_data_tools: readonly unknown[]
}

export interface App {
  readonly id: string
  readonly workspaceId: string
  readonly name: string
  readonly description: string
  readonly mode: AppMode
  /** Runs at a time; 0: as many as the server allows. */
  readonly maxActiveRequests: number
  readonly createdBy: string
}
/** @property configId of the version that the config is */
export interface ConfiguredApp extends App { readonly configId: string; readonly config: ModelConfig }

export interface Apps {
  /** The app of the key that asks. Throws 403 where it is gone, or closed to API keys. */
  open(actor: Actor): Promise<App>
  /** Throws 404 where the workspace has no such app. */
  find(workspaceId: string, appId: string): Promise<App>
  /** With its settings: those that hold now, or an earlier version. Throws 400 `app_unavailable` where it has none. */
  configured(app: App, configId?: string): Promise<ConfiguredApp>
  /** Of these ids, the names of those that exist in the workspace. */
  names(workspaceId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /**
   * The values of a run's inputs as the app's form declares them: coerced, defaults put in, the undeclared left out. Files are still as they were sent.
   * Throws 400 `invalid_param` that names the input.
   */
  inputs(config: ModelConfig, given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>
  /** The fields of its form, in order. */
  form(config: ModelConfig): readonly InputField[]
}
export const apps = definePort<Apps>('apps')

/** Who must act in the transaction that deletes an app. */
export interface AppLifecycle { deleting(app: { readonly workspaceId: string; readonly id: string }): Promise<void> }
export const appLifecycle = definePort<AppLifecycle>('appLifecycle', { many: true })

export interface EndUser {
  readonly id: string
  readonly workspaceId: string
  readonly appId: string
  readonly sessionId: string
  readonly isAnonymous: boolean
}
type OfApp = Pick<App, 'id' | 'workspaceId'>
export interface EndUsers {
  /** Whoever the app's own system calls so; made where they come for the first time. Empty or undefined: the one anonymous user of the app. */
  take(app: OfApp, user: string | undefined): Promise<EndUser>
  /** By id; those that the workspace has. */
  list(workspaceId: string, ids: readonly string[]): Promise<ReadonlyMap<string, EndUser>>
}
export const endUsers = definePort<EndUsers>('endUsers')

export type FileType = 'image' | 'document' | 'audio' | 'video' | 'custom'
export type TransferMethod = 'remote_url' | 'local_file'
/** As a client names a file in a request. */
export interface FileInput { readonly type: FileType; readonly transfer_method: TransferMethod; readonly url?: string; readonly upload_file_id?: string }
/** One that may be used: checked against who sent it and what the app takes. */
export interface AppFile {
  readonly type: FileType
  readonly transferMethod: TransferMethod
  readonly url: string | null
  /** null: it lies elsewhere. */
  readonly uploadFileId: string | null
  readonly name: string
  /** Lower case, without the dot; empty where unknown. */
  readonly extension: string
  readonly mimeType: string
  /** Bytes; null where unknown. */
  readonly size: number | null
}
/** What a place takes: the files of a question, or an input of the form. */
export interface FileRules {
  readonly types: readonly FileType[]
  readonly extensions: readonly string[]
  readonly methods: readonly TransferMethod[]
  readonly limit: number
}
export interface AppFiles {
  /** Throws 400 `invalid_param` that says which file is not taken and why; one of somebody else is one that does not exist. */
  resolve(owner: EndUser, given: readonly FileInput[], rules: FileRules): Promise<readonly AppFile[]>
  /** By id, as `resolve` gives them; for what was resolved once. */
  list(workspaceId: string, ids: readonly string[]): Promise<ReadonlyMap<string, AppFile>>
  /** The bytes of an uploaded one. */
  read(workspaceId: string, uploadFileId: string): Promise<Readable>
  /** A link that serves an uploaded one for a few minutes. */
  link(workspaceId: string, uploadFileId: string): string
}
export const appFiles = definePort<AppFiles>('appFiles')

/** Whether a message of the app has the file: only what was sent with one is shown again. */
export interface FileReferences { has(app: OfApp, uploadFileId: string): Promise<boolean> }
export const fileReferences = definePort<FileReferences>('fileReferences', { many: true })
/** What `/parameters` says beside the app's own settings, by the name under which it says it. */
export interface AppParameter { of(app: OfApp): Promise<unknown> }
export const appParameter = definePort<AppParameter>('appParameter', { many: true })
