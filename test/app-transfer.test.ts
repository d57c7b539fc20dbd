import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { database, HttpError, queue } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { forgetImports } from '../plugins/apps/jobs/forget-imports.ts'
import type { ImportReply } from '../plugins/apps/schemas/transfer.ts'
import { createThreads } from '../plugins/apps/services/dsl-threads.ts'
import type { ThreadLimits } from '../plugins/apps/services/dsl-threads.ts'
import { jsonToYaml, yamlToJson } from '../plugins/apps/services/dsl-yaml.ts'
import { Unreadable } from '../plugins/apps/services/unreadable.ts'
import { placeOfFile } from '../plugins/apps/services/transfer-places.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { toyLlm } from './support/toy-llm.ts'
import { makeWorkspace, signIn } from './support/world.ts'
import type { Workspace } from './support/world.ts'

let app: TestApp
let ours: Workspace, theirs: Workspace
let headers: Record<string, string>, foreign: Record<string, string>
let outside: Server
let service: string
test.before(async () => {
  outside = createServer((request, response) => {
    if (request.url === '/inside') response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
    else if (request.url === '/app.yml') response.end(file())
    else if (request.url === '/huge') response.end(Buffer.alloc(300_000, 'a'))
    else response.writeHead(404).end()
  })
  await new Promise<void>((done) => { outside.listen(0, '127.0.0.1', done) })
  const host = `127.0.0.1:${(outside.address() as AddressInfo).port}`
  service = `http://${host}`
  app = await testApp({
    config: { plugins: { apps: { importBytes: 250_000 } }, adapters: { httpClient: { guarded: { allow: [host] } } } },
    fakes: { modelProvider: new Map([['toy', toyLlm().provider]]) },
  })
  ours = await makeWorkspace(app, 'ours')
  theirs = await makeWorkspace(app, 'theirs')
  headers = await signIn(app, ours)
  foreign = await signIn(app, theirs)
})
test.after.always(async () => {
  outside.close()
  await app.close()
})

