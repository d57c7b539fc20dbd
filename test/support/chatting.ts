/** A server with apps that answer by a toy model (or the local one that quotes), and short ways to ask them and to hear what they say. */
import { randomUUID } from 'node:crypto'
import { database, defineAdapter, definePlugin } from '../../core/index.ts'
import type { Database } from '../../core/index.ts'
import { testApp } from '../../core/testing.ts'
import type { TestApp, TestAppOptions } from '../../core/testing.ts'
import { apiKeys } from '../../plugins/api-keys/ports.ts'
import type { AppMode, ModelConfig } from '../../plugins/apps/ports.ts'
import { accounts } from '../../plugins/auth/ports.ts'
import { modelProvider } from '../../plugins/models/ports.ts'
import type { ModelInfo } from '../../plugins/models/ports.ts'
import { toyLlm } from './toy-llm.ts'
import type { ToyLlm } from './toy-llm.ts'

type Some<T> = { readonly [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? Some<T[K]> : T[K] }
/** Settings of an app, whole; what is given is laid over what holds otherwise. */
export const settings = ({ model, dataset_configs: knowledge, ...more }: Some<ModelConfig> = {}): ModelConfig => ({
  prompt_type: 'simple', pre_prompt: '', chat_prompt_config: {}, completion_prompt_config: {}, user_input_form: [], dataset_query_variable: '',
  opening_statement: '', suggested_questions: [], suggested_questions_after_answer: { enabled: false }, speech_to_text: { enabled: false },
  text_to_speech: { enabled: false, voice: '', language: '' }, retriever_resource: { enabled: true }, sensitive_word_avoidance: { enabled: false, type: '' },
  more_like_this: { enabled: false }, agent_mode: { enabled: false, tools: [] }, external_data_tools: [],
  file_upload: { enabled: false, allowed_file_types: [], allowed_file_extensions: [], allowed_file_upload_methods: [], number_limits: 3, image: { enabled: false, number_limits: 3, detail: 'high', transfer_methods: [] } },
  ...more,
  model: { provider: 'toy', name: 'echo', mode: 'chat', completion_params: {}, ...model },
  dataset_configs: {
    retrieval_model: 'multiple', datasets: { datasets: [] }, top_k: 4, score_threshold_enabled: false, score_threshold: null, reranking_mode: 'weighted_score',
    reranking_enable: false, reranking_model: { reranking_provider_name: '', reranking_model_name: '' }, ...knowledge,
  },
} as ModelConfig)

export interface ToyApp { readonly id: string; readonly key: string; save(config: ModelConfig): Promise<void> }
export interface Heard { readonly status: number; readonly type: string; readonly events: any[]; readonly pings: number; readonly text: string }
export interface Chatting {
  readonly app: TestApp
  readonly db: Database
  readonly toy: ToyLlm
  readonly owner: { readonly accountId: string; readonly workspaceId: string }
  newApp(mode?: AppMode, config?: ModelConfig | null, more?: { readonly maxActive?: number; readonly closed?: boolean }): Promise<ToyApp>
  /** Asks, and waits for the whole answer. */
  ask(of: ToyApp, query: string, more?: object): Promise<{ status: number; body: any }>
  complete(of: ToyApp, inputs: object, more?: object): Promise<{ status: number; body: any }>
  /** As a stream, once it has ended. */
  hear(of: ToyApp, query: string, more?: object, path?: string): Promise<Heard>
  /** As a stream, event by event; `ping` for a ping. */
  listen(of: ToyApp, query: string, more?: object, path?: string): Promise<Listening>
  stop(of: ToyApp, taskId: string, user?: string, path?: string): Promise<{ status: number; body: any }>
  messageOf(id: string): Promise<any>
}
export interface Listening { readonly response: Response; next(): Promise<any>; rest(): Promise<any[]>; leave(): void }

export const parsed = (text: string): any[] => text.split('\n\n').filter((block) => block !== '').map((block) => {
  if (block === 'event: ping') return 'ping'
  if (!/^data: .*$/.test(block)) throw new Error(`not an event: ${block}`)
  return JSON.parse(block.slice('data: '.length))
})

export const chatting = async (options: TestAppOptions = {}, info: Partial<ModelInfo> = {}): Promise<Chatting> => {
  const toy = toyLlm(info)
  const app = await testApp({
    ...options,
    plugins: [definePlugin({ name: 'toys', kernel: '*', adapters: [defineAdapter(modelProvider, 'toy', { create: () => toy.provider })] }), ...options.plugins ?? []],
    config: { ...options.config, adapters: { modelProvider: { toy: {}, local: {} }, ...options.config?.adapters } },
  })
  const db = app.resolve(database)
  const owner = await app.resolve(accounts).setup({ email: 'ann@example.org', name: 'Ann', password: 'correct horse 42' }) as Chatting['owner']
  const send = async (of: Pick<ToyApp, 'key'>, path: string, json: object): Promise<{ status: number; body: any }> => {
    const response = await app.fetch(`/v1${path}`, { token: of.key, json })
    return { status: response.status, body: await response.json() }
  }
  const asked = (query: string, more: object): object => ({ inputs: {}, query, user: 'ada', auto_generate_name: false, ...more })
  const listen: Chatting['listen'] = async (of, query, more = {}, path = '/chat-messages') => {
    const left = new AbortController()
    const response = await app.fetch(`/v1${path}`, { token: of.key, json: { ...path === '/chat-messages' ? asked(query, more) : { inputs: {}, query, user: 'ada', ...more }, response_mode: 'streaming' }, signal: left.signal })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const next = async (): Promise<any> => {
      for (;;) {
        const end = text.indexOf('\n\n')
        if (end >= 0) {
          const [event] = parsed(text.slice(0, end + 2))
          text = text.slice(end + 2)
          return event
        }
        const { done, value } = await (reader as ReadableStreamDefaultReader<string>).read()
        if (done) return undefined
        text += value
      }
    }
    return {
      response, next, leave: () => { left.abort() },
      rest: async () => {
        const all: any[] = []
        for (let event = await next(); event !== undefined; event = await next()) all.push(event)
        return all
      },
    }
  }
  return {
    app, db, toy, owner,
    newApp: async (mode = 'chat', config = settings(), { maxActive, closed = false } = {}) => {
      const id = randomUUID()
      const { workspaceId, accountId } = owner
      await db.query(
        `INSERT INTO apps (id, workspace_id, name, mode, enable_site, enable_api, max_active_requests, created_by, created_at, updated_by, updated_at)
         VALUES ($1, $2, 'toy', $3, false, $4, $5, $6, now(), $6, now())`, [id, workspaceId, mode, !closed, maxActive ?? null, accountId])
      const save = async (one: ModelConfig): Promise<void> => {
        const version = randomUUID()
        await db.query('INSERT INTO app_model_configs (id, workspace_id, app_id, config, created_by, created_at) VALUES ($1, $2, $3, $4, $5, now())', [version, workspaceId, id, JSON.stringify(one), accountId])
        await db.query('UPDATE apps SET model_config_id = $2 WHERE id = $1', [id, version])
      }
      if (config) await save(config)
      const { token } = await app.resolve(apiKeys).create({ type: 'app', workspaceId, appId: id, datasetId: null, createdBy: accountId })
      return { id, key: token, save }
    },
    ask: (of, query, more = {}) => send(of, '/chat-messages', asked(query, more)),
    complete: (of, inputs, more = {}) => send(of, '/completion-messages', { inputs, user: 'ada', ...more }),
    hear: async (of, query, more, path) => {
      const { response } = await listen(of, query, more, path).then(async (one) => ({ response: { status: one.response.status, type: one.response.headers.get('content-type') ?? '', all: await one.rest() } }))
      const events = response.all.filter((one) => one !== 'ping')
      return { status: response.status, type: response.type, events, pings: response.all.length - events.length, text: events.filter((one) => one.event === 'message').map((one) => one.answer as string).join('') }
    },
    listen,
    stop: (of, taskId, user = 'ada', path = '/chat-messages') => send(of, `${path}/${taskId}/stop`, { user }),
    messageOf: async (id) => (await db.query('SELECT * FROM messages WHERE id = $1', [id]))[0],
  }
}
