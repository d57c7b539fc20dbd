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
export type Ids = ReadonlyMap<string, readonly { readonly table: string; readonly column: string; readonly id: string; readonly datasetId: string | null }[]>

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

export const allIds = async (app: TestApp): Promise<Ids> => {
  const db = app.resolve(database)
  const tables = await db.query<{ table: string; columns: string[] }>(`
    SELECT table_name AS table, array_agg(column_name::text) AS columns FROM information_schema.columns
    WHERE table_schema = 'public' GROUP BY table_name HAVING bool_or(column_name = 'workspace_id')`)
  const found = new Map<string, { table: string; column: string; id: string; datasetId: string | null }[]>()
  for (const { table, columns } of tables) {
    for (const column of columns.filter((name) => ['id', 'dataset_id', 'batch', 'account_id', 'workspace_id'].includes(name))) {
      const dataset = columns.includes('dataset_id') ? 'dataset_id' : table === 'datasets' ? 'id' : 'NULL'
      const rows = await db.query<{ workspace_id: string; id: string; dataset_id: string | null }>(
        `SELECT DISTINCT workspace_id, ${column}::text AS id, ${dataset}::text AS dataset_id FROM ${table} WHERE ${column} IS NOT NULL`)
      // A number that counts rows is nobody's address.
      for (const row of rows) if (row.id.length > 10) found.set(row.workspace_id, [...found.get(row.workspace_id) ?? [], { table, column, id: row.id, datasetId: row.dataset_id }])
    }
  }
  return found
}
