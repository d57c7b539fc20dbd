/** What an app tells its clients of itself. */
import Joi from 'joi'
import type { AppMode, ModelConfig } from '../ports.ts'
import { none, string } from './common.ts'

export interface AppInfo { name: string; description: string; tags: never[]; mode: AppMode; author_name: string }
export const appInfo = Joi.object<AppInfo, true>({ name: string, description: string, tags: none, mode: Joi.string<AppMode>().required(), author_name: string })
export interface AppMeta { tool_icons: Record<string, never> }
export const appMeta = Joi.object<AppMeta, true>({ tool_icons: Joi.object().unknown().required() })

type Features = 'opening_statement' | 'suggested_questions' | 'suggested_questions_after_answer' | 'speech_to_text' | 'text_to_speech' | 'retriever_resource' | 'more_like_this'
  | 'user_input_form' | 'file_upload'
export interface AppParameters extends Pick<ModelConfig, Features> {
  sensitive_word_avoidance: { enabled: boolean; type: string; configs: never[] }
  annotation_reply: unknown
  system_parameters: {
    image_file_size_limit: number
    video_file_size_limit: number
    audio_file_size_limit: number
    file_size_limit: number
    workflow_file_upload_limit: number
  }
  [other: string]: unknown
}
const limit = Joi.number().required()
const feature = Joi.object({ enabled: Joi.boolean().required() }).unknown().required()
/** Other plugins add to it. */
export const appParameters = Joi.object<AppParameters>({
  opening_statement: string, suggested_questions: Joi.array().items(Joi.string()).required(), suggested_questions_after_answer: feature, speech_to_text: feature,
  text_to_speech: feature, retriever_resource: feature, annotation_reply: feature, more_like_this: feature, user_input_form: Joi.array().items(Joi.object().unknown()).required(),
  sensitive_word_avoidance: feature, file_upload: feature,
  system_parameters: Joi.object<AppParameters['system_parameters'], true>({
    image_file_size_limit: limit, video_file_size_limit: limit, audio_file_size_limit: limit, file_size_limit: limit, workflow_file_upload_limit: limit,
  }).required(),
}).unknown()
