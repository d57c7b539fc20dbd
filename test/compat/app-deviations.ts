/** Where the app half of our Service API differs from the official description on purpose: all of it, and nothing else. */
import { unansweredApps } from './apps.ts'
import type { Deviation } from './deviations.ts'

/** Told here, and not described: clients that know of it look for it, and others pass it over. */
const more = (shape: string, fields: Readonly<Record<string, string>>, reason: string, operation = '*'): Deviation[] =>
  Object.entries(fields).map(([field, ours]) => ({ operation, where: shape === '' ? field : `${shape}.${field}`, ours, theirs: 'missing', reason }))
const neverSent = (operation: string, errors: readonly string[], reason: string): Deviation[] => errors.map((theirs) => ({ operation, where: 'error', ours: 'none', theirs, reason }))
const sentToo = (operation: string, ours: string, reason: string): Deviation => ({ operation, where: 'error', ours, theirs: 'none', reason })

const quota = 'No model is lent out by the server here, so that none has a quota of its own.'
const unforeseen = 'What nobody foresaw has the code "unknown" here, on every operation but those that run something.'
const speech = ['POST /audio-to-text', 'POST /text-to-audio']
const sources = 'Where the passage comes from, as the streams of the original have it and its clients read it.'

export const appDeviations: readonly Deviation[] = [
  ...more('AppParametersResponse.annotation_reply', { id: 'string', score_threshold: 'number', embedding_model: 'object' }, 'Where it is on, how; the console of the original reads it from here too.'),
  ...more('AppParametersResponse.file_upload', { enabled: 'boolean', allowed_file_types: 'array', allowed_file_extensions: 'array', allowed_file_upload_methods: 'array', number_limits: 'number' },
    'The description knows pictures alone. Clients need to know which other files a question may bring.'),
  ...more('AppParametersResponse.sensitive_word_avoidance', { type: 'string', configs: 'array' }, 'Clients of the original read both. No word that is avoided is told.'),
  ...more('ChatCompletionResponse.metadata', { annotation_reply: 'object', reasoning: 'object' }, 'By which written answer it was answered, as the original tells in streams; and the place of what a model thought.'),
  ...more('CompletionResponse.metadata', { reasoning: 'object' }, 'The place of what a model thought, the same in all modes.'),
  ...more('RetrieverResource', { doc_metadata: 'null', files: 'array', page: 'null', retriever_from: 'string', title: 'string' }, sources),
  ...['id', 'message_id', 'created_at'].map((field) => ({
    operation: '*', where: `RetrieverResource.${field}`, ours: 'missing', theirs: field === 'created_at' ? 'integer' : 'string',
    reason: 'A source has no identity and no time of its own: it belongs to its message, which tells both.',
  })),
  ...more('Usage', { time_to_first_token: 'number', time_to_generate: 'number' }, 'The original measures both and sends them.'),
  ...['POST /chat-messages: files[].type', '*: InputFileObject.type'].flatMap((place) => ['audio', 'document', 'video'].map((type) => ({
    operation: place.split(': ')[0] as string, where: `${place.split(': ')[1] as string} = ${type}`, ours: '400 invalid_param', theirs: '200',
    reason: 'The file of the example is a picture, and a picture is of no other type; the answer says which it is.',
  }))),
  { operation: '*', where: 'a field that nobody knows', ours: '400 invalid_param', theirs: '200', reason: 'A misspelled setting that is ignored costs its author hours; the answer names the field.' },

  ...['StreamEventChatMessage', 'StreamEventMessage'].flatMap((event) => more('', { id: 'string', from_variable_selector: 'array' }, 'The original sends both, and published clients read the id.', event)),
  ...['StreamEventChatMessageEnd', 'StreamEventMessageEnd'].flatMap((event) => more('metadata', { reasoning: 'object' }, 'The place of what a model thought, the same in all modes.', event)),
  ...more('', { files: 'array', 'metadata.annotation_reply': 'object' }, 'The files of the message, as in completion apps, and by which written answer it was answered.', 'StreamEventChatMessageEnd'),
  ...['StreamEventChatError', 'CompletionStreamEventError'].map((operation) => ({
    operation, where: 'task_id', ours: 'missing', theirs: 'string', reason: 'Nothing can be stopped any more. The original sends none either, whatever its description says.',
  })),

  ...['limit', 'page'].map((name) => ({
    operation: 'GET /apps/annotations', where: `query ${name} = 0`, ours: '200', theirs: '400', reason: 'What is below the first page is the first, and a page that would be empty has its usual size.',
  })),
  { operation: 'POST /conversations/{conversation_id}/name', where: 'body without name', ours: '400 invalid_param', theirs: '200', reason: 'Without a name and without auto_generate it would say nothing; so does the original refuse it.' },

  ...neverSent('POST /chat-messages', ['400 agent_not_published', '400 bad_request', '403 workflow_version_execution_not_allowed'], 'It is about apps of other modes, which cannot be run yet and are refused as app_unavailable.'),
  ...neverSent('POST /chat-messages', ['400 conversation_completed'], 'No conversation is ever closed here: it goes on or is deleted.'),
  ...neverSent('GET /parameters', ['400 agent_not_published'], 'There are no agents of the new kind yet, so that none waits to be published.'),
  ...['POST /chat-messages', 'POST /completion-messages', ...speech].flatMap((operation) => neverSent(operation, ['400 provider_quota_exceeded'], quota)),
  ...['GET /messages/{message_id}/suggested', ...speech].flatMap((operation) => neverSent(operation, ['500 internal_server_error'], unforeseen)),
  ...speech.flatMap((operation) => neverSent(operation, ['400 model_currently_not_support'], 'It is the default model that hears and speaks, and one that is not there is no default.')),
  ...neverSent('POST /audio-to-text', ['400 provider_not_initialize'], 'Where nothing hears, the answer is provider_not_support_speech_to_text, which says what to add.'),
  ...neverSent('GET /files/{file_id}/preview', ['403 file_access_denied'], 'What belongs to somebody else is answered as what is not there, so that nobody learns which ids there are.'),
  ...neverSent('POST /files/upload', ['415 unsupported_file_type'], 'Every kind is taken in. Which of them a question may bring is said by its app, and refused with the question.'),
  ...neverSent(unansweredApps.operations[0], ['400 bad_request'], unansweredApps.reason),
  sentToo('POST /audio-to-text', '400 no_audio_uploaded', 'A form without a recording needs a code of its own; it is the one that the original sends.'),
  sentToo('POST /completion-messages', '429 rate_limit_error', 'A workspace that has used up what it may run is told so, as at /chat-messages. The original fails with 500.'),
  sentToo('POST /text-to-audio', '404 not_found', 'The message may be unknown, or of somebody else.'),
]
