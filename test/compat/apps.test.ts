/** The app half of the Service API: its operations and its streams, held against the official description. Where we differ on purpose stands in `app-deviations.ts`. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import { HttpError } from '../../core/index.ts'
import { parsed } from '../support/chatting.ts'
import type { MadeApp } from '../support/talking.ts'
import { form, makeAppWorld, moderated } from './app-world.ts'
import type { AppWorld } from './app-world.ts'
import { appDeviations } from './app-deviations.ts'
import { appExamples, appFailures, unansweredApps } from './apps.ts'
import { codeOf, conformance } from './conformance.ts'
import { compareEvent } from './shapes.ts'

const half = conformance({
  credential: 'app', make: makeAppWorld, examples: appExamples, failures: appFailures, deviations: appDeviations, unanswered: unansweredApps,
  close: ({ app }) => app.close(),
})

test.serial('whoever has no key, one of another kind, or one of a closed app is told so everywhere, in this order', async (t) => {
  const world = half.world()
  const { body: { token: ofDatasets } } = await world.console_('POST', '/datasets/api-keys')
  for (const [operation, [request = {}]] of Object.entries(appExamples(world))) {
    for (const token of ['', 'app-nothing', ofDatasets as string]) {
      const answer = await world.send(operation, { ...request, token })
      t.is(codeOf(answer), '401 unauthorized', `${operation} ${token}`)
      t.is(answer.headers.get('www-authenticate'), 'Bearer realm="api"')
    }
    t.is(codeOf(await world.send(operation, { ...request, token: world.closed.token })), '403 forbidden', operation)
    // An id that is none is one that is not there.
    for (const [name, id] of Object.entries(request.ids ?? {})) {
      if (!/^[0-9a-f-]{36}$/.test(id) || name === 'task_id') continue
      t.is((await world.send(operation, { ...request, ids: { ...request.ids, [name]: 'mine' } })).status, 404, `${operation} ${name}`)
    }
  }
  const { status } = await world.app.fetch('/v1/info', { headers: { authorization: `bEARER ${world.chat.token}` } })
  t.is(status, 200)
})

test.serial('an app tells its form as it is filled in', async (t) => {
  const { body } = await half.world().send('GET /parameters', {})
  t.deepEqual(body.user_input_form.map((field: object) => Object.keys(field)[0]), ['text-input', 'paragraph', 'select'])
  for (const [index, field] of form.entries()) t.like(body.user_input_form[index], field)
})

/** The fields of each event in their order, after those that all have: of a chat `conversation_id` among them. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  message: ['task_id', 'id', 'answer', 'from_variable_selector'], message_end: ['task_id', 'id', 'metadata', 'files'], message_replace: ['task_id', 'answer', 'reason'],
  tts_message: ['task_id', 'audio'], tts_message_end: ['task_id', 'audio'], error: ['code', 'message', 'status'],
}
const USAGE = [
  'prompt_tokens', 'prompt_unit_price', 'prompt_price_unit', 'prompt_price', 'completion_tokens', 'completion_unit_price', 'completion_price_unit', 'completion_price',
  'total_tokens', 'total_price', 'currency', 'latency', 'time_to_first_token', 'time_to_generate',
]
const FILE = ['related_id', 'extension', 'filename', 'size', 'mime_type', 'transfer_method', 'type', 'url', 'upload_file_id', 'remote_url']
const SHAPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  chat: {
    message: 'StreamEventChatMessage', message_end: 'StreamEventChatMessageEnd', message_replace: 'StreamEventChatMessageReplace', tts_message: 'StreamEventChatTtsMessage',
    tts_message_end: 'StreamEventChatTtsMessageEnd', error: 'StreamEventChatError',
  },
  completion: {
    message: 'StreamEventMessage', message_end: 'StreamEventMessageEnd', message_replace: 'StreamEventMessageReplace', tts_message: 'CompletionStreamEventTtsMessage',
    tts_message_end: 'CompletionStreamEventTtsMessageEnd', error: 'CompletionStreamEventError',
  },
}
interface Case { readonly what: string; readonly of: MadeApp; readonly body: object; readonly order: RegExp; readonly says?: AppWorld['toy']['answer'] }

const casesOf = async ({ newApp, chat, completion, written, ids }: AppWorld, mode: 'chat' | 'completion'): Promise<Case[]> => {
  const picture = { type: 'image', transfer_method: 'local_file', upload_file_id: mode === 'chat' ? ids.picture : ids.completionPicture }
  const speaking = { text_to_speech: { enabled: true, voice: 'ada', language: 'en', autoPlay: 'enabled' } }
  const ask = (text: string): object => ({ query: text, inputs: { name: text } })
  const prompt = { pre_prompt: '{{name}}', user_input_form: form }
  const [careful, loud] = [await newApp(mode, { ...moderated, ...prompt }), await newApp(mode, { ...speaking, ...prompt })]
  return [
    { what: 'with files and sources', of: mode === 'chat' ? chat : completion, body: { ...ask('parent at home'), files: [picture] }, order: /^ping (message ){3,}message_end$/ },
    { what: 'a question that is not taken', of: careful, body: ask('a dragon'), order: /^ping message message_end$/ },
    { what: 'an answer that is taken back', of: careful, body: ask('a tale'), says: () => 'Once upon a time there lived a dragon and so on', order: /^ping (message )*message_replace message_end$/ },
    // Speech goes on while the text does, and after it.
    { what: 'spoken', of: loud, body: ask('say it'), says: () => 'It is cold. Take a coat.', order: /^ping message ((message|tts_message) )+message_end (tts_message )*tts_message_end$/ },
    { what: 'a failure', of: loud, body: ask('fail'), says: async function* () { yield 'So '; throw new HttpError({ status: 429, code: 'rate_limit_error' }, 'Too fast. Wait a minute.') }, order: /^ping message error$/ },
    ...mode === 'chat' ? [{ what: 'a written answer', of: written, body: { query: 'When is lunch?', inputs: {} }, order: /^ping message message_end$/ }] : [],
  ]
}

for (const mode of ['chat', 'completion'] as const) {
  test.serial(`streams of ${mode} apps: events in their order, with exactly their fields, and the answer that is waited for says the same`, async (t) => {
    const world = half.world()
    await world.console_('POST', `/apps/${world.written.id}/annotation-reply/enable`, { score_threshold: 0.9, embedding_provider_name: 'toy', embedding_model_name: 'words' })
    await world.app.runJobs()
    const told = new Set<string>()
    for (const { what, of, body, order, says } of await casesOf(world, mode)) {
      const operation = `POST /${mode}-messages`
      const ask = (response_mode: string) => world.send(operation, { token: of.token, body: { ...body, user: 'ada', response_mode, ...mode === 'chat' ? { auto_generate_name: false } : {} } })
      const both = async () => [await ask('streaming'), await ask('blocking')] as const
      const [stream, whole] = says ? await world.withModel(says, both) : await both()
      t.is(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8')
      const all = parsed((stream.body as Buffer).toString())
      const names = all.map((one) => one === 'ping' ? 'ping' : one.event as string)
      t.regex(names.join(' '), order, what)
      const events = all.filter((one) => one !== 'ping')
      const [{ conversation_id, message_id, created_at, task_id }] = events
      const common = mode === 'chat' ? { conversation_id, message_id, created_at } : { message_id, created_at }
      for (const event of events) {
        t.deepEqual(Object.keys(event), ['event', ...Object.keys(common), ...FIELDS[event.event as string] ?? []], `${what}: ${event.event as string}`)
        t.like(event, common)
        if (event.event !== 'error') t.is(event.task_id, task_id)
        if ('id' in event) t.is(event.id, message_id)
        half.note(compareEvent(SHAPES[mode]?.[event.event as string] ?? '', event))
        told.add(event.event as string)
      }
      const end = events.find(({ event }) => event === 'message_end')
      if (!end) {
        const { code, message, status } = events.at(-1)
        t.like(whole, { status, body: { code, message, status } })
        continue
      }
      const annotated = what === 'a written answer' ? ['annotation_reply'] : []
      t.deepEqual(Object.keys(end.metadata), [...annotated, 'retriever_resources', 'reasoning', 'usage'], what)
      t.deepEqual(Object.keys(end.metadata.usage), USAGE)
      for (const [name, value] of Object.entries(end.metadata.usage)) t.is(typeof value, /price|currency/.test(name) ? 'string' : 'number', name)
      for (const file of end.files) t.deepEqual(Object.keys(file), FILE)
      t.is(end.files.length, what === 'with files and sources' ? 1 : 0)
      t.is(end.metadata.retriever_resources.length, what === 'with files and sources' ? 1 : 0)
      const text = events.find(({ event }) => event === 'message_replace')?.answer as string | undefined
        ?? events.filter(({ event }) => event === 'message').map(({ answer }) => answer as string).join('')
      t.like(whole.body, { event: 'message', mode, answer: text })
      t.deepEqual(Object.keys(whole.body), ['event', 'task_id', 'id', 'message_id', ...mode === 'chat' ? ['conversation_id'] : [], 'mode', 'answer', 'metadata', 'created_at'])
      t.deepEqual(Object.keys(whole.body.metadata), Object.keys(end.metadata))
      if (mode === 'completion') t.is((await world.send('GET /messages', { token: of.token, query: `?user=ada&conversation_id=${randomUUID()}` })).body.code, 'not_chat_app')
    }
    t.deepEqual([...told].sort(), Object.keys(FIELDS).sort(), 'every event was seen')
  })
}

// What users complain about elsewhere; the table in README.md tells which test shows what.

test.serial('no stream is held by a title in the making', async (t) => {
  const { app, plain, send, withModel } = half.world()
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => { open = resolve })
  let asked = (): void => undefined
  const isAsked = new Promise<void>((resolve) => { asked = resolve })
  await withModel(async function* ({ messages: [first] }) {
    if (first?.role !== 'system') return yield 'yes'
    asked()
    await opened
    yield 'A title'
  }, async () => {
    const ask = async (more: object = {}): Promise<any[]> =>
      parsed((await send('POST /chat-messages', { token: plain.token, body: { inputs: {}, query: 'Bread?', user: 'ada', response_mode: 'streaming', ...more } })).body.toString() as string)
    const [, { conversation_id }] = await ask()
    const jobs = app.runJobs()
    await isAsked
    t.is((await ask({ conversation_id })).at(-1).event, 'message_end')
    t.is((await ask()).at(-1).event, 'message_end')
    open()
    await jobs
    const { body } = await send('GET /conversations', { token: plain.token, query: '?user=ada' })
    t.true((body.data as { id: string; name: string }[]).some(({ id, name }) => id === conversation_id && name === 'A title'))
  })
})

test.serial('what was stopped is stopped in every record at once, is no failure, and takes no place any more', async (t) => {
  const { app, db, single, send, withModel } = half.world()
  const body = { inputs: {}, query: 'Count', user: 'ada' }
  await withModel(async function* ({ signal }) {
    yield 'one '
    await new Promise((resolve) => { signal?.addEventListener('abort', resolve) })
    signal?.throwIfAborted()
  }, async () => {
    const response = await app.fetch('/v1/chat-messages', { token: single.token, json: { ...body, response_mode: 'streaming' } })
    const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
    let heard = ''
    const read = async (): Promise<boolean> => { const { done, value = '' } = await reader.read(); heard += value; return !done }
    while (!heard.includes('"message"')) await read()
    const { task_id, message_id, conversation_id } = parsed(heard).find((one) => one !== 'ping')
    t.deepEqual((await send('POST /chat-messages/{task_id}/stop', { token: single.token, ids: { task_id }, body: { user: 'ada' } })).body, { result: 'success' })
    while (await read()) { /* To its end. */ }
    t.is(parsed(heard).at(-1).event, 'message_end')
    t.deepEqual(await db('SELECT status FROM runs WHERE subject_id = $1', message_id), [{ status: 'stopped' }])
    t.deepEqual(await db('SELECT status, error FROM messages WHERE id = $1', message_id), [{ status: 'stopped', error: null }])
    const { data: [shown] } = (await send('GET /messages', { token: single.token, query: `?user=ada&conversation_id=${conversation_id as string}` })).body
    t.like(shown, { status: 'normal', error: null, answer: 'one ' })
  })
  t.is((await send('POST /chat-messages', { token: single.token, body })).status, 200)
})

