/** Apps: made, found, changed, copied, deleted, opened by keys; and the laws of their port. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { database, HttpError } from '../core/index.ts'
import { appsContract } from '../plugins/apps/contracts/apps.ts'
import type { AppStage } from '../plugins/apps/contracts/apps.ts'
import { apps } from '../plugins/apps/ports.ts'
import type { Apps, InputType, ModelConfig } from '../plugins/apps/ports.ts'
import { appChanges } from '../plugins/apps/services/app-changes.ts'
import { asApp } from '../plugins/apps/services/app-records.ts'
import { readModelConfig } from '../plugins/apps/services/model-normalising.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import { appServer } from './support/apps.ts'
import type { AppServer, Person } from './support/apps.ts'
import { brokenLaws } from './support/broken-laws.ts'

let server: AppServer
let ada: Person
let eve: Person
test.before(async () => {
  server = await appServer()
  ada = await server.owner('ada')
  eve = await server.owner('eve')
})
test.after.always(() => server.app.close())
const make = async (who: Person, body: object = {}): Promise<Record<string, any>> => (await server.ask(who, 'POST', '/apps', { name: 'An app', mode: 'chat', ...body })).body as Record<string, any>
const keyOf = async (who: Person, id: string): Promise<string> => (await server.ask(who, 'POST', `/apps/${id}/api-keys`, {})).body.token as string

const settings = (opening: string): ModelConfig => readModelConfig({ model: { provider: 'toy', name: 'echo' }, opening_statement: opening })
const stage: AppStage = {
  app: async (name, opening) => {
    const port = server.app.resolve(accounts)
    const { accountId } = await port.createAccount({ email: `${randomUUID()}@example.org`, name })
    const { workspaceId } = await port.createWorkspace(name, accountId)
    return asApp(await server.app.resolve(appChanges).create({ workspaceId, accountId }, opening === undefined ? { name, mode: 'workflow' } : { name, mode: 'chat', config: settings(opening) }))
  },
  save: ({ workspaceId, id, createdBy }, opening) => server.app.resolve(appChanges).configure({ workspaceId, accountId: createdBy }, id, settings(opening)),
  open: async ({ workspaceId, id, createdBy }, open) => { await server.app.resolve(appChanges).change({ workspaceId, accountId: createdBy }, id, { enable_api: open }) },
  remove: ({ workspaceId, id }) => server.app.resolve(appChanges).remove(workspaceId, id),
}
const contract = appsContract(stage)
for (const [law, check] of Object.entries(contract.laws)) {
  test.serial(`apps: ${law}`, async (t) => {
    await check(server.app.resolve(apps), {})
    t.pass()
  })
}
test.serial('each law of the port catches a fault', async (t) => {
  const good = server.app.resolve(apps)
  const byId = async (id: string) => asApp((await server.app.resolve(database).query<Parameters<typeof asApp>[0]>('SELECT * FROM apps WHERE id = $1', [id]))[0] as never)
  const faults: Readonly<Record<string, { law: string; subject: Partial<Apps> }>> = {
    'opens what is closed': { law: 'opens', subject: { open: ({ workspaceId, appId = '' }) => good.find(workspaceId, appId).catch(() => { throw new HttpError({ status: 403, code: 'forbidden' }, '') }) } },
    'finds by id alone': { law: 'finds', subject: { find: (_, id) => byId(id) } },
    'names whatever there is': { law: 'names', subject: { names: async (_, ids) => new Map(await Promise.all(ids.map(async (id) => [id, (await byId(id)).name] as const))) } },
    'always takes the settings of now': { law: 'keeps', subject: { configured: (app) => good.configured(app) } },
    'takes the settings of now for a version that is not there': { law: 'has no', subject: { configured: (app, version) => good.configured(app, version).catch(() => good.configured(app)) } },
    'turns the form around': { law: 'tells', subject: { form: (config) => [...good.form(config)].reverse() } },
    'lets through what nobody declared': { law: 'takes', subject: { inputs: (config, given) => ({ ...given, ...good.inputs(config, given) }) } },
    'leaves numbers as they came': { law: 'reads', subject: { inputs: (config, given) => { good.inputs(config, given); return given } } },
    'names no input': { law: 'refuses', subject: { inputs: (config, given) => { try { return good.inputs(config, given) } catch { throw new HttpError({ status: 400, code: 'invalid_param' }, 'no') } } } },
  }
  const laws = Object.keys(contract.laws)
  t.deepEqual(laws.filter((law) => !Object.values(faults).some((fault) => law.startsWith(fault.law))), [])
  for (const [name, { law, subject }] of Object.entries(faults)) t.is((await brokenLaws(contract, { ...good, ...subject }, {}, law)).length, 1, name)
})

test.serial('whatever is filled in, it is refused with 400, or comes out as the form says: storable, and the same when it goes in again', (t) => {
  const port = server.app.resolve(apps)
  const types: InputType[] = ['text-input', 'paragraph', 'select', 'number', 'checkbox', 'external_data_tool', 'file', 'file-list', 'json_object']
  const value = fc.oneof(fc.constantFrom<unknown>('a\0', '\ud800', '', '1e999', 'true', 0, 1, null, undefined, [], {}, { type: 'image', transfer_method: 'remote_url', url: 'x\0' }), fc.jsonValue({ maxDepth: 3 }))
  fc.assert(fc.property(fc.constantFrom(...types), fc.boolean(), value, (type, required, given) => {
    const config = { user_input_form: [{ [type]: { variable: 'it', label: 'It', required, options: ['a', ''], max_length: 4 } }] } as unknown as ModelConfig
    let read: Readonly<Record<string, unknown>>
    try { read = port.inputs(config, { it: given, other: given }) } catch (error) {
      if (error instanceof HttpError && error.status === 400) return
      throw error
    }
    const text = JSON.stringify(read)
    if (Object.keys(read).join() !== 'it' || /\\u0000|\\ud[89a-f]/i.test(text)) throw new Error(`not storable: ${text}`)
    if (required && read['it'] === null && type !== 'external_data_tool') throw new Error('a required input is null')
    if (read['it'] !== null) t.deepEqual(port.inputs(config, read), read)
  }), { numRuns: 500 })
  t.throws(() => port.inputs({ user_input_form: [{ json_object: { variable: 'it', label: 'It', required: true } }] } as unknown as ModelConfig, { it: JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`) }), { message: /nested too deeply/ })
})

test.serial('an app is made with a page and settings, open to keys, and its clients are told of it', async (t) => {
  const { status, body } = await server.ask(ada, 'POST', '/apps', { name: '  Helper ', mode: 'completion', description: 'Helps.', icon_type: 'emoji', icon: '🦉', icon_background: '#fff' })
  t.is(status, 201)
  t.like(body, { name: 'Helper', mode: 'completion', description: 'Helps.', icon: '🦉', enable_site: true, enable_api: true, created_by: ada.accountId, create_user_name: 'ada', tags: [], deleted_tools: [] })
  t.like(body.model_config, { model: { provider: 'toy', name: 'echo', mode: 'chat' }, pre_prompt: '{{query}}', annotation_reply: { enabled: false } })
  t.like(body.model_config.user_input_form, [{ paragraph: { variable: 'query', required: true } }])
  t.like(body.site, { title: 'Helper', icon: '🦉', default_language: 'en-US' })
  t.true((body.permission_keys as string[]).includes('app:delete'))
  t.deepEqual((await server.ask(ada, 'GET', `/apps/${body.id}`)).body, body)

  const key = await keyOf(ada, body.id as string)
  t.deepEqual((await server.call(key, '/info')).body, { name: 'Helper', description: 'Helps.', tags: [], mode: 'completion', author_name: 'ada' })
  t.deepEqual((await server.call(key, '/meta')).body, { tool_icons: {} })
  t.like((await server.call(key, '/site')).body, { title: 'Helper', icon: '🦉', icon_url: null, show_workflow_steps: true })
  t.false('code' in (await server.call(key, '/site')).body)

  for (const [sent, field] of [[{ name: 'x' }, 'mode'], [{ mode: 'chat' }, 'name'], [{ name: 'x', mode: 'agent' }, 'mode'], [{ name: 'a\0', mode: 'chat' }, 'name'], [{ name: 'x', mode: 'chat', workspace_id: eve.workspaceId }, 'workspace_id'], [{ name: 'x', mode: 'chat', description: 'x'.repeat(401) }, 'description']] as const) {
    t.like(await server.ask(ada, 'POST', '/apps', sent), { status: 400, body: { code: 'invalid_param', params: field } })
  }
  const flow = await make(ada, { name: 'Flow', mode: 'workflow' })
  t.is(flow['model_config'], null)
  const [flowKey] = [await keyOf(ada, flow['id'] as string)]
  t.like(await server.call(flowKey, '/parameters'), { status: 400, body: { code: 'app_unavailable' } })
})

test.serial('an app of another workspace is one that does not exist, whatever is asked of it', async (t) => {
  const { id } = await make(ada)
  const ways: [string, string, unknown?][] = [
    ['GET', ''], ['PUT', '', { name: 'x' }], ['PATCH', '', { name: 'x' }], ['DELETE', ''], ['POST', '/copy', {}], ['POST', '/name', { name: 'x' }], ['POST', '/icon', {}], ['POST', '/site-enable', { enable_site: true }],
    ['POST', '/api-enable', { enable_api: true }], ['GET', '/site'], ['POST', '/site', {}], ['POST', '/site/access-token-reset'], ['POST', '/model-config', { model: { provider: 'toy', name: 'echo' } }],
    ['GET', '/api-keys'], ['POST', '/api-keys', {}], ['DELETE', `/api-keys/${randomUUID()}`],
  ]
  for (const [method, path, body] of ways) {
    const [foreign, unknown] = [await server.ask(eve, method, `/apps/${id}${path}`, body), await server.ask(eve, method, `/apps/${randomUUID()}${path}`, body)]
    t.is(foreign.status, 404, `${method} ${path}`)
    t.deepEqual(foreign, unknown)
  }
  t.false(JSON.stringify((await server.ask(eve, 'GET', '/apps')).body).includes(id as string))
  t.is((await server.ask(ada, 'GET', `/apps/${id}`)).status, 200)
})

test.serial('roles: who may look, build, and hand out keys', async (t) => {
  const { id } = await make(ada)
  const [editor, normal, operator] = [await server.member(ada.workspaceId, 'editor', 'ed'), await server.member(ada.workspaceId, 'normal', 'nora'), await server.member(ada.workspaceId, 'dataset_operator', 'otto')]
  const seen = async (who: Person): Promise<number[]> => [
    (await server.ask(who, 'GET', `/apps/${id}`)).status, (await server.ask(who, 'POST', `/apps/${id}/name`, { name: 'Renamed' })).status, (await server.ask(who, 'POST', `/apps/${id}/api-keys`, {})).status,
  ]
  t.deepEqual([await seen(editor), await seen(normal), await seen(operator)], [[200, 200, 403], [200, 403, 403], [403, 403, 403]])
})

test.serial('a list is filtered, ordered and paged', async (t) => {
  const pat = await server.owner('pat')
  const helper = await server.member(pat.workspaceId, 'editor', 'hal')
  const made = [await make(pat, { name: 'One' }), await make(pat, { name: 'Two', mode: 'completion' }), await make(helper, { name: 'Twofold' })]
  const [one, two, three] = made.map(({ id }) => id as string) as [string, string, string]
  await server.ask(pat, 'POST', `/apps/${one}/name`, { name: 'One again' })
  const listed = async (query: string): Promise<string[]> => ((await server.ask(pat, 'GET', `/apps?${query}`)).body.data as { id: string }[]).map(({ id }) => id)
  const cases: [string, string[]][] = [
    ['', [one, three, two]], ['sort_by=recently_created', [three, two, one]], ['sort_by=earliest_created', [one, two, three]], ['mode=completion', [two]], ['mode=all&name=TWO', [three, two]],
    ['is_created_by_me=true', [one, two]], [`creator_ids=${helper.accountId}`, [three]], [`tag_ids=${randomUUID()}`, []], ['name=%25', []], ['limit=2&page=2', [two]],
  ]
  for (const [query, expected] of cases) t.deepEqual(await listed(query), expected, query)
  const { body } = await server.ask(pat, 'GET', '/apps?limit=2')
  t.like(body, { total: 3, has_more: true, limit: 2, page: 1 })
  t.like(body.data[0], { name: 'One again', model_config: { model: { name: 'echo' }, pre_prompt: '' }, is_starred: false, author_name: 'pat' })
  t.false('user_input_form' in body.data[0].model_config)
  t.like(await server.ask(pat, 'GET', '/apps?sort_by=luck'), { status: 400 })
})

test.serial('an app is changed, copied and deleted with its keys; each is written down', async (t) => {
  const { id } = await make(ada, { name: 'Original' })
  const url = `/apps/${id}`
  t.like((await server.ask(ada, 'PUT', url, { name: 'Changed', description: null, max_active_requests: 3, use_icon_as_answer_icon: true })).body, { name: 'Changed', description: '', max_active_requests: 3, use_icon_as_answer_icon: true })
  t.like((await server.ask(ada, 'PATCH', url, { icon_type: 'link', icon: 'https://example.org/i.png' })).body, { name: 'Changed', max_active_requests: 3, icon_url: 'https://example.org/i.png' })
  t.is((await server.ask(ada, 'PUT', url, { description: 'no name' })).status, 400)
  t.is((await server.ask(ada, 'PATCH', url, { max_active_requests: -1 })).status, 400)
  t.is((await server.app.resolve(apps).find(ada.workspaceId, id as string)).maxActiveRequests, 3)

  const knowledge = server.app.resolve(datasets)
  const { id: datasetId } = await knowledge.create(ada, { name: 'Kept to oneself', indexingTechnique: 'economy' })
  await server.ask(ada, 'POST', `${url}/site`, { title: 'Page', copyright: 'Ada' })
  t.is((await server.ask(ada, 'POST', `${url}/model-config`, { model: { provider: 'toy', name: 'echo-2' }, dataset_configs: { datasets: { datasets: [{ dataset: { enabled: true, id: datasetId } }] } } })).status, 200)
  const { body: copy, status } = await server.ask(ada, 'POST', `${url}/copy`, { name: 'Copy' })
  t.is(status, 201)
  t.like(copy, { name: 'Copy', max_active_requests: 3, icon: 'https://example.org/i.png', model_config: { model: { name: 'echo-2' } }, site: { copyright: 'Ada' } })
  t.like((await server.ask(ada, 'POST', `${url}/copy`, { icon_type: 'emoji', icon: '🦊' })).body, { name: 'Changed', icon: '🦊', icon_background: null, site: { copyright: 'Ada', icon: '🦊' } })
  t.not(copy.site.code, (await server.ask(ada, 'GET', `${url}/site`)).body.code)
  t.is(copy.model_config.dataset_configs.datasets.datasets[0].dataset.id, datasetId)
  const editor = await server.member(ada.workspaceId, 'editor', 'edith')
  t.is((await server.ask(editor, 'POST', `${url}/copy`, {})).status, 403, 'the knowledge base is not shared with them')

  const key = await keyOf(ada, id as string)
  t.is((await server.call(key, '/info')).status, 200)
  t.like((await server.ask(ada, 'POST', `${url}/api-enable`, { enable_api: false })).body, { enable_api: false })
  t.like(await server.call(key, '/info'), { status: 403, body: { code: 'forbidden' } })
  await server.ask(ada, 'POST', `${url}/api-enable`, { enable_api: true })
  t.is((await server.call(key, '/info')).status, 200)
  t.is((await server.ask(ada, 'DELETE', url)).status, 204)
  t.is((await server.call(key, '/info')).status, 401)
  t.is((await server.ask(ada, 'GET', url)).status, 404)
  const left = await server.app.resolve(database).query<{ n: number }>('SELECT (SELECT count(*) FROM app_model_configs WHERE app_id = $1)::int + (SELECT count(*) FROM app_sites WHERE app_id = $1)::int + (SELECT count(*) FROM api_tokens WHERE app_id = $1)::int AS n', [id])
  t.is(left[0]?.n, 0)
  const log = (await server.ask(ada, 'GET', `/workspaces/current/audit-logs?resource_id=${id}&limit=100`)).body.data as { action: string }[]
  for (const action of ['app.created', 'app.changed', 'app.configured', 'app-site.changed', 'app.deleted']) t.true(log.some((line) => line.action === action), action)
})

test.serial('keys of an app: shown once, ten at most, gone when deleted; one of another app is none of it', async (t) => {
  const [{ id }, { id: other }] = [await make(ada), await make(ada)]
  const { status, body: made } = await server.ask(ada, 'POST', `/apps/${id}/api-keys`, { name: 'ci' })
  t.is(status, 201)
  t.regex(made.token as string, /^app-\w{24,}$/)
  t.like(made, { type: 'app', name: 'ci', last_used_at: null })
  const { body: listed } = await server.ask(ada, 'GET', `/apps/${id}/api-keys`)
  t.is(listed.data.length, 1)
  t.like(listed.data[0], { id: made.id, name: 'ci' })
  t.true((listed.data[0].token as string).includes('...') && !JSON.stringify(listed).includes(made.token as string))
  t.is((await server.ask(ada, 'DELETE', `/apps/${other}/api-keys/${made.id}`)).status, 404)
  t.is((await server.call(made.token as string, '/info')).status, 200)
  t.is((await server.ask(ada, 'DELETE', `/apps/${id}/api-keys/${made.id}`)).status, 204)
  t.is((await server.call(made.token as string, '/info')).status, 401)
  const all = await Promise.all(Array.from({ length: 12 }, () => server.ask(ada, 'POST', `/apps/${id}/api-keys`, {})))
  t.deepEqual(all.map((one) => one.status).sort(), [...Array<number>(10).fill(201), 400, 400])
  t.is(all.find((one) => one.status === 400)?.body.code, 'max_keys_exceeded')
})
