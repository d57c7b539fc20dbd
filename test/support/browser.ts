/** The console's own API, as a browser meets it. */
import { randomUUID } from 'node:crypto'
import { database } from '../../core/index.ts'
import type { ConfigDocument } from '../../core/config.ts'
import type { TestApp, TestRequest } from '../../core/testing.ts'
import type { Role } from '../../plugins/auth/roles.ts'

/** `auth` without the plugins that need it; they have tests of their own. */
export const alone = (server: Record<string, unknown> = {}, auth: Record<string, unknown> = {}): Partial<ConfigDocument> => ({
  plugins: { auth, models: null, datasets: null, 'api-keys': null, apps: null, runs: null, annotations: null, chat: null, mcp: null, 'dify-import': null, provision: null, bootstrap: null },
  adapters: { authenticator: { session: {} }, modelProvider: null, extractor: null, datasetLifecycle: null, appLifecycle: null, appParameter: null, fileReferences: null, runKind: null, memberLifecycle: null, command: null } as unknown as ConfigDocument['adapters'],
  server,
})

export const owner = { email: 'Ada@example.org', name: 'Ada', password: 'correct horse 42' }
export const base64 = (text: string): string => Buffer.from(text).toString('base64')
export const bodyOf = async (response: Response): Promise<any> => response.json()

/** Cookies by name, with their attributes as the server wrote them. */
export const cookiesOf = ({ headers }: Pick<Response, 'headers'>): Map<string, { value: string; attributes: string }> => new Map(headers.getSetCookie().map((line) => {
  const [pair = '', ...attributes] = line.split('; ')
  const at = pair.indexOf('=')
  return [pair.slice(0, at), { value: pair.slice(at + 1), attributes: attributes.join('; ').toLowerCase() }]
}))
export interface Session { readonly access: string; readonly refresh: string; readonly csrf: string; readonly cookie: string }
export const sessionOf = (response: Pick<Response, 'headers'>, prefix = ''): Session => {
  const cookies = cookiesOf(response)
  const value = (name: string): string => cookies.get(prefix + name)?.value ?? ''
  return {
    access: value('access_token'), refresh: value('refresh_token'), csrf: value('csrf_token'),
    cookie: [...cookies].map(([name, { value: one }]) => `${name}=${one}`).join('; '),
  }
}

export const ask = (app: TestApp, path: string, request: TestRequest = {}): Promise<Response> => app.fetch(`/console/api${path}`, request)
export const login = (app: TestApp, password = owner.password, email = owner.email, headers: Record<string, string> = {}): Promise<Response> =>
  ask(app, '/login', { json: { email, password: base64(password) }, headers })
export const refresh = (app: TestApp, token: string): Promise<Response> =>
  ask(app, '/refresh-token', { method: 'POST', headers: { cookie: `refresh_token=${token}` } })

export interface AddedMember { readonly accountId: string; readonly workspaceId: string; readonly email: string }
/** An account with the owner's password and a role in the owner's workspace. */
export const addMember = async (app: TestApp, role: Role, email = `${role}-${randomUUID()}@example.org`): Promise<AddedMember> => {
  const db = app.resolve(database)
  const accountId = randomUUID()
  await db.query(
    `INSERT INTO accounts (id, email, password_hash, name, interface_language, interface_theme, timezone, status, created_at, updated_at)
     SELECT $1, $2, password_hash, $3, interface_language, interface_theme, timezone, status, now(), now() FROM accounts WHERE lower(email) = 'ada@example.org'`,
    [accountId, email, role])
  const [member] = await db.query<{ workspace_id: string }>(
    `INSERT INTO workspace_members (workspace_id, account_id, role, current, created_at) SELECT id, $1, $2, true, now() FROM workspaces ORDER BY created_at LIMIT 1
     RETURNING workspace_id`, [accountId, role])
  return { accountId, workspaceId: member?.workspace_id ?? '', email }
}
