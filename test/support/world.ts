/** Two workspaces with everything in them, for tests of who may reach what. */
import { randomUUID } from 'node:crypto'
import { database } from '../../core/index.ts'
import type { TestApp } from '../../core/testing.ts'
import { apiKeys } from '../../plugins/api-keys/ports.ts'
import { accounts } from '../../plugins/auth/ports.ts'
import { datasets } from '../../plugins/datasets/ports.ts'
import { client } from './client.ts'

export interface Workspace {
  readonly workspaceId: string
  readonly accountId: string
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

/** Makes a workspace. The first is set up as an operator would; further ones are rows, since nobody can make a second over the wire yet. */
export const makeWorkspace = async (app: TestApp, name: string): Promise<Workspace> => {
  const db = app.resolve(database)
  const email = `${name}@example.org`
  let owner = await app.resolve(accounts).setup({ email, name, password, workspace: name })
  if (!owner) {
    owner = { accountId: randomUUID(), workspaceId: randomUUID() }
    await db.query(`
      INSERT INTO accounts (id, email, password_hash, name, interface_language, interface_theme, timezone, status, created_at, updated_at)
      SELECT $1, $2, password_hash, $3, interface_language, interface_theme, timezone, status, now(), now() FROM accounts LIMIT 1`, [owner.accountId, email, name])
    await db.query(`INSERT INTO workspaces (id, name, plan, status, created_at) SELECT $1, $2, plan, status, now() FROM workspaces LIMIT 1`, [owner.workspaceId, name])
    await db.query(`INSERT INTO workspace_members (workspace_id, account_id, role, current, created_at) VALUES ($1, $2, 'owner', true, now())`, [owner.workspaceId, owner.accountId])
  }
  const { workspaceId, accountId } = owner
  const keys = app.resolve(apiKeys)
  const workspaceKey = (await keys.create({ type: 'dataset', workspaceId, datasetId: null, createdBy: accountId })).token
  const api = client(app.url, workspaceKey)
  const datasetIds: string[] = []
  for (const which of ['first', 'second']) {
    const { id } = await app.resolve(datasets).create({ workspaceId, accountId }, { name: `${name} ${which}`, indexingTechnique: 'economy' })
    const { body } = await api.send('POST', `/v1/datasets/${id}/document/create-by-text`, { name: `${which}.txt`, text: `The ${which} canary of ${name} sings in the mine.`, indexing_technique: 'economy', process_rule: { mode: 'automatic' } })
    await api.indexed(id, body.batch as string)
    datasetIds.push(id)
  }
  const [first, second] = datasetIds as [string, string]
  const boundKey = (await keys.create({ type: 'dataset', workspaceId, datasetId: first, createdBy: accountId })).token
  return { workspaceId, accountId, email, password, datasetIds: [first, second], workspaceKey, boundKey }
}

/** Signs in; the answer's cookies and CSRF token as headers. */
export const signIn = async (app: TestApp, { email, password }: Pick<Workspace, 'email' | 'password'>): Promise<Record<string, string>> => {
  const response = await app.fetch('/console/api/login', { json: { email, password: Buffer.from(password).toString('base64') } })
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0] as string)
  const csrf = cookies.find((cookie) => cookie.includes('csrf_token='))?.split('=')[1] ?? ''
  return { cookie: cookies.join('; '), 'x-csrf-token': csrf }
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
