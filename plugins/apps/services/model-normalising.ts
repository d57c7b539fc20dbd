/** One form of an app's settings out of the several in which clients and files say them. No I/O. */
import { appErrors } from '../errors.ts'
import type { AppMode, FileType, ModelConfig } from '../ports.ts'
import { isUuid } from '../schemas/common.ts'
import { modelConfigInput } from '../schemas/model-config.ts'
import type { DatasetConfigsInput, FileUploadInput, ModelConfigInput } from '../schemas/model-config.ts'
import { TRANSFER_METHODS } from './file-rules.ts'
import { formOf } from './inputs.ts'

const KINDS: readonly FileType[] = ['image', 'document', 'audio', 'video']
const DEFAULT_FILES = 3

/** An older form knows images only, and says nothing outside of `image`. */
const fileUpload = ({ enabled, allowed_file_types: types, allowed_file_upload_methods: methods, number_limits: limit, image, ...rest }: FileUploadInput): ModelConfig['file_upload'] => {
  const older = enabled === undefined
  const on = enabled ?? image.enabled ?? false
  const all = older ? ['image' as const] : types && types.length > 0 ? types : KINDS
  const ways = [methods, image.transfer_methods].find((one) => one && one.length > 0) ?? TRANSFER_METHODS
  const number = limit ?? image.number_limits ?? DEFAULT_FILES
  return {
    ...rest, enabled: on, allowed_file_types: all, allowed_file_upload_methods: ways, number_limits: number,
    image: { enabled: on && all.includes('image'), number_limits: number, detail: image.detail, transfer_methods: ways },
  }
}

interface OldTool { readonly dataset?: { readonly enabled?: unknown; readonly id?: unknown } }
/** Before knowledge had a place of its own it stood among the tools. */
const amongTools = (tools: readonly unknown[]) => tools.flatMap((tool) => {
  const { dataset } = tool as OldTool
  return isUuid(dataset?.id) ? [{ dataset: { enabled: dataset.enabled !== false, id: dataset.id.toLowerCase() } }] : []
})
const datasetConfigs = ({ reranking_enabled: other, reranking_enable: said = other, ...rest }: DatasetConfigsInput, tools: readonly unknown[]): ModelConfig['dataset_configs'] => {
  const named = rest.reranking_model.reranking_model_name !== '' && rest.reranking_model.reranking_provider_name !== ''
  return {
    ...rest, datasets: rest.datasets.datasets.length > 0 ? rest.datasets : { datasets: amongTools(tools) },
    // Weights need no model; but a model that is not named scores nothing.
    reranking_enable: (said ?? named) && (named || rest.reranking_mode === 'weighted_score'),
  }
}

/** The settings, whole. */
export const normalised = ({ model, dataset_configs: knowledge, file_upload: files, agent_mode: agent, suggested_questions_after_answer: { model: nextModel, ...next }, ...rest }: ModelConfigInput): ModelConfig => ({
  ...rest,
  model: { ...model, mode: model.mode ?? 'chat' },
  suggested_questions_after_answer: { ...next, ...nextModel ? { model: { ...nextModel, mode: nextModel.mode ?? 'chat' } } : {} },
  dataset_configs: datasetConfigs(knowledge, agent.tools),
  file_upload: fileUpload(files),
  agent_mode: { ...agent, tools: agent.tools.filter((tool) => (tool as OldTool).dataset === undefined) },
})

/** What a client or a file says of an app, read as `POST …/model-config` does. Throws 400 `invalid_param` that names what is wrong. */
export const readModelConfig = (raw: unknown): ModelConfig => {
  const result = modelConfigInput.validate(raw, { abortEarly: false, errors: { wrap: { label: '' } } })
  const { error } = result
  if (error) throw appErrors.settingsInvalid(error.details.slice(0, 5).map(({ message }) => message).join('; '), { params: error.details[0]?.path.join('.') ?? '' })
  return normalised(result.value)
}

/** An agent picks its tools by itself; the other strategies are older names for asking a knowledge base. */
export const isAgent = ({ agent_mode: { enabled, strategy } }: ModelConfig): boolean => enabled && strategy !== 'router' && strategy !== 'react_router'
/** As what an app of the mode is stored once it has these settings. */
export const modeWith = (mode: AppMode, config: ModelConfig): AppMode => mode === 'chat' && isAgent(config) ? 'agent-chat' : mode

/** What does not go together; throws 400 `invalid_param`. */
export const requireSound = (config: ModelConfig, mode: AppMode): void => {
  const refuse = (params: string, message: string): Error => appErrors.settingsInvalid(message, { params })
  const names = formOf(config).map(({ variable }) => variable)
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined) throw refuse('user_input_form', `The form has two fields whose variable is "${twice}". Give one of them another name.`)
  if (config.prompt_type === 'advanced') {
    const { chat_prompt_config: chat, completion_prompt_config: completion } = config
    if (config.model.mode === 'chat' && !chat.prompt?.length) throw refuse('chat_prompt_config', 'chat_prompt_config.prompt has no message. Write one, or set prompt_type to simple.')
    if (config.model.mode === 'completion' && !completion.prompt?.text) throw refuse('completion_prompt_config', 'completion_prompt_config.prompt.text is empty. Write it, or set prompt_type to simple.')
  }
  const { dataset_query_variable: variable } = config
  if (mode === 'completion' && variable !== '' && !names.includes(variable)) {
    throw refuse('dataset_query_variable', `dataset_query_variable names "${variable}", which is no field of user_input_form. Name one that is.`)
  }
  if (mode === 'completion' && variable === '' && enabledDatasets(config).length > 0) {
    throw refuse('dataset_query_variable', 'dataset_query_variable is needed: it names the field of user_input_form that is the question to the knowledge bases.')
  }
  if (config.external_data_tools.some((tool) => (tool as { enabled?: unknown }).enabled === true)) {
    throw refuse('external_data_tools', 'This server has no external data tools. Send them with enabled false, or leave them out.')
  }
}
export const enabledDatasets = ({ dataset_configs: { datasets } }: ModelConfig): string[] =>
  [...new Set(datasets.datasets.flatMap(({ dataset }) => dataset.enabled ? [dataset.id] : []))]