interface Answer<T = any> { readonly status: number; readonly body: T }
const call = async (path: string, json?: unknown, as = headers): Promise<Answer> => {
  const response = await app.fetch(`/console/api${path}`, { headers: as, ...json === undefined ? {} : { json } })
  return { status: response.status, body: await response.json() }
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

test('what a file says of its version decides what becomes of it', async (t) => {
  const became = async (version: unknown) => { const { status, body } = await take(file({ version })); return [status, body.status, body.imported_dsl_version, body.warnings.map(({ code }) => code).join()] }
  t.deepEqual(await became('0.7.0'), [200, 'completed', '0.7.0', ''])
  t.deepEqual(await became('0.7.3'), [202, 'pending', '0.7.3', ''])
  t.deepEqual(await became('0.3.1'), [200, 'completed-with-warnings', '0.3.1', 'older_version'])
  t.deepEqual(await became('0.3'), [200, 'completed-with-warnings', '0.3', 'older_version'])
  t.deepEqual(await became(undefined), [200, 'completed-with-warnings', '0.1.0', 'older_version'])
  t.deepEqual(await became('1.0.0'), [202, 'pending', '1.0.0', ''])
  for (const version of [0.7, 7, null, ['0.7.0'], 'latest', '9'.repeat(300)]) t.deepEqual((await became(version)).slice(0, 2), [400, 'failed'], JSON.stringify(version))
  t.is((await take(file({ kind: undefined }))).body.status, 'completed')
})

test('a file that waits is taken once, by whoever sent it, and before its time is over', async (t) => {
  const pending = async () => (await take(file({ version: '0.9.0' }))).body
  const { id, app_id: none } = await pending()
  t.is(none, null)
  const [stored] = await app.resolve(database).query<{ request: unknown }>('SELECT request FROM app_imports WHERE id = $1', [id])
  t.notRegex(JSON.stringify(stored), /Be brief|Helper/)
  const member = await signIn(app, { email: 'member-of-ours@example.org', password: ours.password })
  const refused = [await call(`/apps/imports/${id}/confirm`, {}, foreign), await call(`/apps/imports/${id}/confirm`, {}, member), await call(`/apps/imports/${randomUUID()}/confirm`, {})]
  t.deepEqual([...new Set(refused.map(({ status, body }) => JSON.stringify([status, (body as ImportReply).status, (body as ImportReply).error])))].length, 1)
  t.is(refused[0]?.status, 400)
  const both = await Promise.all([call(`/apps/imports/${id}/confirm`, {}), call(`/apps/imports/${id}/confirm`, {})])
  t.deepEqual(both.map(({ status }) => status).sort(), [200, 400])
  t.like(both.find(({ status }) => status === 200)?.body, { status: 'completed', app_mode: 'chat', imported_dsl_version: '0.9.0' })
  // Of many, those that were sent last.
  const many: string[] = []
  for (let index = 0; index < 21; index += 1) many.push((await pending()).id)
  const waiting = await app.resolve(database).query<{ id: string }>(`SELECT id FROM app_imports WHERE workspace_id = $1 AND request->>'sealed' IS NOT NULL ORDER BY created_at`, [ours.workspaceId])
  const kept = new Set(waiting.map((row) => row.id))
  t.deepEqual([kept.size, kept.has(many[0] as string), kept.has(many[1 + many.length / 2 | 0] as string), kept.has(many.at(-1) as string)], [20, false, true, true])
  const late = await pending()
  await app.resolve(database).query(`UPDATE app_imports SET created_at = now() - interval '11 minutes' WHERE id = $1`, [late.id])
  t.is((await call(`/apps/imports/${late.id}/confirm`, {})).status, 400)
  await app.resolve(queue).enqueue(forgetImports, {})
  await app.runJobs()
  t.deepEqual(await app.resolve(database).query('SELECT 1 FROM app_imports WHERE id = $1', [late.id]), [])
})

test.serial('what is no file of an app makes none, and is told why, in a moment; nothing of it is run', async (t) => {
  const apps = async () => (await app.resolve(database).query('SELECT id FROM apps WHERE workspace_id = $1', [theirs.workspaceId])).length
  const before = await apps()
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key, at) => `${key}: &${key} [${Array(9).fill(`*${String.fromCharCode(97 + at)}`).join()}]`)].join('\n')
  const deep = 20_000
  const wrong: Record<string, [string, RegExp]> = {
    'no YAML': ['a: [', /Line 1/], 'a text': ['hello', /list of parts/], 'a list': ['- a', /list of parts/], 'two documents': ['a: 1\n---\nb: 2', /more than one document/],
    'no app': [stringify({ version: '0.7.0', model_config: settings }), /part app is missing/], 'no mode': [file({}, { mode: undefined }), /app\.mode is missing/],
    'another mode': [file({}, { mode: 'agent' }), /app\.mode must be one of/], 'no settings': [file({ model_config: undefined }), /model_config is missing/],
    'no workflow': [file({}, { mode: 'workflow' }), /workflow is missing/], 'no name': [file({}, { name: ' ' }), /app\.name is missing/],
    'wrong settings': [file({ model_config: { ...settings, pre_prompt: 7 } }), /pre_prompt/], 'no model': [file({ model_config: {} }), /model/],
    'an alias bomb': [bomb, /refers to its own parts/], 'deep lists': ['['.repeat(deep), /nested/], 'deep objects': ['{"a":'.repeat(deep), /nested/], 'deep in a line': [`${'- '.repeat(deep)}a`, /nested/],
    'deep questions': [`${'? '.repeat(deep)}a`, /nested/], 'deep by indenting': [Array.from({ length: 600 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'), /nested/],
    'deep in the settings': [file({ model_config: { ...settings, agent_mode: { tools: [JSON.parse(`${'{"a":'.repeat(52)}1${'}'.repeat(52)}`)] } } }), /nested/],
    'a prototype': ['__proto__: {isAdmin: true}', /__proto__/], 'one within': [`${file()}more: {constructor: {prototype: {isAdmin: true}}}`, /constructor/],
    'code': ['a: !!js/function "function () { process.exit() }"', /Line 1/], 'python': ['a: !!python/object/apply:os.system ["id"]', /Line 1/],
  }
  await take(file())
  for (const [what, [text, message]] of Object.entries(wrong)) {
    const began = performance.now()
    const { status, body } = await take(text, {}, foreign)
    t.deepEqual([status, body.status, body.app_id], [400, 'failed', null], what)
    t.regex(body.error, message, what)
    t.true(performance.now() - began < 8_000, what)
  }
  t.is(({} as { isAdmin?: boolean }).isAdmin, undefined)
  for (const body of [{ mode: 'yaml-content' }, { mode: 'yaml-url' }, { mode: 'yaml-content', yaml_content: '' }]) t.is((await call('/apps/imports', body, foreign)).status, 400)
  t.like((await call('/apps/imports', { mode: 'yaml-content', yaml_content: file(), workspace_id: ours.workspaceId }, foreign)).body, { code: 'invalid_param' })
  t.is(await apps(), before)
})

test('knowledge bases that the importer reaches stay, and of each other one it is told that it is left out', async (t) => {
  const knowing = (ids: readonly string[]) => file({ model_config: { ...settings, dataset_configs: { datasets: { datasets: ids.map((id) => ({ dataset: { enabled: true, id } })) } } } })
  const strangers = [theirs.datasetIds[0], randomUUID(), 'q0pXnMqQ6y0hJm1o2bQ0dVqf8lS3cQ==']
  const { body } = await take(knowing([ours.datasetIds[0].toUpperCase(), ...strangers]))
  t.is(body.status, 'completed-with-warnings', body.error)
  t.deepEqual(body.warnings.map(({ code, path, details }) => [code, path, details['dataset_id']]), strangers.map((id, at) => ['knowledge_base_left_out', `model_config.dataset_configs.datasets.datasets.${at + 1}`, id]))
  t.is(new Set(body.warnings.map(({ message }) => message)).size, 1)
  const text = await written(body.app_id as string)
  t.true(text.includes(ours.datasetIds[0]))
  for (const id of strangers) t.false(text.includes(id))
  // What is deleted later is in no file either.
  await app.resolve(database).query('UPDATE app_model_configs SET config = replace(config::text, $2, $3)::jsonb WHERE app_id = $1', [body.app_id, ours.datasetIds[0], theirs.datasetIds[0]])
  t.false((await written(body.app_id as string)).includes(theirs.datasetIds[0]))
})

const workflow = {
  graph: {
    nodes: [
      { id: '1', type: 'custom', position: { x: 0, y: 0.5 }, data: { type: 'start', title: 'Start', variables: [], odd: { kept: [null, true, 'yes', '012'] } } },
      { id: '2', type: 'custom', data: { type: 'tool', provider_id: 'search', tool_name: 'find', credential_id: 'a-credential' } },
      { id: '3', type: 'custom', data: { type: 'trigger-webhook', webhook_url: 'https://elsewhere.example.org/hook' } },
      { id: '4', type: 'custom', data: { type: 'llm', model: { provider: 'langgenius/mistralai/mistralai', name: 'large' } } },
    ],
    edges: [{ id: 'e', source: '1', target: '2', data: { isInLoop: false } }], viewport: { x: 0, y: 0, zoom: 1 },
  },
  features: { opening_statement: 'Hi\n\n  there \n' },
  environment_variables: [{ id: 'v', name: 'KEY', value: 'a very secret value', value_type: 'secret', description: '' }, { id: 'w', name: 'PLACE', value: 'here', value_type: 'string' }],
  conversation_variables: [], unknown: { kept: 1 },
}
const workflowFile = (more: object = {}, of: object = {}): string => file({ model_config: undefined, workflow, dependencies: [], rag: 'kept too', ...more }, { mode: 'workflow', ...of })

test('a workflow is kept as it was written, but for what is secret or of one server alone', async (t) => {
  const { body } = await take(workflowFile())
  t.like(body, { status: 'completed', app_mode: 'workflow' }, body.error)
  const id = body.app_id as string
  const shown = parse(await written(id)) as { rag: string; workflow: typeof workflow }
  const expected = structuredClone(workflow) as any
  delete expected.graph.nodes[1].data.credential_id
  expected.graph.nodes[2].data.webhook_url = ''
  const whole = structuredClone(expected)
  expected.environment_variables[0].value = ''
  t.deepEqual(shown.workflow as unknown, expected)
  t.is(shown.rag, 'kept too')
  t.deepEqual((parse(await written(id, '?include_secret=true')) as { workflow: unknown }).workflow, whole)
  t.notRegex(JSON.stringify(await app.resolve(database).query('SELECT definition FROM apps WHERE id = $1', [id])), /very secret/)
  const again = await take(await written(id, '?include_secret=true'))
  t.is(await written(again.body.app_id as string, '?include_secret=true'), await written(id, '?include_secret=true'))
  // Over the app that is there.
  const replacing = (app_id: string, text: string, as = headers) => take(text, { app_id, name: 'Renamed' }, as)
  const replaced = await replacing(id, workflowFile({ workflow: { graph: { nodes: [], edges: [] } } }))
  t.like(replaced.body, { status: 'completed', app_id: id }, replaced.body.error)
  t.like(parse(await written(id)), { app: { name: 'Renamed' }, workflow: { graph: { nodes: [], edges: [] } } })
  const chat = (await take(file())).body.app_id as string
  t.regex((await replacing(chat, workflowFile())).body.error, /without a workflow/)
  t.regex((await replacing(id, workflowFile({}, { mode: 'advanced-chat' }))).body.error, /mode workflow/)
  const [strange, unknown] = [await replacing(id, workflowFile(), foreign), await replacing(randomUUID(), workflowFile(), foreign)]
  t.deepEqual([strange.status, strange.body.error], [unknown.status, unknown.body.error])
  t.is(strange.status, 400)
})

test('what is sent beside the file stands before what it says; pictures and long descriptions do not come along', async (t) => {
  const { body } = await take(file({}, { icon_type: 'image', icon: randomUUID(), description: 'x'.repeat(500) }), { name: ' Mine ', icon: null })
  t.deepEqual(body.warnings.map(({ code }) => code), ['description_shortened', 'icon_left_out'])
  const detail = (await call(`/apps/${body.app_id as string}`)).body as Record<string, unknown>
  t.like(detail, { name: 'Mine', icon: null, icon_type: null, enable_site: true, enable_api: true })
  t.is(String(detail['description']).length, 400)
})

test('an import is told which plugins nobody here stands in for', async (t) => {
  const needs = (id: string) => ({ type: 'marketplace', value: { marketplace_plugin_unique_identifier: id }, current_identifier: null })
  const { body } = await take(file({ dependencies: [needs('langgenius/toy:0.1.2@abc'), needs('langgenius/search:1.0.0@def')] }))
  const missing = async (id: string, as = headers) => call(`/apps/imports/${id}/check-dependencies`, undefined, as)
  t.deepEqual((await missing(body.app_id as string)).body, { leaked_dependencies: [needs('langgenius/search:1.0.0@def')] })
  t.is((await missing(body.app_id as string, foreign)).status, 404)
  const old = await take(file({ version: '0.1.5', model_config: { ...settings, model: { ...settings.model, provider: 'langgenius/mistralai/mistralai' } } }))
  t.deepEqual((await missing(old.body.app_id as string)).body, { leaked_dependencies: [needs('langgenius/mistralai')] })
  t.deepEqual((await missing((await take(workflowFile())).body.app_id as string)).body, { leaked_dependencies: [needs('langgenius/mistralai')] })
})

test('a file is fetched from public addresses alone, and from GitHub as the file and not as its page', async (t) => {
  t.is(placeOfFile('https://github.com/ada/apps/blob/main/a%20b/app.yml'), 'https://raw.githubusercontent.com/ada/apps/main/a%20b/app.yml')
  for (const same of ['https://example.org/a.yml', 'https://github.com/ada/apps', 'nonsense', 'https://github.com.example.org/a/b/blob/main/x.yml']) t.is(placeOfFile(same), same)
  const fetched = async (path: string) => (await call('/apps/imports', { mode: 'yaml-url', yaml_url: `${service}${path}` })).body as ImportReply
  t.like(await fetched('/app.yml'), { status: 'completed', app_mode: 'chat' })
  t.regex((await fetched('/missing')).error, /404/)
  t.regex((await fetched('/huge')).error, /bytes/)
  t.regex((await fetched('/inside')).error, /yaml_url/)
  for (const url of ['http://127.0.0.1:1/app.yml', 'http://169.254.169.254/latest', 'file:///etc/passwd', 'nonsense']) {
    const { status, body } = await call('/apps/imports', { mode: 'yaml-url', yaml_url: url })
    t.like(body, { status: 'failed' })
    t.regex((body as ImportReply).error, /yaml_url is refused/)
    t.is(status, 400)
  }
})

test('only whoever builds apps takes them in or out', async (t) => {
  const { accountId } = await app.resolve(accounts).createAccount({ email: 'reader@example.org', name: 'Reader', password: ours.password })
  await app.resolve(accounts).setRole(ours.workspaceId, accountId, 'normal')
  const reader = await signIn(app, { email: 'reader@example.org', password: ours.password })
  const { body } = await take(file())
  t.is((await take(file(), {}, reader)).status, 403)
  t.is((await call(`/apps/${body.app_id as string}/export`, undefined, reader)).status, 403)
  const [strange, unknown] = [await call(`/apps/${body.app_id as string}/export`, undefined, foreign), await call(`/apps/${randomUUID()}/export`, undefined, foreign)]
  t.deepEqual([strange.status, strange.body], [unknown.status, unknown.body])
  t.is(strange.status, 404)
})

const words = fc.string({ unit: 'grapheme', maxLength: 40 })
const lines = fc.oneof(words, fc.array(fc.oneof(words, fc.constantFrom(' ', '', '\t', '- a', '# x', '---', 'yes', '"', "'", '{{a}}', '\u2028', '\x85', '\uFEFF')), { maxLength: 5 }).map((parts) => parts.join('\n')))
const anyConfig = fc.record({
  model: fc.record({ provider: fc.constant('toy'), name: fc.constant('echo'), mode: fc.constantFrom('chat', 'completion'), completion_params: fc.dictionary(fc.constantFrom('temperature', 'top_p', 'odd'), fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), words)) }),
  pre_prompt: lines, opening_statement: lines, suggested_questions: fc.array(words, { maxLength: 3 }),
  user_input_form: fc.uniqueArray(fc.record({ variable: fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/), label: lines.filter((text) => text.replaceAll('\0', '') !== ''), required: fc.boolean(), odd: fc.jsonValue({ maxDepth: 2 }) }), { selector: ({ variable }) => variable, maxLength: 3 })
    .map((fields) => fields.map((field) => ({ 'text-input': field }))),
  retriever_resource: fc.record({ enabled: fc.boolean() }), more_like_this: fc.option(fc.record({ enabled: fc.boolean() })),
  agent_mode: fc.record({ enabled: fc.constant(false), tools: fc.array(fc.dictionary(words, fc.jsonValue({ maxDepth: 3 })), { maxLength: 2 }) }),
  dataset_configs: fc.record({ retrieval_model: fc.constantFrom('single', 'multiple'), top_k: fc.integer({ min: 1, max: 10 }), score_threshold: fc.option(fc.double({ min: 0, max: 1, noNaN: true })), datasets: fc.constant({ datasets: [] }) }),
}, { requiredKeys: ['model'] })

