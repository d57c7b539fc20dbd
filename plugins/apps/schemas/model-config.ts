/** The settings of an app, as clients and files say them: whole or in part, in the form of now or in one of earlier. */
import Joi from 'joi'
import type { ChosenModel, FileType, InputField, InputType, ModelConfig, TransferMethod } from '../ports.ts'
import { FILE_TYPES, TRANSFER_METHODS } from '../services/file-rules.ts'
import { misfit } from '../services/inputs.ts'
import { isShallow, plainJson } from '../services/plain-json.ts'
import { text, uuid } from './common.ts'

/** What nobody said, or said to be nothing. */
const orElse = <S extends Joi.Schema>(schema: S, fallback: string | number | boolean | object | null): S => schema.empty(null).default(fallback) as S
/** What is known of it is checked, the rest left out: clients send along what belongs to their own pages. */
const part = (keys: Joi.PartialSchemaMap): Joi.ObjectSchema => Joi.object(keys).options({ stripUnknown: true })
/** What is known of it is checked, the rest kept. */
const open = (keys: Joi.PartialSchemaMap): Joi.ObjectSchema => Joi.object(keys).unknown()
/** An object whose own parts have fallbacks. */
const filled = (schema: Joi.ObjectSchema): Joi.ObjectSchema => schema.empty(null).default(() => schema.validate({}).value as object)

const LONG = 200_000
const flag = orElse(Joi.boolean(), false)
const long = orElse(text(0, LONG), '')
const toggle = filled(part({ enabled: flag }))
const fileTypes = Joi.array().items(Joi.string().valid(...FILE_TYPES)).unique()
const methods = Joi.array().items(Joi.string().valid(...TRANSFER_METHODS)).unique()
const extensions = orElse(Joi.array().items(text(1, 30)).max(200), [])

const model = part({
  provider: text(1, 255).required(),
  name: text(1, 255).required(),
  mode: Joi.string().valid('chat', 'completion').empty(Joi.valid(null, '')),
  completion_params: orElse(open({ stop: Joi.array().items(text(1, 1000)).max(16).empty(null) }), {}),
})

/** One name can be sent by nobody: JSON with it is refused. */
const IDENTIFIER = /^(?!__proto__$)[\p{L}_][\p{L}\p{N}_]{0,99}$/u
const field = (type: InputType, more: Joi.PartialSchemaMap = {}): Joi.ObjectSchema => open({
  variable: text(1, 100).pattern(IDENTIFIER).message('{{#label}} is a name of letters, digits and _ that begins with no digit').required(),
  label: Joi.string().empty(Joi.valid(null, '')).concat(text(1, 1000)).default((parent: { variable?: string }) => parent.variable),
  required: flag,
  default: Joi.any().empty(null),
  ...more,
}).custom((given: InputField, { message }) => {
  // No default is often said as an empty text.
  const problem = given.default === undefined || given.default === '' ? undefined : misfit(given.default, { ...given, required: false, type })
  return problem === undefined ? given : message({ custom: `{{#label}}.default ${problem.replaceAll('{', '')}` })
})
const most = Joi.number().integer().min(0).max(LONG).empty(Joi.valid(null, ''))
const ofFiles = {
  allowed_file_types: orElse(fileTypes, ['image', 'document', 'audio', 'video']),
  allowed_file_extensions: extensions,
  allowed_file_upload_methods: orElse(methods, [...TRANSFER_METHODS]),
  max_length: most,
}
const entry = Joi.object<Partial<Record<InputType, InputField>>, true>({
  'text-input': field('text-input', { max_length: most }),
  paragraph: field('paragraph', { max_length: most }),
  select: field('select', { options: Joi.array().items(text(1, 1000)).min(1).max(500).unique().required() }),
  number: field('number'),
  checkbox: field('checkbox'),
  external_data_tool: field('external_data_tool'),
  file: field('file', ofFiles),
  'file-list': field('file-list', ofFiles),
  json_object: field('json_object'),
}).length(1).message('{{#label}} has one key, the type of the field, and under it what the field is')