test.serial('what is wrong with a file or with a user is said: one or a list, whose it is, and who asks', async (t) => {
  const { newApp, send, chat, ids } = half.world()
  const files = (type: string) => ({ [type]: { label: 'Page', variable: 'page', required: false, allowed_file_types: ['image'], max_length: 1 } })
  const picture = { type: 'image', transfer_method: 'remote_url', url: 'https://93.184.215.14/a.png' }
  const said = async (of: { token: string }, more: object): Promise<string> => {
    const { status, body } = await send('POST /chat-messages', { token: of.token, body: { inputs: {}, query: 'q', user: 'ada', ...more } })
    t.true(status === 400 || status === 404, JSON.stringify(body))
    return body.message as string
  }
  const [one, list] = [await newApp('chat', { user_input_form: [files('file')] }), await newApp('chat', { user_input_form: [files('file-list')] })]
  t.regex(await said(one, { inputs: { page: [picture] } }), /page.*one file/i)
  t.regex(await said(list, { inputs: { page: picture } }), /page.*list/i)
  t.regex(await said(list, { inputs: { page: [picture, picture] } }), /page.*1/)
  t.regex(await said(one, { inputs: { page: 'a.png' } }), /page.*file/)
  t.regex(await said(chat, { user: 'eve', files: [{ type: 'image', transfer_method: 'local_file', upload_file_id: ids.picture }] }), /belongs to the `user` who uploaded it/)
  t.regex(await said(chat, { user: 'eve', conversation_id: ids.conversation }), /belongs to the `user` that began it/)
})

