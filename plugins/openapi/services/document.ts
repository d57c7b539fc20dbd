/** The routes as an OpenAPI 3.1 document. Nothing is written twice: all of it comes from what a route says anyway. */
import Joi from 'joi'
import { catalogue, errors, fullPath, serverConfig, service } from '../../../core/index.ts'
import type { ErrorSpec, Reply, Route } from '../../../core/index.ts'

type Json = Record<string, unknown>
export interface ApiInfo { readonly title: string; readonly version: string; readonly serverUrl?: string }

const CREDENTIALS = {
  app: 'An API key of an app.',
  dataset: 'An API key for knowledge bases.',
  account: 'The access token of a signed-in account. Browsers send it as a cookie, together with the X-CSRF-Token header.',
} as const

const errorSchema = {
  type: 'object', required: ['code', 'message', 'status'],
  properties: {
    code: { type: 'string', description: 'What went wrong, for programs.' }, message: { type: 'string', description: 'What went wrong, for people.' },
    status: { type: 'integer', description: 'The HTTP status.' }, params: { type: 'string', description: 'The field that is to blame.' },
  },
}

export const openApi = (routes: readonly Route[], info: ApiInfo): Json => {
  const schemas: Json = { Error: errorSchema }
  const paths: Record<string, Json> = {}
  const taken = new Set<string>()
  for (const route of routes) {
    const id = operationId(route, taken)
    const convert = (schema: unknown, part: string): Json => jsonSchema(schema as Joi.Schema, `${id}.${part}`, schemas)
    ;(paths[fullPath(route)] ??= {})[route.method.toLowerCase()] = {
      operationId: id,
      summary: route.summary,
      ...(route.description === undefined ? {} : { description: route.description }),
      tags: [route.path.split('/').find((part) => part !== '' && !part.startsWith('{')) ?? 'server'],
      security: route.credential === 'none' ? [] : [{ [route.credential]: [] }],
      'x-permission': route.access,
      'x-resource': route.resource,
      ...(route.params || route.query ? { parameters: [
        ...route.params ? parameters('path', convert(route.params, 'params')) : [], ...route.query ? parameters('query', convert(route.query, 'query')) : [],
      ] } : {}),
      ...(route.body || route.upload ? { requestBody: requestBody(route, convert) } : {}),
      responses: { ...success(route, convert), ...failures(route) },
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: info.title, version: info.version },
    servers: [{ url: info.serverUrl ?? '/' }],
    paths,
    components: {
      schemas,
      securitySchemes: Object.fromEntries(Object.entries(CREDENTIALS).map(([name, description]) => [name, { type: 'http', scheme: 'bearer', description }])),
    },
  }
}

/** `GET /console/api/datasets/{dataset_id}/api-keys` → `getConsoleDatasetsByDatasetIdApiKeys`. */
const operationId = (route: Route, taken: Set<string>): string => {
  const words = `${route.surface === 'console' ? 'console/' : ''}${route.path.replaceAll('{', 'by/')}`.split(/[^A-Za-z0-9]+/).filter(Boolean)
  const name = route.method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  let id = name
  for (let count = 2; taken.has(id); count++) id = `${name}${count}`
  taken.add(id)
  return id
}

const parameters = (place: 'path' | 'query', schema: Json): Json[] =>
  Object.entries((schema['properties'] ?? {}) as Record<string, Json>).map(([name, { description, ...rest }]) => ({
    name, in: place, required: place === 'path' || ((schema['required'] ?? []) as string[]).includes(name),
    ...(description === undefined ? {} : { description }), schema: rest,
  }))

const BINARY = { type: 'string', format: 'binary' }
const requestBody = (route: Route, convert: (schema: unknown, part: string) => Json): Json => {
  const body = route.body ? convert(route.body, 'body') : { type: 'object' }
  if (!route.upload) return { required: 'required' in body, content: { 'application/json': { schema: body } } }
  const { field, required, count = 1 } = route.upload
  const file = count > 1 ? { type: 'array', items: BINARY, maxItems: count } : BINARY
  const form = {
    ...body, properties: { ...body['properties'] as Json | undefined, [field]: file },
    required: [...(body['required'] ?? []) as string[], ...required ? [field] : []],
  }
  return { required: form.required.length > 0, content: { 'multipart/form-data': { schema: form } } }
}