const side = filled(part({ enabled: flag, preset_response: Joi.string().empty(null).concat(text(0, 100)) }))
const moderation = part({
  enabled: flag,
  type: orElse(Joi.string().valid('', 'openai_moderation', 'keywords', 'api'), ''),
  config: part({ inputs_config: side, outputs_config: side, keywords: Joi.string().empty(null).concat(text(0, 10_000)) }).empty(null),
}).custom(({ enabled, type, config = {} }: ModelConfig['sensitive_word_avoidance'], { message }) => {
  // What is off need not be right: only whether it is off is looked at.
  if (!enabled) return { enabled, type: type === 'api' ? '' : type, ...Object.keys(config).length > 0 && type !== 'api' ? { config } : {} }
  const wrong = (words: string) => message({ custom: `{{#label}}${words}` })
  if (type === '') return wrong('.type is needed: openai_moderation or keywords')
  if (type === 'api') return wrong('.type "api" needs an extension, and this server has none. Take openai_moderation or keywords')
  if (type === 'keywords' && !config.keywords?.trim()) return wrong('.config.keywords is needed: one word or phrase to a line')
  const sides = [config.inputs_config, config.outputs_config]
  if (!sides.some((one) => one?.enabled)) return wrong('.config looks at neither side. Enable inputs_config or outputs_config')
  if (sides.some((one) => one?.enabled && !one.preset_response)) return wrong('.config needs a preset_response for each side that is enabled')
  return { enabled, type, config }
})

const count = Joi.number().integer().min(1).max(100)
/** Each field where it was said; what holds for the rest depends on which form it is in. */
export interface FileUploadInput {
  enabled?: boolean
  allowed_file_types?: FileType[]
  allowed_file_extensions: string[]
  allowed_file_upload_methods?: TransferMethod[]
  number_limits?: number
  image: { enabled?: boolean; number_limits?: number; detail: 'high' | 'low'; transfer_methods?: TransferMethod[] }
  [other: string]: unknown
}
const fileUpload = filled(open({
  enabled: Joi.boolean().empty(null),
  allowed_file_types: fileTypes.empty(null),
  allowed_file_extensions: extensions,
  allowed_file_upload_methods: methods.empty(null),
  number_limits: count.empty(null),
  image: filled(part({
    enabled: Joi.boolean().empty(null), number_limits: count.empty(null), transfer_methods: methods.empty(null),
    detail: Joi.string().valid('high', 'low').empty(Joi.valid(null, '')).default('high'),
  })),
}))

const name = orElse(text(0, 255), '')
const share = Joi.number().min(0).max(1).required()
const condition = part({
  name: text(1, 255).required(),
  comparison_operator: text(1, 30).required(),
  value: Joi.alternatives(text(0, 2000), Joi.number(), Joi.array().items(text(0, 2000)).max(500)).allow(null),
})
type Knowledge = ModelConfig['dataset_configs']
/** Clients spell one of its switches in two ways. */
export type DatasetConfigsInput = { readonly [K in keyof Knowledge as K extends 'reranking_enable' ? never : K]: Knowledge[K] } & { readonly reranking_enable?: boolean; readonly reranking_enabled?: boolean }
const datasetConfigs = filled(open({
  retrieval_model: orElse(Joi.string().valid('single', 'multiple'), 'multiple'),
  datasets: filled(part({
    datasets: orElse(Joi.array().items(part({ dataset: part({ enabled: orElse(Joi.boolean(), true), id: uuid.required() }).required() })).max(50), []),
  })),
  top_k: orElse(Joi.number().integer().min(1).max(100), 4),
  score_threshold_enabled: flag,
  score_threshold: orElse(Joi.number().min(0).max(1), null),
  reranking_mode: Joi.string().valid('reranking_model', 'weighted_score').empty(Joi.valid(null, '')).default('reranking_model'),
  reranking_enable: Joi.boolean().empty(null),
  reranking_enabled: Joi.boolean().empty(null),
  reranking_model: filled(part({ reranking_provider_name: name, reranking_model_name: name })),
  weights: open({ vector_setting: open({ vector_weight: share }).required(), keyword_setting: open({ keyword_weight: share }).required() }).empty(null),
  metadata_filtering_mode: Joi.string().valid('disabled', 'automatic', 'manual').empty(Joi.valid(null, '')),
  metadata_filtering_conditions: part({
    logical_operator: orElse(Joi.string().valid('and', 'or'), 'and'), conditions: orElse(Joi.array().items(condition).max(50), []),
  }).empty(null),
}))

