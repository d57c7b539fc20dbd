/** A server with one workspace, apps in it with keys, and a toy of a model; short ways to ask, and to put down what was said. */
import { randomUUID } from 'node:crypto'
import { database } from '../../core/index.ts'
import { testApp } from '../../core/testing.ts'
import type { TestApp, TestAppOptions } from '../../core/testing.ts'
import { apps, endUsers } from '../../plugins/apps/ports.ts'
import { accounts } from '../../plugins/auth/ports.ts'
import { client } from './client.ts'
import type { Answer, Client } from './client.ts'
import { toyLlm } from './toy-llm.ts'
import type { ToyLlm } from './toy-llm.ts'
import { signIn } from './world.ts'

export interface MadeApp { readonly id: string; readonly workspaceId: string; readonly token: string; readonly api: Client }
export interface Written { readonly id: string; readonly messages: readonly string[] }
export interface Line { readonly query?: string; readonly answer?: string; readonly status?: string; readonly metadata?: object; readonly usage?: object | null }
export interface Talking {
  readonly app: TestApp
  readonly toy: ToyLlm
  readonly owner: { readonly accountId: string; readonly workspaceId: string }
  db<R extends object = Record<string, any>>(sql: string, ...values: unknown[]): Promise<R[]>
  /** As the owner, in the console. */
  console_(method: string, path: string, json?: object): Promise<Answer>
  newApp(mode: string, settings?: object): Promise<MadeApp>
  configure(app: Pick<MadeApp, 'id'>, settings: object): Promise<void>
  /** A conversation as it lies in the database, without a model being asked. @param at seconds since 1970, a decimal text */
  write(app: MadeApp, user: string | undefined, lines: readonly Line[], more?: { name?: string; at?: string; inputs?: object }): Promise<Written>
}

export const echo = { provider: 'toy', name: 'echo', mode: 'chat', completion_params: {} }

export const talking = async (options: TestAppOptions = {}): Promise<Talking> => {
  const toy = toyLlm()
  const app = await testApp({ ...options, fakes: { modelProvider: new Map([['toy', toy.provider]]), ...options.fakes } })
  const email = 'ann@example.org'
  const password = 'correct horse 42'
  const owner = await app.resolve(accounts).setup({ email, name: 'Ann', password }) as Talking['owner']
  const session = await signIn(app, { email, password })
  const db: Talking['db'] = (sql, ...values) => app.resolve(database).query(sql, values)
  const console_: Talking['console_'] = async (method, path, json) => {
    const response = await app.fetch(`/console/api${path}`, { method, headers: session, ...json ? { json } : {} })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return { status: response.status, body: text === '' ? undefined : isJson ? JSON.parse(text) as unknown : text, headers: response.headers }
  }
  const wanted = async (answer: Promise<Answer>): Promise<any> => {
    const { status, body } = await answer
    if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`)
    return body
  }
  const configure: Talking['configure'] = async ({ id }, settings) => { await wanted(console_('POST', `/apps/${id}/model-config`, { model: echo, ...settings })) }
  return {
    app, toy, owner, db, console_, configure,
    newApp: async (mode, settings) => {
      const { id } = await wanted(console_('POST', '/apps', { name: `${mode} app`, mode })) as { id: string }
      const { token } = await wanted(console_('POST', `/apps/${id}/api-keys`)) as { token: string }
      if (settings) await configure({ id }, settings)
      return { id, workspaceId: owner.workspaceId, token, api: client(app.url, token) }
    },
    write: async ({ id: appId, workspaceId }, user, lines, { name = 'Talk', at, inputs = {} } = {}) => {
      const endUser = await app.resolve(endUsers).take({ id: appId, workspaceId }, user)
      const port = app.resolve(apps)
      const found = await port.find(workspaceId, appId)
      const { configId } = await port.configured(found)
      const id = randomUUID()
      const moment = at === undefined ? 'now()' : `to_timestamp(${at})`
      await db(
        `INSERT INTO conversations (id, workspace_id, app_id, model_config_id, mode, end_user_id, name, inputs, introduction, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'Hello', ${moment}, ${moment})`, id, workspaceId, appId, configId, found.mode, endUser.id, name, JSON.stringify(inputs))
      const messages: string[] = []
      for (const [index, line] of lines.entries()) {
        const message = randomUUID()
        messages.push(message)
        await db(
          `INSERT INTO messages (id, workspace_id, app_id, conversation_id, position, inputs, query, answer, status, usage, metadata, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, '{}', $6, $7, $8, $9, $10, now(), now())`,
          message, workspaceId, appId, id, index + 1, line.query ?? `Question ${index + 1}`, line.answer ?? `Answer ${index + 1}`, line.status ?? 'normal',
          line.usage ? JSON.stringify(line.usage) : null, JSON.stringify(line.metadata ?? {}))
      }
      return { id, messages }
    },
  }
}