const success = (route: Route, convert: (schema: unknown, part: string) => Json): Json => {
  const json = (schema: unknown): Json => ({ 'application/json': schema ? { schema: convert(schema, 'reply') } : {} })
  const events = { 'text/event-stream': { schema: { type: 'string', description: 'Server-sent events; a failure after the first is an event "error".' } } }
  if (route.reply === undefined || Joi.isSchema(route.reply, { legacy: true })) return { [route.status ?? 200]: { description: 'Done.', content: json(route.reply) } }
  const { kind, schema } = route.reply as Reply<unknown>
  switch (kind) {
    case 'empty': return { [route.status ?? 204]: { description: 'Done; no body.' } }
    case 'file': return { 200: { description: 'The bytes.', content: { 'application/octet-stream': { schema: BINARY } } } }
    case 'events': return { 200: { description: 'A stream of events.', content: events } }
    case 'json-or-events': return { [route.status ?? 200]: { description: 'One answer, or a stream of events.', content: { ...json(schema), ...events } } }
  }
}

/** The route's own errors and those that follow from what it takes, by status. */
const failures = (route: Route): Json => {
  const takesBody = route.body !== undefined || route.upload !== undefined
  const all: readonly ErrorSpec[] = [
    ...route.errors ?? [],
    ...route.credential === 'none' ? [] : [errors.unauthorized],
    ...route.access === 'public' ? [] : [errors.forbidden],
    ...route.params ? [errors.notFound] : [],
    ...route.query || takesBody ? [errors.invalidParam] : [],
    ...takesBody ? [errors.badRequest, errors.unsupportedMediaType, route.upload ? errors.fileTooLarge : errors.bodyTooLarge] : [],
  ]
  const byStatus = new Map<number, Set<string>>()
  for (const { status, code } of all) byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code))
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, {
    description: [...codes].map((code) => `\`${code}\``).join(', '),
    content: { 'application/json': { schema: { allOf: [{ $ref: '#/components/schemas/Error' }, { type: 'object', properties: { code: { type: 'string', enum: [...codes] } }, required: ['code'] }] } } },
  }]))
}

/** Joi's own conversion, with references made to hold in this document and `null` among the values of a nullable choice. */
const jsonSchema = (schema: Joi.Schema, name: string, schemas: Json): Json => {
  const { $defs = {}, ...root } = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' }) as Json & { $defs?: Json }
  const place = (local: string): string => `#/components/schemas/${local in $defs ? `${name}.${local}` : name}`
  const repaired = (value: unknown): unknown => JSON.parse(JSON.stringify(value), (key, part: unknown) => {
    if (key === '$ref') return place(String(part).replace('#/$defs/', ''))
    const { type, enum: choice } = (typeof part === 'object' && part !== null ? part : {}) as { type?: unknown; enum?: unknown[] }
    return Array.isArray(type) && type.includes('null') && Array.isArray(choice) && !choice.includes(null) ? { ...part as Json, enum: [...choice, null] } : part
  })
  for (const [local, definition] of Object.entries($defs)) schemas[`${name}.${local}`] = repaired(definition)
  const whole = repaired(root) as Json
  // A schema that refers to itself is kept under its name; `properties` stay at hand for parameters and forms.
  if (JSON.stringify(root).includes('"$ref"')) schemas[name] = whole
  return whole
}

/** Made once, when somebody asks: a description of many routes takes a while. */
export const document = service('openapi.document', {
  uses: { parts: catalogue, server: serverConfig },
  create: ({ parts, server }): (() => Json) => {
    let made: Json | undefined
    return () => made ??= openApi(parts.routes, { title: 'Mortise', version: parts.version, ...(server.publicUrl === undefined ? {} : { serverUrl: server.publicUrl }) })
  },
})
