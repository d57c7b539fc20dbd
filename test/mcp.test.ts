/** The MCP endpoint, asked by the protocol's own client: what it tells, what it finds, and for whom. */
import { randomUUID } from 'node:crypto'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { database } from '../core/index.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import type { Right } from '../plugins/api-keys/ports.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import { automatic, knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'

const OPEN = 'https://open.example'
let { app, owner, api, newToken, newDataset, addText } = {} as Knowledge
let birds: any
let fish: any
let closed: any
let foreign: string
let wholeKey: string
test.before(async () => {
  ({ app, owner, api, newToken, newDataset, addText } = await knowledge({ config: { adapters: { keyScope: { grants: {} }, middleware: { cors: { origins: [OPEN] } } } } }))
  birds = await newDataset({ name: 'birds', description: 'What flies', indexing_technique: 'economy' })
  fish = await newDataset({ name: 'Fish', description: 'What swims', indexing_technique: 'high_quality', embedding_model: 'words', embedding_model_provider: 'toy' })
  closed = await newDataset({ name: 'closed', indexing_technique: 'economy' })
  for (const [dataset, text] of [[birds, 'The heron stands in the river.'], [birds, 'The owl hunts at night.'], [fish, 'The trout swims up the river.'], [closed, 'The river is a secret.']]) {
    await addText(dataset, text.split(' ')[1], text, { indexing_technique: dataset.indexing_technique, process_rule: automatic })
  }
  await app.resolve(database).query('UPDATE datasets SET enable_api = false WHERE id = $1', [closed.id])
  const { accountId } = await app.resolve(accounts).createAccount({ email: 'bob@example.org', name: 'Bob', password: 'correct horse 42' })
  const other = { accountId, ...await app.resolve(accounts).createWorkspace('other', accountId) }
  foreign = (await app.resolve(datasets).create(other, { name: 'foreign', indexingTechnique: 'economy' })).id
  await app.resolve(datasets).addTexts(other, foreign, [{ name: 'foreign', text: 'Another river.' }])
  await app.runJobs()
  wholeKey = await newToken()
})
test.after.always(() => app.close())

const grantKey = async (...grants: { datasetId: string; rights: Right[] }[]): Promise<string> =>
  (await app.resolve(apiKeys).create({ type: 'dataset', workspaceId: owner.workspaceId, datasetId: null, grants, createdBy: owner.accountId })).token
const connect = async (t: ExecutionContext, token: string, path = '/mcp'): Promise<Client> => {
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(app.url + path), { requestInit: { headers: { authorization: `Bearer ${token}` } } }))
  t.teardown(() => client.close())
  return client
}
/** The structured answer, which stands in the text too; or what an error says. */
const use = async (client: Client, name: string, args?: Record<string, unknown>): Promise<any> => {
  const { isError, structuredContent, content } = await client.callTool({ name, ...args ? { arguments: args } : {} })
  const [{ text }] = content as [{ text: string }]
  if (isError) return text
  if (JSON.stringify(structuredContent) !== text) throw new Error(`two answers: ${text}`)
  return structuredContent
}
const titles = (found: any): string[] => found.results.map((one: any) => one.document_name as string).sort()
const raw = async (body: unknown, { token = wholeKey, path = '/mcp', method = 'POST', ...headers }: Record<string, string> = {}): Promise<{ status: number; body: any; headers: Headers }> => {
  const response = await app.fetch(path, {
    method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers }, ...body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) },
  })
  const text = await response.text()
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) as unknown : text, headers: response.headers }
}

test('a client learns what the server is and which tools it has', async (t) => {
  const client = await connect(t, wholeKey)
  t.like(client.getServerVersion(), { name: 'mortise', title: 'Mortise' })
  t.deepEqual(client.getServerCapabilities(), { tools: {} })
  t.regex(client.getInstructions() ?? '', /search/)
  const { tools } = await client.listTools()
  t.deepEqual(tools.map(({ name }) => name), ['search', 'list_datasets'])
  const ajv = new Ajv2020()
  formats.default(ajv)
  const search = ajv.compile(tools[0]?.inputSchema ?? {})
  const id = randomUUID()
  for (const [input, holds] of [[{ query: 'x' }, true], [{ query: 'x', dataset_ids: [id], top_k: 3 }, true], [{}, false], [{ query: 'x', more: 1 }, false], [{ query: 'x', top_k: 0 }, false]] as const) t.is(search(input), holds)
  for (const tool of tools) t.like(tool, { annotations: { readOnlyHint: true }, outputSchema: { type: 'object' } })
})

