import { defineErrors } from '../../core/index.ts'
import type { HttpError } from '../../core/index.ts'

export const chatErrors = defineErrors({
  notChatApp: [400, 'not_chat_app', 'This app does not chat. Ask it at /completion-messages, or use the key of a chat app.'],
  appUnavailable: [400, 'app_unavailable', 'The app cannot answer this: it is of another mode, or has no settings yet. Look at its settings in the console.'],
  conversationNotFound: [404, 'not_found', 'There is no such conversation of this user. A conversation belongs to the `user` that began it: send the same one.'],
  messageNotFound: [404, 'not_found', 'There is no such message of this user. A message belongs to the `user` that asked: send the same one.'],
  variableNotFound: [404, 'not_found', 'The conversation has no such variable.'],
  invalid: [400, 'invalid_param', 'A parameter is not valid.'],
  suggestionsOff: [400, 'bad_request', 'The app suggests no questions. Switch suggested_questions_after_answer on in its settings.'],
  noSuchPages: [404, 'not_found', 'This app has no such conversations: it is of another mode. Look at chat-conversations of a chat app, at completion-conversations of a completion app.'],
  noAudioUploaded: [400, 'no_audio_uploaded', 'The form has no recording. Send one in the field `file`.'],
  audioTooLarge: [413, 'audio_too_large', 'The recording is larger than 30 MB. Send a shorter one, or one that is more compressed.'],
  unsupportedAudioType: [415, 'unsupported_audio_type', 'Recordings of this type are not taken. Send mp3, m4a, wav, amr or mpga, with the content type audio/mp3, audio/m4a and so on.'],
  speechToTextDisabled: [400, 'speech_to_text_disabled', 'The app does not listen. Switch speech_to_text on in its settings.'],
  noSpeechToText: [400, 'provider_not_support_speech_to_text', 'No model provider of this workspace turns speech into text. Add a speech2text model.'],
  noTextToSpeech: [400, 'provider_not_initialize', 'No model provider of this workspace speaks. Add a tts model.'],
  moderationMissing: [400, 'provider_not_initialize', 'The app is moderated by a model, and no provider of this workspace has one. Add a moderation model, or moderate by keywords.'],
  modelUnsupported: [400, 'model_currently_not_support', 'The model of this app is not there. Choose another in its settings.'],
  providerMissing: [400, 'provider_not_initialize', 'The model provider of this app is not there. Choose another in its settings.'],
  failed: [500, 'internal_server_error', 'The answer failed for a reason of this server, whose log has it. Ask again.'],
})

/** 400 `invalid_param`, with the field that is to blame. */
export const invalid = (field: string, message: string): HttpError => chatErrors.invalid(message, { params: field })
