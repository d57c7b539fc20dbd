/** A server with people and a model that is none, for tests of apps. */
import { testApp } from '../../core/testing.ts'
import type { TestApp, TestAppOptions } from '../../core/testing.ts'
import { accounts } from '../../plugins/auth/ports.ts'
import { login, sessionOf } from './browser.ts'
import { toyLlm } from './toy-llm.ts'

export interface Person { readonly workspaceId: string; readonly accountId: string; readonly headers: Record<string, string> }
export interface Answer { readonly status: number; readonly body: any }
export interface AppServer {
  readonly app: TestApp
  /** The owner of a new workspace, signed in. */
  owner(name: string): Promise<Person>
  /** A member of a workspace, signed in. */
  member(workspaceId: string, role: 'admin' | 'editor' | 'normal' | 'dataset_operator', name: string): Promise<Person>
  /** At the console. */
  ask(who: Person, method: string, path: string, json?: unknown): Promise<Answer>
  /** At the service API, with a key. */
  call(key: string, path: string): Promise<Answer>
}

const password = 'correct horse 42'
export const appServer = async (options: TestAppOptions = {}): Promise<AppServer> => {
  const app = await testApp({ ...options, fakes: { modelProvider: new Map([['toy', toyLlm().provider]]), ...options.fakes } })
  const port = app.resolve(accounts)
  const signedIn = async (email: string, workspaceId: string, accountId: string): Promise<Person> => {
    const { cookie, csrf } = sessionOf(await login(app, password, email))
    return { workspaceId, accountId, headers: { cookie, 'x-csrf-token': csrf } }
  }
  const read = async (response: Response): Promise<Answer> => {
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) as unknown }
  }
  return {
    app,
    owner: async (name) => {
      const email = `${name}@example.org`
      const made = await port.setup({ email, name, password, workspace: name })
      if (made) return signedIn(email, made.workspaceId, made.accountId)
      const { accountId } = await port.createAccount({ email, name, password })
      return signedIn(email, (await port.createWorkspace(name, accountId)).workspaceId, accountId)
    },
    member: async (workspaceId, role, name) => {
      const email = `${name}@example.org`
      const { accountId } = await port.createAccount({ email, name, password })
      await port.setRole(workspaceId, accountId, role)
      return signedIn(email, workspaceId, accountId)
    },
    ask: async (who, method, path, json) => read(await app.fetch(`/console/api${path}`, { method, headers: who.headers, ...json === undefined ? {} : { json } })),
    call: async (key, path) => read(await app.fetch(`/v1${path}`, { token: key })),
  }
}