test('knowledge bases are listed by name, as far as the key reaches, without those that are closed to keys', async (t) => {
  const [a, b] = [birds, fish].map(({ id, name, description }: any) => ({ id, name, description }))
  const listed = async (token: string, path?: string): Promise<any> => use(await connect(t, token, path), 'list_datasets')
  t.deepEqual(await listed(wholeKey), { datasets: [a, b], total: 2, next_page: null })
  t.deepEqual(await listed(await grantKey({ datasetId: birds.id, rights: ['retrieve'] }, { datasetId: closed.id, rights: ['manage'] })), { datasets: [a], total: 1, next_page: null })
  t.deepEqual(await listed(wholeKey, `/mcp/${fish.id as string}`), { datasets: [b], total: 1, next_page: null })
  t.deepEqual(await listed(wholeKey, `/mcp/${String(fish.id).toUpperCase()}`), { datasets: [b], total: 1, next_page: null })
  for (const id of [closed.id, foreign, randomUUID()] as string[]) t.deepEqual(await listed(wholeKey, `/mcp/${id}`), { datasets: [], total: 0, next_page: null })
  const client = await connect(t, wholeKey)
  t.deepEqual(await use(client, 'list_datasets', { page: 2 }), { datasets: [], total: 2, next_page: null })
  t.regex(await use(client, 'list_datasets', { page: 0 }), /page must be greater than or equal to 1/)
})

test('passages are found in all that the key reaches, or in what is named of it', async (t) => {
  const client = await connect(t, wholeKey)
  const found = await use(client, 'search', { query: ' river ' })
  t.deepEqual(titles(found), ['heron', 'trout'])
  const heron = found.results.find((one: any) => one.document_name === 'heron')
  t.like(heron, { content: 'The heron stands in the river.', answer: null, dataset_id: birds.id, dataset_name: 'birds' })
  t.true(heron.score > 0 && heron.score <= 1)
  t.like((await api.send('GET', `/v1/datasets/${birds.id as string}/documents/${heron.document_id as string}`)).body, { name: 'heron' })
  t.deepEqual(titles(await use(client, 'search', { query: 'river', dataset_ids: [fish.id, String(fish.id).toUpperCase()] })), ['trout'])
  t.is((await use(client, 'search', { query: 'river', top_k: 1 })).results.length, 1)
  t.deepEqual(await use(client, 'search', { query: 'zebra' , dataset_ids: [birds.id] }), { results: [], unanswered: [] })

  const granted = await connect(t, await grantKey({ datasetId: birds.id, rights: ['retrieve'] }))
  t.deepEqual(titles(await use(granted, 'search', { query: 'river' })), ['heron'])
  const bound = await connect(t, await newToken(fish.id), `/mcp/${fish.id as string}`)
  t.deepEqual(titles(await use(bound, 'search', { query: 'river' })), ['trout'])
})

test('what is out of reach is answered like what nobody has', async (t) => {
  const granted = await connect(t, await grantKey({ datasetId: birds.id, rights: ['read'] }))
  const whole = await connect(t, wholeKey)
  const narrowed = await connect(t, wholeKey, `/mcp/${birds.id as string}`)
  const said = async (client: Client, id: string): Promise<string> => String(await use(client, 'search', { query: 'river', dataset_ids: [birds.id, id] })).replace(id, '<id>')
  const nobody = await said(whole, randomUUID())
  t.regex(nobody, /^No knowledge base that this key may search has the id <id>\. Call list_datasets/)
  for (const [client, id] of [[whole, foreign], [whole, closed.id], [granted, fish.id], [granted, foreign], [granted, closed.id], [narrowed, fish.id]] as const) t.is(await said(client, id as string), nobody)
  t.regex(await use(await connect(t, wholeKey, `/mcp/${foreign}`), 'search', { query: 'river' }), /^This key may search no knowledge base/)
})

test('a key that may not search, or that its address does not concern, is refused over HTTP', async (t) => {
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const at = (dataset: any): string => `/mcp/${dataset.id as string}`
  const [bound, none, granted] = [await newToken(birds.id), await grantKey(), await grantKey({ datasetId: birds.id, rights: ['retrieve'] })]
  for (const [token, path, status] of [['nonsense', '/mcp', 401], [none, '/mcp', 403], [bound, '/mcp', 403], [bound, at(birds), 200], [bound, at(fish), 403], [granted, '/mcp', 200], [granted, at(fish), 403], [granted, `/mcp/${randomUUID()}`, 403]] as const) {
    t.is((await raw(list, { token, path })).status, status, path)
  }
  t.is((await raw(list, { path: '/mcp/nonsense' })).status, 404)
  t.regex((await raw(list, { token: 'nonsense' })).headers.get('www-authenticate') ?? '', /Bearer/)
})

