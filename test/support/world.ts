/** Two workspaces with everything in them, for tests of who may reach what. */
import { database } from '../../core/index.ts'
import type { TestApp } from '../../core/testing.ts'
import { apiKeys } from '../../plugins/api-keys/ports.ts'
import { accounts } from '../../plugins/auth/ports.ts'
import type { Accounts } from '../../plugins/auth/ports.ts'
import { datasets } from '../../plugins/datasets/ports.ts'
import { login, sessionOf } from './browser.ts'
import { client } from './client.ts'

export interface Workspace {
  readonly workspaceId: string
  readonly accountId: string
  /** An editor, who can sign in with the same password. Beside it somebody is invited. */
  readonly memberId: string
  readonly email: string
  readonly password: string
  /** Two, each with an indexed document. */
  readonly datasetIds: readonly [string, string]
  readonly workspaceKey: string
  /** Bound to the first dataset. */
  readonly boundKey: string
}
/** Every id of every table, by workspace: whatever a plugin adds is in it without being named here. */
export interface KnownId {
  readonly table: string
  readonly column: string
  readonly id: string
  readonly datasetId: string | null
  readonly appId: string | null
  readonly endUserId: string | null
}
export type Ids = ReadonlyMap<string, readonly KnownId[]>

const password = 'correct horse 42'

const anotherOwner = async (port: Accounts, email: string, name: string): Promise<{ accountId: string; workspaceId: string }> => {
  const { accountId } = await port.createAccount({ email, name, password })
  return { accountId, ...await port.createWorkspace(name, accountId) }
}
/** Makes a workspace; the first is set up as an operator would. */
export const makeWorkspace = async (app: TestApp, name: string): Promise<Workspace> => {
  const port = app.resolve(accounts)
  const email = `${name}@example.org`
  const { workspaceId, accountId } = await port.setup({ email, name, password, workspace: name }) ?? await anotherOwner(port, email, name)
  const { accountId: memberId } = await port.createAccount({ email: `member-of-${name}@example.org`, name: `member of ${name}`, password })
  await port.setRole(workspaceId, memberId, 'editor')
  const keys = app.resolve(apiKeys)
  const workspaceKey = (await keys.create({ type: 'dataset', workspaceId, datasetId: null, createdBy: accountId })).token
  const api = client(app.url, workspaceKey)
  const datasetIds: string[] = []
  for (const which of ['first', 'second']) {
    const { id } = await app.resolve(datasets).create({ workspaceId, accountId }, { name: `${name} ${which}`, indexingTechnique: 'economy' })
    const { body } = await api.send('POST', `/v1/datasets/${id}/document/create-by-text`, { name: `${which}.txt`, text: `The ${which} canary of ${name} sings in the mine.`, indexing_technique: 'economy', process_rule: { mode: 'automatic' } })
    await api.indexed(id, body.batch as string)
    const { body: field } = await api.send('POST', `/v1/datasets/${id}/metadata`, { name: 'year', type: 'number' })
    const { body: tag } = await api.send('POST', '/v1/datasets/tags', { name: `${which} of ${name}` })
    const bound = await api.send('POST', '/v1/datasets/tags/binding', { tag_ids: [tag.id], target_id: id })
    if (field.name !== 'year' || bound.status !== 204) throw new Error(`no field or no tag was made: ${JSON.stringify([field, tag, bound.body])}`)
    datasetIds.push(id)
  }
  const [first, second] = datasetIds as [string, string]
  const boundKey = (await keys.create({ type: 'dataset', workspaceId, datasetId: first, createdBy: accountId })).token
  const headers = await signIn(app, { email, password })
  const invited = await app.fetch('/console/api/workspaces/current/members/invite-email', { headers, json: { emails: [`invited-to-${name}@example.org`], role: 'normal' } })
  if (invited.status !== 201) throw new Error(`nobody was invited: ${await invited.text()}`)
  return { workspaceId, accountId, memberId, email, password, datasetIds: [first, second], workspaceKey, boundKey }
}

/** Signs in; the answer's cookies and CSRF token as headers. */
export const signIn = async (app: TestApp, { email, password }: Pick<Workspace, 'email' | 'password'>): Promise<Record<string, string>> => {
  const { cookie, csrf } = sessionOf(await login(app, password, email))
  return { cookie, 'x-csrf-token': csrf }
}

interface EndUserOfApp {
  /** As the app's own system calls them. */
  readonly user: string
  readonly conversationId: string
  readonly messageId: string
  /** Of the first user it went with the question; that of the second waits to be sent. */
  readonly fileId: string
}
export interface AppOfWorkspace {
  readonly id: string
  readonly key: string
  /** Empty in a completion app. */
  readonly users: readonly [EndUserOfApp, EndUserOfApp] | readonly []
  readonly annotationId: string
}
export interface AppsOfWorkspace { readonly chats: readonly [AppOfWorkspace, AppOfWorkspace]; readonly completion: AppOfWorkspace }

