/** A server with apps that chat and that complete texts, with what their operations are about: a conversation, files, annotations, a knowledge base. */
import { datasets } from '../../plugins/datasets/ports.ts'
import type { Quota } from '../../plugins/runs/ports.ts'
import { runErrors } from '../../plugins/runs/ports.ts'
import type { Answer } from '../support/client.ts'
import { lastQuestion } from '../support/toy-llm.ts'
import { talking } from '../support/talking.ts'
import type { MadeApp, Talking } from '../support/talking.ts'
import type { Asked, Request } from './conformance.ts'

export interface AppWorld extends Talking, Asked {
  /** Takes and offers all that a chat app can. */
  readonly chat: MadeApp
  readonly completion: MadeApp
  /** Nothing of what can be switched on is. */
  readonly plain: MadeApp
  /** Its settings are of another mode: it can be asked nothing yet. */
  readonly flow: MadeApp
  /** Closed to API keys. */
  readonly closed: MadeApp
  /** Gives the answers that people wrote. */
  readonly written: MadeApp
  /** Answers one request at a time. */
  readonly single: MadeApp
  /** Has no page. */
  readonly pageless: MadeApp
  /** Of the user `ada`, in `chat`, unless said otherwise. */
  readonly ids: Readonly<Record<'conversation' | 'spareConversation' | 'message' | 'silentMessage' | 'document' | 'picture' | 'completionPicture' | 'endUser' | 'annotation' | 'spareAnnotation' | 'job' | 'plainMessage', string>>
  readonly rules: { spent: boolean }
  /** As the model says nothing else, or cannot. */
  withModel<T>(answer: Talking['toy']['answer'], act: () => Promise<T>): Promise<T>
  /** As the provider has no models but those of these names. */
  withOffers<T>(names: readonly string[], act: () => Promise<T>): Promise<T>
  /** While its one place is taken. */
  whileBusy<T>(act: () => Promise<T>): Promise<T>
}

export const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const methods = ['local_file', 'remote_url'] as const
export const form = [
  { 'text-input': { label: 'Name', variable: 'name', required: false, max_length: 40, default: '' } },
  { paragraph: { label: 'About', variable: 'about', required: false, default: '' } },
  { select: { label: 'City', variable: 'city', required: false, options: ['Oslo', 'Rome'], default: 'Oslo' } },
]
export const on = { score_threshold: 0.9, embedding_provider_name: 'toy', embedding_model_name: 'words' }
/** With words that are not to be said. */
export const moderated = {
  sensitive_word_avoidance: {
    enabled: true, type: 'keywords',
    config: { keywords: 'dragon', inputs_config: { enabled: true, preset_response: 'I do not talk of that.' }, outputs_config: { enabled: true, preset_response: 'Let us talk of something else.' } },
  },
}