test('bad arguments are told to the model, with what to do', async (t) => {
  const client = await connect(t, wholeKey)
  for (const [args, says] of [
    [{}, /^query is required/], [{ query: ' ' }, /^query is not allowed to be empty/], [{ query: 'x'.repeat(1001) }, /1000/], [{ query: 'a\0b' }, /^query has a NUL/], [{ query: '\ud800' }, /surrogate/],
    [{ query: 5 }, /^query must be a string/], [{ query: 'x', top_k: 51 }, /^top_k/], [{ query: 'x', top_k: 1e300 }, /^top_k/], [{ query: 'x', dataset_ids: [] }, /^dataset_ids/], [{ query: 'x', dataset_ids: ['x'] }, /^dataset_ids\[0\] must be a valid GUID/],
    [{ query: 'x', dataset_ids: null }, /^dataset_ids/], [{ query: 'x', sort: 1, top_k: 'y' }, /sort is not allowed.*inputSchema|top_k.*sort is not allowed/],
  ] as const) t.regex(await use(client, 'search', args), says)
  t.is(String(await use(client, 'search', { query: '" OR 1=1 -- %_\\ & | ! ( ) :* \u202e' })).includes('server could not'), false)
  await t.throwsAsync(use(client, 'no_such_tool'), { message: /-32602.*There is no tool no_such_tool/ })
})

test('JSON-RPC as it comes: one message at a time, without sessions', async (t) => {
  const call = { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name: 'list_datasets' } }
  // No greeting before it, and another server may have heard that.
  const answer = await raw(call)
  t.is(answer.status, 200)
  t.like(answer.body, { jsonrpc: '2.0', id: 'a', result: { structuredContent: { total: 2 } } })
  t.regex(answer.headers.get('content-type') ?? '', /^application\/json/)
  t.is(answer.headers.get('mcp-session-id'), null)
  t.like(await raw({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: LATEST_PROTOCOL_VERSION, capabilities: {}, clientInfo: { name: 'x', version: '1' } } }), { status: 200, body: { result: { protocolVersion: LATEST_PROTOCOL_VERSION } } })
  t.like(await raw({ jsonrpc: '2.0', method: 'notifications/initialized' }), { status: 202, body: '' })
  t.like(await raw({ jsonrpc: '2.0', id: 1, method: 'ping' }, { 'mcp-session-id': 'whatever' }), { status: 200, body: { result: {} } })
  t.like(await raw({ jsonrpc: '2.0', id: 1, method: 'resources/list' }), { status: 200, body: { error: { code: -32601 } } })
  for (const body of [{}, { jsonrpc: '1.0', id: 1, method: 'ping' }, { id: 1 }, { jsonrpc: '2.0', id: null, method: 'ping' }, { jsonrpc: '2.0', id: 1, method: 5 }]) {
    t.like(await raw(body), { status: 400, body: { jsonrpc: '2.0', error: { code: -32700 } } }, JSON.stringify(body))
  }
  t.like(await raw(call, { 'mcp-protocol-version': '1999-01-01' }), { status: 400, body: { error: { code: -32000 } } })
  for (const body of ['{', '"x"', 'null', '']) t.is((await raw(body)).status, 400, body)
  t.like(await raw([call]), { status: 400, body: { code: 'invalid_param', message: 'Send one JSON-RPC message, as a JSON object; batches are not taken.' } })
  t.is((await raw('{}', { 'content-type': 'text/plain' })).status, 415)
  t.is((await raw(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_datasets","__proto__":{"a":1}}}`)).status, 400)
  for (const method of ['GET', 'DELETE']) t.like(await raw(undefined, { method }), { status: 405, body: { code: 'method_not_allowed' } })
})

test('a page may call only from an origin that the operator lists', async (t) => {
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  t.is((await raw(ping, { origin: OPEN })).status, 200)
  for (const origin of ['https://elsewhere.example', 'null', app.url, `${OPEN}.example`]) t.like(await raw(ping, { origin }), { status: 403, body: { code: 'origin_not_allowed' } }, origin)
})

test.serial('a failure of ours is told without what it was', async (t) => {
  const port = app.resolve(datasets) as { retrieve: unknown }
  const { retrieve } = port
  port.retrieve = () => Promise.reject(new Error('password of the database'))
  t.teardown(() => { port.retrieve = retrieve })
  const said = await use(await connect(t, wholeKey), 'search', { query: 'river' })
  t.regex(said, /^The server could not do that/)
})
