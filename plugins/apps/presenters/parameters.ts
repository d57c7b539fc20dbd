import type { AppsConfig } from '../config.ts'
import type { ModelConfig } from '../ports.ts'
import type { AppParameters } from '../schemas/about.ts'

/** Nothing of how the answer comes about: no prompt, no model, no words that are avoided. */
export const presentParameters = (config: ModelConfig, { files, filesPerQuestion }: AppsConfig, more: Readonly<Record<string, unknown>>): AppParameters => ({
  opening_statement: config.opening_statement,
  suggested_questions: config.suggested_questions,
  suggested_questions_after_answer: { enabled: config.suggested_questions_after_answer.enabled },
  speech_to_text: config.speech_to_text,
  text_to_speech: { ...config.text_to_speech, autoPlay: config.text_to_speech.autoPlay ?? 'disabled' },
  retriever_resource: config.retriever_resource,
  annotation_reply: { enabled: false },
  more_like_this: config.more_like_this,
  user_input_form: config.user_input_form,
  sensitive_word_avoidance: { enabled: config.sensitive_word_avoidance.enabled, type: config.sensitive_word_avoidance.type, configs: [] },
  file_upload: config.file_upload,
  ...more,
  system_parameters: {
    image_file_size_limit: files.imageMb,
    video_file_size_limit: files.videoMb,
    audio_file_size_limit: files.audioMb,
    file_size_limit: files.documentMb,
    workflow_file_upload_limit: filesPerQuestion,
  },
})