export const makeAppWorld = async (): Promise<AppWorld> => {
  const rules = { spent: false }
  const quota: Quota = {
    reserve: async () => { if (rules.spent) throw runErrors.quotaExceeded(); return { id: 'unit' } }, commit: async () => undefined, release: async () => undefined,
  }
  const made = await talking({ config: { plugins: { chat: { pingMs: 1_000, moderationStep: 10 }, apps: { files: { documentMb: 1 } } } }, fakes: { quota } })
  const { app, toy, owner, db, newApp, console_ } = made

  const { id: handbook } = await app.resolve(datasets).create(owner, { name: 'Handbook', indexingTechnique: 'economy' })
  await app.resolve(datasets).addTexts(owner, handbook, [{ name: 'leave.txt', text: 'Every parent may stay at home for sixteen weeks.' }])
  const everything = {
    pre_prompt: 'Be kind to {{name}}.', user_input_form: form, opening_statement: 'Hello {{name}}', suggested_questions: ['Who are you?'],
    suggested_questions_after_answer: { enabled: true }, speech_to_text: { enabled: true }, text_to_speech: { enabled: true, voice: 'ada', language: 'en', autoPlay: 'disabled' },
    file_upload: { enabled: true, allowed_file_types: ['image', 'document', 'audio', 'video', 'custom'], allowed_file_extensions: [], allowed_file_upload_methods: methods, number_limits: 3, image: { enabled: true, number_limits: 3, detail: 'high', transfer_methods: methods } },
    dataset_configs: { retrieval_model: 'multiple', top_k: 2, datasets: { datasets: [{ dataset: { enabled: true, id: handbook } }] } },
  }
  const chat = await newApp('chat', everything)
  const completion = await newApp('completion', { ...everything, pre_prompt: 'Praise {{name}}. {{about}}', dataset_query_variable: 'name' })
  const [plain, flow, closed, written, single, pageless] = [
    await newApp('chat', {}), await newApp('workflow'), await newApp('chat', {}), await newApp('chat', {}), await newApp('chat', {}), await newApp('chat', {}),
  ]
  await console_('POST', `/apps/${closed.id}/api-enable`, { enable_api: false })
  await db('UPDATE apps SET max_active_requests = 1 WHERE id = $1', single.id)
  await db('DELETE FROM app_sites WHERE app_id = $1', pageless.id)

  const send = async (operation: string, { ids = {}, query = '', body, files, headers, token }: Request): Promise<Answer> => {
    const [method = '', path = ''] = operation.split(' ')
    const key = token ?? (path.startsWith('/completion-messages') ? completion : chat).token
    const sent = new FormData()
    if (files) for (const [name, value] of Object.entries(body ?? {})) sent.set(name, String(value))
    for (const { name, text, type } of files ?? []) sent.append('file', new Blob([text], type === undefined ? {} : { type }), name)
    const response = await app.fetch(`/v1${path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'none')}${query}`, {
      method, token: key, headers: { ...headers }, ...files ? { body: sent } : body === undefined ? {} : { json: body },
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(bytes.toString()) as unknown : bytes.length === 0 ? undefined : bytes }
  }
  const wanted = async (operation: string, request: Request): Promise<any> => {
    const { status, body } = await send(operation, request)
    if (status >= 300) throw new Error(`${operation}: ${JSON.stringify(body)}`)
    return body
  }
  const ask = (of: MadeApp, query: string, more: object = {}): Promise<any> =>
    wanted('POST /chat-messages', { token: of.token, body: { inputs: {}, query, user: 'ada', auto_generate_name: false, ...more } })
  const upload = (name: string, text: string | Uint8Array<ArrayBuffer>, to = chat): Promise<any> => wanted('POST /files/upload', { files: [{ name, text }], body: { user: 'ada' }, token: to.token })

  const [document, picture] = [await upload('notes.txt', 'The heron waits.'), await upload('dot.png', PNG)]
  const files = [{ type: 'image', transfer_method: 'local_file', upload_file_id: picture.id }, { type: 'document', transfer_method: 'local_file', upload_file_id: document.id }]
  const answer = await ask(chat, 'How long may a parent stay at home?', { inputs: { name: 'Ann' }, files })
  const silent = await ask(chat, 'And then?', { conversation_id: answer.conversation_id })
  await wanted('POST /messages/{message_id}/feedbacks', { ids: { message_id: answer.message_id }, body: { rating: 'like', content: 'Good', user: 'ada' } })
  const spare = await ask(chat, 'Bye')
  const annotation = (question: string, of = chat): Promise<any> => wanted('POST /apps/annotations', { token: of.token, body: { question, answer: 'At noon.' } })
  const [kept, removed] = [await annotation('When is lunch?'), await annotation('When is tea?')]
  await annotation('When is lunch?', written)
  const job = await wanted('POST /apps/annotation-reply/{action}', { ids: { action: 'enable' }, token: written.token, body: on })
  await app.runJobs()

  const offered = toy.provider.models.bind(toy.provider)
  return {
    ...made, send, rules, chat, completion, plain, flow, closed, written, single, pageless,
    ids: {
      conversation: answer.conversation_id, spareConversation: spare.conversation_id, message: answer.message_id, silentMessage: silent.message_id, document: document.id, picture: picture.id, completionPicture: (await upload('dot.png', PNG, completion)).id,
      endUser: document.created_by, annotation: kept.id, spareAnnotation: removed.id, job: job.job_id, plainMessage: (await ask(plain, 'Hi')).message_id,
    },
    withModel: async (said, act) => {
      toy.answer = said
      try { return await act() } finally { toy.answer = (request) => `You said: ${lastQuestion(request)}` }
    },
    withOffers: async (names, act) => {
      Object.assign(toy.provider, { models: () => offered().filter(({ name }) => names.includes(name)) })
      try { return await act() } finally { Object.assign(toy.provider, { models: offered }) }
    },
    whileBusy: async (act) => {
      let open = (): void => undefined
      const opened = new Promise<void>((resolve) => { open = resolve })
      let begun = (): void => undefined
      const begins = new Promise<void>((resolve) => { begun = resolve })
      toy.answer = async function* () {
        begun()
        await opened
        yield 'done'
      }
      const first = ask(single, 'Take the place')
      await begins
      try { return await act() } finally {
        open()
        await first
        toy.answer = (request) => `You said: ${lastQuestion(request)}`
      }
    },
  }
}
