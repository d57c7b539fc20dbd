/** Requests for every operation of the app half: those that succeed, by operation, and those that fail, by the error that they meet. */
import { randomUUID } from 'node:crypto'
import { HttpError } from '../../core/index.ts'
import type { Answer } from '../support/client.ts'
import { on } from './app-world.ts'
import type { AppWorld } from './app-world.ts'
import type { Examples, Failures, Provoke, Request } from './conformance.ts'

const user = 'ada'
const recording = [{ name: 'talk.wav', text: 'RIFF', type: 'audio/wav' }]
const setVariable = 'PUT /conversations/{conversation_id}/variables/{variable_id}'
export const unansweredApps = {
  operations: [setVariable], error: '404 not_found', message: /no such variable/,
  reason: 'Only workflows have variables of a conversation.',
} as const

export const appExamples = ({ ids, written, plain }: AppWorld): Examples => {
  const conversation = { conversation_id: ids.conversation }
  const message = { message_id: ids.message }
  const file = { type: 'image', transfer_method: 'local_file', url: 'https://93.184.215.14/dot.png', upload_file_id: ids.picture }
  const inputs = { name: 'Ann', about: 'She writes.', city: 'Rome' }
  return {
    'POST /chat-messages': [
      { body: { query: 'How long may a parent stay at home?', inputs, response_mode: 'blocking', user, conversation_id: ids.conversation, files: [file], auto_generate_name: false, workflow_id: '' } },
      { token: plain.token, body: { query: 'Hi', inputs: {}, user } },
      { token: written.token, body: { query: 'When is lunch?', inputs: {}, user } },
    ],
    'POST /chat-messages/{task_id}/stop': [{ ids: { task_id: randomUUID() }, body: { user } }, { ids: { task_id: 'nonsense' }, body: { user } }],
    'POST /completion-messages': [{ body: { inputs, query: '', response_mode: 'blocking', user, files: [{ ...file, upload_file_id: ids.completionPicture }] } }, { body: { inputs: { name: 'a parent at home' }, user } }],
    'POST /completion-messages/{task_id}/stop': [{ ids: { task_id: randomUUID() }, body: { user } }],
    'GET /messages/{message_id}/suggested': [{ ids: message, query: `?user=${user}` }],
    'POST /files/upload': [{ files: [{ name: 'notes.txt', text: 'The owl hunts.' }], body: { user } }, { files: [{ name: 'Makefile', text: 'all:' }] }],
    'GET /files/{file_id}/preview': [{ ids: { file_id: ids.document }, query: `?as_attachment=true&user=${user}` }, { ids: { file_id: ids.picture } }],
    'GET /end-users/{end_user_id}': [{ ids: { end_user_id: ids.endUser } }],
    'POST /messages/{message_id}/feedbacks': [{ ids: { message_id: ids.silentMessage }, body: { rating: 'like', user, content: 'Nice' } }],
    'GET /app/feedbacks': [{ query: '?page=1&limit=20' }, {}],
    'GET /conversations': [{ query: `?user=${user}&last_id=&limit=20&sort_by=-created_at` }, { query: '?user=nobody' }, { query: `?user=${user}&last_id=${ids.conversation}&limit=1` }],
    'GET /messages': [
      { query: `?conversation_id=${ids.conversation}&user=${user}&first_id=&limit=20` }, { query: `?conversation_id=${ids.conversation}&user=${user}&first_id=${ids.silentMessage}&limit=1` },
    ],
    'GET /conversations/{conversation_id}/variables': [{ ids: conversation, query: `?user=${user}&last_id=&limit=20&variable_name=name` }],
    'POST /conversations/{conversation_id}/name': [{ ids: conversation, body: { name: 'Leave', auto_generate: false, user } }, { ids: conversation, body: { auto_generate: true, user } }],
    [setVariable]: [{ ids: { ...conversation, variable_id: randomUUID() }, body: { value: 'x', user } }],
    'POST /audio-to-text': [{ files: recording, body: { user } }],
    'POST /text-to-audio': [{ body: { message_id: ids.message, text: 'Hello', user, voice: 'ada', streaming: false } }, { body: { text: 'Hello' } }],
    'GET /info': [{}], 'GET /parameters': [{}, { token: plain.token }, { token: written.token }], 'GET /meta': [{}], 'GET /site': [{}],
    'POST /apps/annotations': [{ body: { question: 'When is dinner?', answer: 'At eight.' } }],
    'GET /apps/annotations': [{ query: '?page=1&limit=20&keyword=lunch' }, {}, { query: '?page=9' }],
    'PUT /apps/annotations/{annotation_id}': [{ ids: { annotation_id: ids.annotation }, body: { question: 'When is lunch?', answer: 'At one.' } }],
    'POST /apps/annotation-reply/{action}': ['enable', 'disable', 'enable'].map((action) => ({ ids: { action }, token: written.token, body: on })),
    'GET /apps/annotation-reply/{action}/status/{job_id}': [{ ids: { action: 'enable', job_id: ids.job }, token: written.token }],
    // Last: they take away what the others are about.
    'DELETE /apps/annotations/{annotation_id}': [{ ids: { annotation_id: ids.spareAnnotation } }],
    'DELETE /conversations/{conversation_id}': [{ ids: { conversation_id: ids.spareConversation }, body: { user } }],
  }
}

