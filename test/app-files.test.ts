import { randomUUID } from 'node:crypto'
import test from 'ava'
import { database, storage } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import { appFiles, endUsers } from '../plugins/apps/ports.ts'
import type { EndUser, FileInput, FileRules } from '../plugins/apps/ports.ts'
import { makeWorkspace } from './support/world.ts'
import type { Workspace } from './support/world.ts'

let app: TestApp
let ours: Workspace
let theirs: Workspace
interface OneApp { readonly id: string; readonly workspaceId: string; readonly token: string }
let first: OneApp, second: OneApp, foreign: OneApp
/** Ids of files that some message has. */
const referenced = new Set<string>()

const newApp = async ({ workspaceId, accountId }: Workspace, name: string): Promise<OneApp> => {
  const id = randomUUID()
  await app.resolve(database).query(
    `INSERT INTO apps (id, workspace_id, name, mode, enable_site, enable_api, created_by, created_at, updated_by, updated_at)
     VALUES ($1, $2, $3, 'chat', true, true, $4, now(), $4, now())`, [id, workspaceId, name, accountId])
  const { token } = await app.resolve(apiKeys).create({ type: 'app', workspaceId, appId: id, datasetId: null, createdBy: accountId })
  return { id, workspaceId, token }
}
test.before(async () => {
  app = await testApp({
    config: { plugins: { apps: { files: { imageMb: 0.01, documentMb: 0.02 } } } },
    fakes: { fileReferences: new Map([['test', { has: async (_app: unknown, id: string) => referenced.has(id) }]]) },
  })
  ours = await makeWorkspace(app, 'ours')
  theirs = await makeWorkspace(app, 'theirs')
  first = await newApp(ours, 'first')
  second = await newApp(ours, 'second')
  foreign = await newApp(theirs, 'foreign')
})
test.after.always(() => app.close())

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const HTML = '<!doctype html><script>alert(1)</script>'
interface Answer { readonly status: number; readonly body: any; readonly headers: Headers; readonly bytes: Buffer }
const answerOf = async (response: Response): Promise<Answer> => {
  const bytes = Buffer.from(await response.arrayBuffer())
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
  return { status: response.status, headers: response.headers, bytes, body: isJson ? JSON.parse(bytes.toString()) as unknown : undefined }
}
const send = async ({ token }: OneApp, name: string, content: string | Buffer, fields: Record<string, string> = { user: 'ada' }, field = 'file'): Promise<Answer> => {
  const form = new FormData()
  for (const [key, value] of Object.entries(fields)) form.set(key, value)
  form.append(field, new Blob([content]), name)
  return answerOf(await app.fetch('/v1/files/upload', { method: 'POST', token, body: form }))
}
const get = async (path: string, token?: string, headers: Record<string, string> = {}): Promise<Answer> =>
  answerOf(await app.fetch(path, { headers, ...token === undefined ? {} : { token } }))

test('a file that is sent is told as the wire has it, and belongs to whoever sent it', async (t) => {
  const { status, body } = await send(first, 'Größe.PNG', PNG)
  t.is(status, 201)
  const known = await get(`/v1/end-users/${String(body.created_by)}`, first.token)
  t.is(known.status, 200)
  t.like(known.body, { id: body.created_by, tenant_id: ours.workspaceId, app_id: first.id, type: 'service-api', external_user_id: 'ada', session_id: 'ada', name: null, is_anonymous: false })
  t.is(new Date(known.body.created_at as string).toISOString(), known.body.created_at)
  t.like(body, { name: 'Größe.PNG', size: PNG.length, extension: 'png', mime_type: 'image/png', reference: null, preview_url: null, tenant_id: ours.workspaceId })
  t.true(Math.abs(Number(body.created_at) - Date.now() / 1000) < 60)
  t.is((await get(new URL(body.source_url as string).pathname + new URL(body.source_url as string).search)).bytes.compare(PNG), 0)
})
