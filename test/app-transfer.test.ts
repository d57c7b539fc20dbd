import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import test from 'ava'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { database } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import type { ImportReply } from '../plugins/apps/schemas/transfer.ts'
import { toyLlm } from './support/toy-llm.ts'
import { makeWorkspace, signIn } from './support/world.ts'
import type { Workspace } from './support/world.ts'

let app: TestApp
let ours: Workspace, theirs: Workspace
let headers: Record<string, string>, foreign: Record<string, string>
/** What the outside answers, by address; undefined: it may not be called. */
const outside = new Map<string, { status: number; text: string }>()
const called: string[] = []

test.before(async () => {
  app = await testApp({
    fakes: { modelProvider: new Map([['toy', toyLlm().provider]]) },
  })
  ours = await makeWorkspace(app, 'ours')
  theirs = await makeWorkspace(app, 'theirs')
  headers = await signIn(app, ours)
  foreign = await signIn(app, theirs)
})
test.after.always(() => app.close())

interface Answer<T = any> { readonly status: number; readonly body: T }
const call = async (path: string, json?: unknown, as = headers): Promise<Answer> => {
  const response = await app.fetch(`/console/api${path}`, { headers: as, ...json === undefined ? {} : { json } })
  return { status: response.status, body: await response.json() as unknown }
}
const take = (content: string, more: object = {}, as = headers): Promise<Answer<ImportReply>> => call('/apps/imports', { mode: 'yaml-content', yaml_content: content, ...more }, as)
const written = async (id: string, query = '', as = headers): Promise<string> => {
  const { status, body } = await call(`/apps/${id}/export${query}`, undefined, as)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return (body as { data: string }).data
}
const settings = { model: { provider: 'toy', name: 'echo', mode: 'chat', completion_params: { temperature: 0.5, stop: ['END'] } }, pre_prompt: 'Be brief, {{name}}.' }
const file = (more: object = {}, of: object = {}): string => stringify({
  version: '0.7.0', kind: 'app', app: { name: 'Helper', mode: 'chat', icon: '🤖', icon_background: '#FFEAD5', description: 'Helps', use_icon_as_answer_icon: false, ...of }, model_config: settings, ...more,
})

test('an app goes out as a file and comes back as it was', async (t) => {
  const { status, body } = await take(file())
  t.is(status, 200, body.error)
  t.like(body, { status: 'completed', app_mode: 'chat', current_dsl_version: '0.7.0', imported_dsl_version: '0.7.0', error: '', warnings: [] })
  const first = await written(body.app_id as string)
  const again = await take(first)
  t.is(again.body.status, 'completed', again.body.error)
  t.not(again.body.app_id, body.app_id)
  t.is(await written(again.body.app_id as string), first)
  t.like(parse(first), { version: '0.7.0', kind: 'app', app: { name: 'Helper', mode: 'chat', icon: '🤖', description: 'Helps' }, model_config: settings })
})