type NamedModel = Omit<ChosenModel, 'mode'> & { readonly mode?: ChosenModel['mode'] }
/** What was said, with what holds where nothing was; `normalised` in services/model-normalising.ts makes it whole. */
export interface ModelConfigInput extends Omit<ModelConfig, 'model' | 'dataset_configs' | 'file_upload' | 'suggested_questions_after_answer'> {
  readonly model: NamedModel
  readonly suggested_questions_after_answer: { readonly enabled: boolean; readonly prompt?: string; readonly model?: NamedModel }
  readonly dataset_configs: DatasetConfigsInput
  readonly file_upload: FileUploadInput
}
/** Clients send along what they read, and what belongs to their own pages. */
const passedOver = Object.fromEntries(
  ['id', 'created_by', 'created_at', 'updated_by', 'updated_at', 'annotation_reply', 'system_parameters', 'appId', 'supportAnnotation', 'supportCitationHitInfo', 'model_id', 'configs']
    .map((key) => [key, Joi.any().strip()]))

const message = part({ role: Joi.string().valid('system', 'user', 'assistant').required(), text: orElse(text(0, LONG), '') })
const prefix = (fallback: string) => orElse(text(0, 100), fallback)
export const modelConfigInput = Joi.object<ModelConfigInput>({
  model: model.required(),
  prompt_type: orElse(Joi.string().valid('simple', 'advanced'), 'simple'),
  pre_prompt: long,
  chat_prompt_config: orElse(part({ prompt: Joi.array().items(message).max(100).empty(null) }), {}),
  completion_prompt_config: orElse(part({
    prompt: part({ text: long }).empty(null),
    conversation_histories_role: part({ user_prefix: prefix('Human'), assistant_prefix: prefix('Assistant') }).empty(null),
  }), {}),
  user_input_form: orElse(Joi.array().items(entry).max(100), []),
  dataset_query_variable: orElse(text(0, 100), ''),
  dataset_configs: datasetConfigs,
  opening_statement: orElse(text(0, 20_000), ''),
  suggested_questions: orElse(Joi.array().items(text(0, 2000)).max(100), []),
  suggested_questions_after_answer: filled(part({ enabled: flag, prompt: Joi.string().empty(Joi.valid(null, '')).concat(text(1, 20_000)), model: model.empty(null) })),
  speech_to_text: toggle,
  text_to_speech: filled(part({
    enabled: flag, voice: name, language: name, autoPlay: Joi.string().valid('enabled', 'disabled').empty(Joi.valid(null, '')),
  })),
  retriever_resource: filled(part({ enabled: orElse(Joi.boolean(), true) })),
  sensitive_word_avoidance: filled(moderation),
  more_like_this: toggle,
  file_upload: fileUpload,
  agent_mode: filled(part({
    enabled: flag, strategy: Joi.string().valid('function_call', 'react', 'router', 'react_router').empty(Joi.valid(null, '')),
    max_iteration: orElse(Joi.number().integer().min(1).max(100), 10), tools: orElse(Joi.array().items(Joi.object()).max(100), []), prompt: Joi.any().empty(null),
  })),
  external_data_tools: orElse(Joi.array().items(Joi.object()).max(20), []),
  ...passedOver,
}).custom((given: ModelConfigInput, helpers) => isShallow(given) ? plainJson(given)
  : helpers.message({ custom: 'The settings are nested too deeply. Send flatter objects' }))