const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const taken = async (answer: Promise<Response>): Promise<any> => {
  const response = await answer
  const text = await response.text()
  if (response.status >= 300) throw new Error(`${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
/** Two chat apps, the first with a dataset, and a completion app; in each chat app two end users who asked something. Needs a model of its own: the toy's `echo`. */
export const makeApps = async (app: TestApp, { datasetIds: [datasetId], email, password: word }: Workspace, name: string): Promise<AppsOfWorkspace> => {
  const headers = await signIn(app, { email, password: word })
  const post = (path: string, json: object): Promise<any> => taken(app.fetch(`/console/api${path}`, { headers, json }))
  const on = { enabled: true }
  const settings = (withDataset: boolean) => ({
    model: { provider: 'toy', name: 'echo', mode: 'chat', completion_params: {} }, suggested_questions_after_answer: on, speech_to_text: on, text_to_speech: { ...on, voice: 'ada', language: 'en' }, retriever_resource: on,
    file_upload: { enabled: true, allowed_file_types: ['image'], allowed_file_upload_methods: ['local_file'], number_limits: 3, image: { ...on, number_limits: 3, detail: 'low', transfer_methods: ['local_file'] } },
    ...withDataset ? { dataset_configs: { retrieval_model: 'multiple', top_k: 2, datasets: { datasets: [{ dataset: { enabled: true, id: datasetId } }] } } } : {},
  })
  const make = async (which: string, mode: 'chat' | 'completion'): Promise<AppOfWorkspace> => {
    const { id } = await post('/apps', { name: `${name} ${which}`, mode }) as { id: string }
    await post(`/apps/${id}/model-config`, settings(which === 'first'))
    const { token: key } = await post(`/apps/${id}/api-keys`, {}) as { token: string }
    const { id: annotationId } = await post(`/apps/${id}/annotations`, { question: `Which canary sings for ${which} of ${name}?`, answer: `That of ${name}.` }) as { id: string }
    const meet = async (user: string, isSent: boolean): Promise<EndUserOfApp> => {
      const form = new FormData()
      form.set('user', user)
      form.set('file', new Blob([dot], { type: 'image/png' }), 'dot.png')
      const { id: fileId } = await taken(app.fetch('/v1/files/upload', { method: 'POST', token: key, body: form })) as { id: string }
      const { conversation_id: conversationId, message_id: messageId } = await taken(app.fetch('/v1/chat-messages', { token: key, json: {
        query: `What does the canary of ${user} sing?`, inputs: {}, user, auto_generate_name: false, ...isSent ? { files: [{ type: 'image', transfer_method: 'local_file', upload_file_id: fileId }] } : {},
      } }))
      await taken(app.fetch(`/v1/messages/${messageId}/feedbacks`, { token: key, json: { user, rating: 'like', content: `good, says ${user}` } }))
      return { user, conversationId, messageId, fileId }
    }
    if (mode === 'completion') {
      await taken(app.fetch('/v1/completion-messages', { token: key, json: { query: 'What sings?', inputs: { query: 'What sings?' }, user: `reader of ${name}` } }))
      return { id, key, annotationId, users: [] }
    }
    return { id, key, annotationId, users: [await meet(`first of ${which} of ${name}`, true), await meet(`second of ${which} of ${name}`, false)] }
  }
  return { chats: [await make('first', 'chat'), await make('second', 'chat')], completion: await make('third', 'completion') }
}

/** Whose row it is where the table has no column that says so. */
const endUserOf = (table: string, columns: readonly string[]): string => {
  const ofConversation = (id: string): string => `(SELECT c.end_user_id FROM conversations c WHERE c.id = ${id})`
  if (table === 'end_users') return 'one.id'
  if (columns.includes('end_user_id')) return 'one.end_user_id'
  if (table === 'runs') return `CASE WHEN started_by LIKE 'end-user:%' THEN substr(started_by, 10) END`
  if (table === 'conversations' || columns.includes('conversation_id')) return ofConversation(table === 'conversations' ? 'one.id' : 'one.conversation_id')
  return columns.includes('message_id') ? ofConversation('(SELECT m.conversation_id FROM messages m WHERE m.id = one.message_id)') : 'NULL'
}
const appOf = (table: string, columns: readonly string[]): string => {
  if (table === 'apps') return 'one.id'
  if (columns.includes('app_id')) return 'one.app_id'
  return columns.includes('message_id') ? '(SELECT m.app_id FROM messages m WHERE m.id = one.message_id)' : 'NULL'
}
export const allIds = async (app: TestApp): Promise<Ids> => {
  const db = app.resolve(database)
  const tables = await db.query<{ table: string; columns: string[] }>(`
    SELECT table_name AS table, array_agg(column_name::text) AS columns FROM information_schema.columns
    WHERE table_schema = 'public' GROUP BY table_name HAVING bool_or(column_name = 'workspace_id')`)
  const found = new Map<string, KnownId[]>()
  for (const { table, columns } of tables) {
    for (const column of columns.filter((name) => ['id', 'dataset_id', 'batch', 'account_id', 'workspace_id', 'app_id', 'end_user_id'].includes(name))) {
      const dataset = columns.includes('dataset_id') ? 'dataset_id' : table === 'datasets' ? 'id' : 'NULL'
      const rows = await db.query<{ workspace_id: string; id: string; dataset_id: string | null; app_id: string | null; end_user_id: string | null }>(
        `SELECT DISTINCT workspace_id, ${column}::text AS id, ${dataset}::text AS dataset_id, ${appOf(table, columns)}::text AS app_id, ${endUserOf(table, columns)}::text AS end_user_id
         FROM ${table} one WHERE ${column} IS NOT NULL`)
      // A number that counts rows is nobody's address.
      for (const row of rows) {
        if (row.id.length > 10) found.set(row.workspace_id, [...found.get(row.workspace_id) ?? [], { table, column, id: row.id, datasetId: row.dataset_id, appId: row.app_id, endUserId: row.end_user_id }])
      }
    }
  }
  return found
}