test('whatever the settings say, a file of them makes an app whose file is the same', async (t) => {
  await fc.assert(fc.asyncProperty(anyConfig, lines, async (model_config, description) => {
    const first = await take(stringify({ version: '0.7.0', kind: 'app', app: { name: 'A', mode: 'chat', description }, model_config }))
    if (first.status !== 200) throw new Error(first.body.error)
    const text = await written(first.body.app_id as string)
    const second = await take(text)
    if (second.body.status !== 'completed') throw new Error(second.body.error || JSON.stringify(second.body.warnings))
    t.is(await written(second.body.app_id as string), text)
  }), { numRuns: 25 })
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).filter((value) => !/__proto__|constructor/.test(JSON.stringify(value))), (value) => {
    t.is(yamlToJson(jsonToYaml(JSON.stringify(value)), 1e6), JSON.stringify(value))
  }), { numRuns: 300 })
})

const limits: ThreadLimits = { times: { work: 10_000, start: 10_000, wait: 10_000, idle: 10_000 }, mb: 64, threads: 1, waiting: 10 }
const folder = mkdtempSync(join(tmpdir(), 'mortise-threads-'))
test.after.always(() => { rmSync(folder, { recursive: true }) })
/** Threads that do this; `log` has what failed. */
const doing = (code: string, more: Partial<ThreadLimits> = {}) => {
  const [log, file] = [[] as unknown[], join(folder, `${randomUUID()}.mjs`)]
  writeFileSync(file, `import { parentPort as port, threadId } from 'node:worker_threads'\n${code}`)
  return { log, ...createThreads(pathToFileURL(file), { ...limits, ...more }, (error) => { log.push(error) }) }
}
const READY = "port.postMessage('ready');"
const answering = `${READY} port.on('message', ({ read }) => { if (read === 'die') process.exit(1); if (read !== 'hang') port.postMessage({ text: String(threadId) }) });`
const refusal = (asked: Promise<string>): Promise<unknown> => asked.then(() => undefined, (error: unknown) => error)