half.conclude()

test('an event with a field too many, too few or of another form is noticed', (t) => {
  const id = randomUUID()
  const event = { event: 'message_replace', task_id: id, message_id: id, conversation_id: id, created_at: 1, answer: 'x', reason: '' }
  const found = (change: object, shape = 'StreamEventChatMessageReplace') => compareEvent(shape, { ...event, ...change }).map(({ where, ours, theirs }) => `${where}: ${ours}, ${theirs}`)
  t.deepEqual(found({}), [])
  t.deepEqual(found({ more: 1 }), ['more: number, missing'])
  t.deepEqual(found({ reason: undefined }), ['reason: missing, string'])
  t.deepEqual(found({ message_id: 'mine' }), ['message_id: of another form, uuid'])
  t.deepEqual(found({ created_at: 1.5 }), ['created_at: number, integer'])
  t.deepEqual(found({ event: 'replaced' }), ['event: string, string'])
  t.deepEqual(found({}, 'StreamEventMessageReplace'), ['conversation_id: string, missing'])
  const usage = { prompt_tokens: 1, prompt_unit_price: '0.1', prompt_price_unit: '0.001', prompt_price: '1e-7', completion_tokens: 1, completion_unit_price: 1, completion_price_unit: '1', completion_price: '1', total_tokens: 2, total_price: '0', currency: 'USD', latency: 0.5 }
  t.deepEqual(compareEvent('Usage', usage).map(({ where, ours }) => `${where}: ${ours}`), ['prompt_price: of another form', 'completion_unit_price: number'])
})