const failed = (status: number, code: string) => () => { throw new HttpError({ status, code }, 'The provider says no. Ask again.') }
/** Operations of whoever chats alone. */
const ofChats = [
  'POST /chat-messages/{task_id}/stop', 'GET /messages/{message_id}/suggested', 'GET /conversations', 'GET /messages', 'GET /conversations/{conversation_id}/variables',
  'POST /conversations/{conversation_id}/name', setVariable, 'DELETE /conversations/{conversation_id}',
]

export const appFailures = (world: AppWorld): Failures => {
  const { send, chat, completion, plain, flow, pageless, single, ids, rules, withModel, withOffers, whileBusy } = world
  const all = appExamples(world)
  const first = (operation: string): Request => all[operation]?.[0] ?? {}
  const by = (operation: string, token: string): Provoke => () => send(operation, { ...first(operation), token })
  const changed = (operation: string, more: object): Provoke => () => send(operation, { ...first(operation), body: { ...first(operation).body, ...more } })
  const at = (operation: string, more: Record<string, string>): Provoke => () => send(operation, { ...first(operation), ids: { ...first(operation).ids, ...more } })
  const spent = async (act: Provoke): Promise<Answer> => {
    rules.spent = true
    try { return await act() } finally { rules.spent = false }
  }
  const asking = (operation: string, anew: object): Record<string, Provoke> => ({
    '400 invalid_param': changed(operation, { user: '' }),
    '400 model_currently_not_support': () => withOffers(['words', 'echo-2'], changed(operation, anew)),
    '400 completion_request_error': () => withModel(failed(400, 'completion_request_error'), changed(operation, anew)),
    '429 rate_limit_error': () => spent(changed(operation, anew)),
    // As a process finds it that stood still for too long.
    '500 internal_server_error': () => withModel(async function* () {
      yield 'half'
      await world.db(`UPDATE runs SET status = 'failed', finished_at = now() WHERE status = 'running'`)
    }, changed(operation, anew)),
  })
  const provided = (operation: string, request: Request = first(operation)): Record<string, Provoke> => ({
    '400 completion_request_error': () => withSpeech(world, () => send(operation, request)),
  })
  const own: Record<string, Record<string, Provoke>> = {
    'POST /chat-messages': {
      ...asking('POST /chat-messages', { conversation_id: '' }),
      '400 not_chat_app': by('POST /chat-messages', completion.token),
      '400 app_unavailable': async () => send('POST /chat-messages', { ...first('POST /chat-messages'), token: (await world.newApp('advanced-chat')).token }),
      '400 provider_not_initialize': () => gone(world, chat, () => changed('POST /chat-messages', { conversation_id: '' })()),
      '404 not_found': changed('POST /chat-messages', { conversation_id: randomUUID() }),
      '429 too_many_requests': () => whileBusy(() => send('POST /chat-messages', { token: single.token, body: { query: 'Me too', inputs: {}, user } })),
    },
    'POST /completion-messages': {
      ...asking('POST /completion-messages', {}),
      '400 app_unavailable': by('POST /completion-messages', chat.token),
      '400 provider_not_initialize': () => gone(world, completion, () => send('POST /completion-messages', first('POST /completion-messages'))),
      '429 too_many_requests': async () => {
        await world.db('UPDATE apps SET max_active_requests = 1 WHERE id = $1', completion.id)
        let open = (): void => undefined
        const opened = new Promise<void>((resolve) => { open = resolve })
        let begun = (): void => undefined
        const begins = new Promise<void>((resolve) => { begun = resolve })
        return withModel(async function* () { begun(); await opened; yield 'done' }, async () => {
          const before = send('POST /completion-messages', first('POST /completion-messages'))
          await begins
          try { return await send('POST /completion-messages', first('POST /completion-messages')) } finally {
            open()
            await before
            await world.db('UPDATE apps SET max_active_requests = NULL WHERE id = $1', completion.id)
          }
        })
      },
    },
    'POST /chat-messages/{task_id}/stop': { '400 invalid_param': changed('POST /chat-messages/{task_id}/stop', { user: '' }) },
    'POST /completion-messages/{task_id}/stop': {
      '400 invalid_param': changed('POST /completion-messages/{task_id}/stop', { user: '' }), '400 app_unavailable': by('POST /completion-messages/{task_id}/stop', chat.token),
    },
    'GET /messages/{message_id}/suggested': {
      '400 bad_request': () => send('GET /messages/{message_id}/suggested', { ids: { message_id: ids.plainMessage }, query: `?user=${user}`, token: plain.token }),
      '404 not_found': at('GET /messages/{message_id}/suggested', { message_id: randomUUID() }),
    },
    'POST /files/upload': {
      '400 no_file_uploaded': () => send('POST /files/upload', { files: [], body: { user } }),
      '400 too_many_files': () => send('POST /files/upload', { files: [{ name: 'a.txt', text: 'a' }, { name: 'b.txt', text: 'b' }] }),
      '400 filename_not_exists_error': () => send('POST /files/upload', { files: [{ name: '', text: 'a' }] }),
      '400 invalid_param': () => send('POST /files/upload', { files: [{ name: 'a.txt', text: 'a' }], body: { user: 'x'.repeat(300) } }),
      '413 file_too_large': () => send('POST /files/upload', { files: [{ name: 'a.txt', text: 'x'.repeat(1_048_577) }] }),
    },
    'GET /files/{file_id}/preview': { '404 file_not_found': at('GET /files/{file_id}/preview', { file_id: randomUUID() }) },
    'GET /end-users/{end_user_id}': { '404 end_user_not_found': at('GET /end-users/{end_user_id}', { end_user_id: randomUUID() }) },
    'POST /messages/{message_id}/feedbacks': {
      '400 invalid_param': changed('POST /messages/{message_id}/feedbacks', { rating: 'so so' }), '404 not_found': at('POST /messages/{message_id}/feedbacks', { message_id: randomUUID() }),
    },
    'GET /conversations': { '404 not_found': () => send('GET /conversations', { query: `?user=${user}&last_id=${randomUUID()}` }) },
    'GET /messages': { '404 not_found': () => send('GET /messages', { query: `?user=${user}&conversation_id=${randomUUID()}` }) },
    'GET /conversations/{conversation_id}/variables': {
      '400 invalid_param': () => send('GET /conversations/{conversation_id}/variables', { ids: { conversation_id: ids.conversation }, query: `?user=${user}&variable_name=a%20b` }),
      '404 not_found': at('GET /conversations/{conversation_id}/variables', { conversation_id: randomUUID() }),
    },
    'POST /conversations/{conversation_id}/name': {
      '400 invalid_param': changed('POST /conversations/{conversation_id}/name', { name: '' }), '404 not_found': at('POST /conversations/{conversation_id}/name', { conversation_id: randomUUID() }),
    },
    [setVariable]: { '404 not_found': () => send(setVariable, first(setVariable)) },
    'DELETE /conversations/{conversation_id}': { '404 not_found': at('DELETE /conversations/{conversation_id}', { conversation_id: randomUUID() }) },
    'POST /audio-to-text': {
      ...provided('POST /audio-to-text'),
      '400 app_unavailable': by('POST /audio-to-text', flow.token),
      '400 no_audio_uploaded': () => send('POST /audio-to-text', { files: [], body: { user } }),
      '400 speech_to_text_disabled': by('POST /audio-to-text', plain.token),
      '400 provider_not_support_speech_to_text': () => withOffers(['echo'], () => send('POST /audio-to-text', first('POST /audio-to-text'))),
      '413 audio_too_large': () => send('POST /audio-to-text', { files: [{ ...recording[0], text: new Uint8Array(30 * 1024 * 1024 + 1) } as never] }),
      '415 unsupported_audio_type': () => send('POST /audio-to-text', { files: [{ name: 'talk.txt', text: 'x', type: 'text/plain' }] }),
    },
    'POST /text-to-audio': {
      ...provided('POST /text-to-audio'),
      '400 app_unavailable': by('POST /text-to-audio', flow.token),
      '400 invalid_param': by('POST /text-to-audio', plain.token),
      '400 provider_not_initialize': () => withOffers(['echo'], () => send('POST /text-to-audio', first('POST /text-to-audio'))),
      '404 not_found': changed('POST /text-to-audio', { message_id: randomUUID() }),
    },
    'GET /parameters': { '400 app_unavailable': by('GET /parameters', flow.token) },
    'GET /site': { '403 forbidden': by('GET /site', pageless.token) },
    'PUT /apps/annotations/{annotation_id}': { '404 not_found': at('PUT /apps/annotations/{annotation_id}', { annotation_id: randomUUID() }) },
    'DELETE /apps/annotations/{annotation_id}': { '404 not_found': at('DELETE /apps/annotations/{annotation_id}', { annotation_id: randomUUID() }) },
    'GET /apps/annotation-reply/{action}/status/{job_id}': { '400 invalid_param': at('GET /apps/annotation-reply/{action}/status/{job_id}', { job_id: randomUUID() }) },
  }
  return Object.fromEntries(Object.keys(all).map((operation) => [operation, {
    ...ofChats.includes(operation) ? { '400 not_chat_app': by(operation, completion.token) } : {}, ...own[operation],
  }]))
}

/** While the models that hear and speak fail. */
const withSpeech = async ({ toy }: AppWorld, act: Provoke): Promise<Answer> => {
  const { speak, transcribe } = toy.provider
  const fail = async (): Promise<never> => failed(400, 'completion_request_error')()
  Object.assign(toy.provider, { speak: fail, transcribe: fail })
  try { return await act() } finally { Object.assign(toy.provider, { speak, transcribe }) }
}
/** While its settings name a provider that is not there. */
const gone = async ({ db }: AppWorld, { id }: { id: string }, act: Provoke): Promise<Answer> => {
  const name = (provider: string) => db(`UPDATE app_model_configs SET config = jsonb_set(config, '{model,provider}', to_jsonb($2::text)) WHERE app_id = $1`, id, provider)
  await name('gone')
  try { return await act() } finally { await name('toy') }
}
