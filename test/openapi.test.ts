/** The description of the API: whole, consistent in itself, and of one mind with what the server checks. */
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import test from 'ava'
import Joi from 'joi'
import { defineErrors, reply, route } from '../core/index.ts'
import type { Route } from '../core/index.ts'
import { createKernel } from '../core/kernel.ts'
import { openApi } from '../plugins/openapi/services/document.ts'
import { fullPath } from '../core/route.ts'
import { sample } from './support/sample.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const env = { MORTISE_PROFILE: 'test', SECRET_KEY: 'a secret key that only tests would use' }
const all = async (): Promise<readonly Route[]> => (await createKernel({ root, env })).catalogue.routes
const info = { title: 'Test', version: '1.0.0', serverUrl: 'https://example.com' }

type Node = Record<string, any>
const walk = (node: unknown, visit: (node: Node) => void): void => {
  if (typeof node !== 'object' || node === null) return
  if (!Array.isArray(node)) visit(node)
  for (const child of Object.values(node)) walk(child, visit)
}
const operations = (document: Node): { method: string; path: string; operation: Node }[] =>
  Object.entries<Node>(document['paths']).flatMap(([path, item]) => Object.entries<Node>(item).map(([method, operation]) => ({ method, path, operation })))
/** A validator for a schema inside the document, whose references are resolved against the document. */
const validator = (document: Node) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addFormat('binary', true)
  ajv.addSchema({ $id: 'api', components: document['components'] as object })
  return (schema: object) => ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')) as object)
}
const listed = (of: Node, place: string): string[] => ((of['parameters'] ?? []) as Node[]).filter((one) => one['in'] === place).map((one) => one['name'] as string)

const errors = defineErrors({ full: [409, 'shelf_full', 'Full.'], odd: [400, 'odd_book', 'Odd.'] })
const shelf = { surface: 'service', credential: 'dataset', access: 'book:write', resource: { dataset: 'params.dataset_id' }, params: Joi.object({ dataset_id: Joi.string().guid().required() }) } as const
const node = Joi.object({ name: Joi.string().required(), children: Joi.array().items(Joi.link('#node')) }).id('node')
const invented: Route[] = [
  route({
    ...shelf, method: 'POST', path: '/datasets/{dataset_id}/books', summary: 'Adds books', description: 'At once.', errors: [errors.full, errors.odd],
    query: Joi.object({ page: Joi.number().integer().min(1).default(1).description('Which page'), q: Joi.string().required() }),
    body: Joi.object({ title: Joi.string().max(40).required(), kind: Joi.string().valid('novel', null), note: Joi.string().allow('', null) }),
    reply: Joi.object<{ id: string }, true>({ id: Joi.string().required() }), status: 201, handle: () => ({ id: '1' }),
  }),
  route({ ...shelf, method: 'POST', path: '/datasets/{dataset_id}/scans', summary: 'Sends scans', upload: { field: 'file', required: true, count: 3 }, body: Joi.object({ data: Joi.string() }), reply: reply.empty, handle: () => undefined }),
  route({ ...shelf, method: 'PUT', path: '/datasets/{dataset_id}/cover', summary: 'Sends one', upload: { field: 'cover' }, reply: reply.file, handle: () => ({ body: Buffer.from(''), mediaType: 'image/png' }) }),
  route({ ...shelf, method: 'PATCH', path: '/datasets/{dataset_id}/tree', summary: 'Nests', body: node, reply: reply.jsonOrEvents(node), handle: () => ({ name: 'x' }) }),
  route({ ...shelf, method: 'PATCH', path: '/datasets/{dataset_id}/pair', summary: 'Nests inside', body: Joi.object({ left: node, right: Joi.link('#node') }), handle: () => 1 }),
  route({ method: 'GET', path: '/a-b', surface: 'root', credential: 'none', access: 'public', resource: 'none', summary: 'One', reply: reply.events, handle: async function* () { yield {} } }),
  route({ method: 'GET', path: '/a/b', surface: 'root', credential: 'none', access: 'public', resource: 'none', summary: 'Another', handle: () => 1 }),
  route({ method: 'GET', path: '/a/b', surface: 'console', credential: 'account', access: 'book:read', resource: 'workspace', summary: 'For people', handle: () => 1 }),
]