test('a thread that does not start is tried anew, and then whoever sent the file is told to come again', async (t) => {
  for (const code of ['throw new Error("no memory")', 'process.exit(3)', 'setInterval(() => port.ref(), 1000)']) {
    const threads = doing(code, { times: { ...limits.times, start: code.startsWith('set') ? 200 : 10_000 } })
    const error = await refusal(threads.ask({ read: 'a', mostBytes: 1 }))
    t.true(error instanceof HttpError && error.status === 503, code)
    t.is(threads.log.length, 2, code)
    await threads.close()
  }
})

test('a thread that ends while it reads is replaced once; one that takes too long ends, and the next text is read', async (t) => {
  const threads = doing(answering, { times: { ...limits.times, work: 2_000 } })
  const read = (text: string) => threads.ask({ read: text, mostBytes: 1 })
  const first = await read('a')
  t.is(await read('b'), first, 'a thread that is done takes the next text')
  const ended = await refusal(read('die'))
  t.true(ended instanceof Unreadable && /twice/.test(ended.message))
  t.is(threads.log.length, 2)
  t.not(await read('c'), first)
  t.regex(String(await refusal(read('hang'))), /seconds/)
  t.is(threads.log.length, 2)
  t.truthy(await read('d'))
  await threads.close()
  t.true(await refusal(read('e')) instanceof HttpError)
})

test('a thread that is gone when it is given a text is no failure of the text', async (t) => {
  // After its first answer it ends, a moment later than it is taken for one that waits.
  const threads = doing(`${READY} port.on('message', () => { port.postMessage({ text: String(threadId) }); setImmediate(() => process.exit(0)) });`)
  const said: string[] = []
  for (let round = 0; round < 3; round += 1) said.push(await threads.ask({ read: 'a', mostBytes: 1 }))
  t.is(new Set(said).size, 3)
  await threads.close()
})

test('no more texts wait than may, nor longer', async (t) => {
  const threads = doing(answering, { waiting: 1, times: { ...limits.times, work: 600, wait: 100 } })
  const [hangs, waits, isTooMuch] = ['hang', 'a', 'b'].map((text) => refusal(threads.ask({ read: text, mostBytes: 1 })))
  for (const refused of [await isTooMuch, await waits]) t.true(refused instanceof HttpError && refused.status === 503 && refused.headers['Retry-After'] !== undefined)
  t.true(await hangs instanceof Unreadable)
  t.truthy(await threads.ask({ read: 'c', mostBytes: 1 }))
  await threads.close()
})