for (const [name, load] of [['every route of the server', all], ['routes of all kinds', async () => invented]] as const) {
  test(`the document is whole: ${name}`, async (t) => {
    const routes = await load()
    const document = JSON.parse(JSON.stringify(openApi(routes, info))) as Node
    t.like(document, { openapi: '3.1.0', info: { title: 'Test', version: '1.0.0' }, servers: [{ url: 'https://example.com' }] })
    t.deepEqual(operations(document).map(({ method, path }) => `${method} ${path}`).sort(), routes.map((one) => `${one.method.toLowerCase()} ${fullPath(one)}`).sort())
    const ids = operations(document).map(({ operation }) => operation['operationId'] as string)
    t.is(new Set(ids).size, ids.length)
    for (const id of ids) t.regex(id, /^[a-z][A-Za-z0-9]+$/)
    walk(document, (part) => {
      if (typeof part['$ref'] !== 'string') return
      const found = part['$ref'].slice(2).split('/').reduce<any>((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document)
      t.truthy(found, `${part['$ref']} leads nowhere`)
    })
    const compile = validator(document)
    for (const one of routes) {
      const operation = document['paths'][fullPath(one)][one.method.toLowerCase()] as Node
      const at = `${one.method} ${fullPath(one)}`
      t.deepEqual(listed(operation, 'path').sort(), [...one.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort(), at)
      t.true((operation['parameters'] as Node[] | undefined ?? []).every((parameter) => typeof parameter['schema'] === 'object' && (parameter['in'] === 'query' || parameter['required'] === true)), at)
      t.true(operation['tags'].length === 1 && operation['summary'].length > 0, at)
      t.is(operation['x-permission'], one.access)
      t.deepEqual(operation['x-resource'], one.resource)
      t.deepEqual(operation['security'], one.credential === 'none' ? [] : [{ [one.credential]: [] }])
      const responses = operation['responses'] as Record<string, Node>
      t.is(Object.keys(responses).filter((status) => status < '400').length, 1, at)
      const own = new Set((one.errors ?? []).map(({ status }) => status))
      t.is('401' in responses, one.credential !== 'none' || own.has(401), at)
      t.is('403' in responses, one.access !== 'public' || own.has(403), at)
      for (const { status, code } of one.errors ?? []) t.true(responses[status]?.['description'].includes(code), `${at} lacks ${code}`)
      walk(operation, (part) => { if (part['schema']) t.notThrows(() => compile(part['schema'] as object), at) })
      const body = operation['requestBody']?.['content']['application/json']?.['schema'] as object | undefined
      t.is(body !== undefined, one.body !== undefined && one.upload === undefined, at)
      // What the server takes, the description takes.
      if (body && one !== invented[3] && one !== invented[4]) {
        const input = sample(one.body as Joi.Schema)
        const check = compile(body)
        if (!(one.body as Joi.Schema).validate(input).error) t.true(check(input), `${at}: ${JSON.stringify(check.errors)}`)
        t.false(check('not an object'), at)
      }
    }
  })
}

test('bodies, forms, streams, bytes and errors are described as they are', (t) => {
  const document = JSON.parse(JSON.stringify(openApi(invented, info))) as Node
  const at = (path: string, method: string): Node => document['paths'][path][method] as Node
  const books = at('/v1/datasets/{dataset_id}/books', 'post')
  t.like(books, { summary: 'Adds books', description: 'At once.', operationId: 'postDatasetsByDatasetIdBooks', tags: ['datasets'] })
  t.deepEqual(books['parameters'], [
    { name: 'dataset_id', in: 'path', required: true, schema: { type: 'string', minLength: 1, format: 'uuid' } },
    { name: 'page', in: 'query', required: false, description: 'Which page', schema: { type: 'integer', default: 1, minimum: 1 } },
    { name: 'q', in: 'query', required: true, schema: { type: 'string', minLength: 1 } },
  ])
  t.deepEqual(Object.keys(books['responses']).sort(), ['201', '400', '401', '403', '404', '409', '413', '415'])
  t.is(books['responses']['400']['description'], '`odd_book`, `invalid_param`, `bad_request`')
  t.like(books['responses']['409']['content']['application/json']['schema'], { allOf: [{ $ref: '#/components/schemas/Error' }, { properties: { code: { enum: ['shelf_full'] } } }] })

  const compile = validator(document)
  const body = compile(books['requestBody']['content']['application/json']['schema'])
  const joi = invented[0]?.body as Joi.Schema
  for (const value of [{ title: 'x' }, { title: 'x', kind: null, note: null }, { title: 'x', kind: 'novel', note: '' }, {}, { title: '' }, { title: 'x'.repeat(41) }, { title: 'x', kind: 'poem' }, { title: 'x', more: 1 }, { title: 5 }]) {
    t.is(body(value), joi.validate(value).error === undefined, JSON.stringify(value))
  }
  t.true(books['requestBody']['required'])

  const scans = at('/v1/datasets/{dataset_id}/scans', 'post')['requestBody'] as Node
  t.like(scans['content']['multipart/form-data']['schema'], { properties: { data: { type: 'string' }, file: { type: 'array', maxItems: 3, items: { format: 'binary' } } }, required: ['file'] })
  t.like(at('/v1/datasets/{dataset_id}/cover', 'put'), { requestBody: { required: false, content: { 'multipart/form-data': { schema: { properties: { cover: { type: 'string', format: 'binary' } } } } } } })
  t.deepEqual(Object.keys(at('/v1/datasets/{dataset_id}/cover', 'put')['responses']['200']['content']), ['application/octet-stream'])
  t.false('content' in at('/v1/datasets/{dataset_id}/scans', 'post')['responses']['204'])
  t.deepEqual(Object.keys(at('/a-b', 'get')['responses']['200']['content']), ['text/event-stream'])
  t.deepEqual(Object.keys(at('/v1/datasets/{dataset_id}/tree', 'patch')['responses']['200']['content']), ['application/json', 'text/event-stream'])
  t.deepEqual([at('/a-b', 'get'), at('/a/b', 'get'), at('/console/api/a/b', 'get')].map((one) => one['operationId'] as string), ['getAB', 'getAB2', 'getConsoleAB'])

  for (const path of ['tree', 'pair']) {
    const check = compile(at(`/v1/datasets/{dataset_id}/${path}`, 'patch')['requestBody']['content']['application/json']['schema'] as object)
    const tree = { name: 'a', children: [{ name: 'b', children: [{ name: 'c' }] }] }
    t.true(check(path === 'tree' ? tree : { left: tree, right: tree }))
    const broken = { name: 'a', children: [{ children: [] }] }
    t.false(check(path === 'tree' ? broken : { right: broken }), `${path} is described to its depth`)
  }
})
