/**
 * The official shapes of the Service API, and what of an answer does not have them. They are read strictly: every property that an object
 * declares must be there, no other may be, and only what is `nullable` may be null.
 */
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import type { ErrorObject } from 'ajv'

export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly nullable?: boolean
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly format?: string
  readonly allOf?: readonly Schema[]
}
interface Content { readonly $ref?: string; readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }
interface Parameter { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema?: Schema }
interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content>>
}
interface Shapes {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>>; readonly responses: Readonly<Record<string, Content>> }
  /** `METHOD /path` → status → codes. */
  readonly errorCodes: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}

/** One place where our API differs from the official one; `operation` is `*` where the place is in a shape that several share. */
export interface Difference {
  readonly operation: string
  readonly where: string
  readonly ours: string
  readonly theirs: string
}

const shapes = JSON.parse(readFileSync(new URL('service-api.shapes.json', import.meta.url), 'utf8')) as Shapes

/** Undefined where there is no such operation. */
export const official = (operation: string): Operation | undefined => {
  const [method = '', path = ''] = operation.split(' ')
  return shapes.paths[path]?.[method.toLowerCase()]
}
/** `400 invalid_param` and the like. */
export const documentedErrors = (operation: string): string[] =>
  Object.entries(shapes.errorCodes[operation] ?? {}).flatMap(([status, codes]) => codes.map((code) => `${status} ${code}`))

const componentName = ($ref: string): string => $ref.split('/').at(-1) as string
export const resolved = (schema: Schema | undefined): Schema =>
  schema?.$ref === undefined ? schema ?? {} : resolved(shapes.components.schemas[componentName(schema.$ref)])

/** A shape that is several at once, as one. */
const merged = (schema: Schema): Schema => {
  const parts = (schema.allOf ?? []).map((part) => merged(resolved(part)))
  return parts.length === 0 ? schema : { ...schema, type: 'object', properties: Object.assign({}, ...parts.map(({ properties }) => properties)) as NonNullable<Schema['properties']> }
}
const FORMATS: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, decimal: /^\d+(\.\d+)?$/, url: /^https?:\/\/./, byte: /^[A-Za-z0-9+/]*={0,2}$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
}
/** From OpenAPI 3.0's dialect to JSON Schema. */
const strict = (schema: Schema): object => {
  if (schema.$ref !== undefined) return { $ref: schema.$ref.replace('#', 'api#') }
  const { type, nullable, properties, items, format } = merged(schema)
  return {
    ...format !== undefined && format in FORMATS ? { format } : {},
    ...type === undefined ? {} : { type: nullable ? [type, 'null'] : type },
    ...schema.enum ? { enum: [...schema.enum, ...nullable ? [null] : []] } : {},
    ...properties ? {
      properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, strict(property)])),
      required: Object.keys(properties), additionalProperties: false,
    } : {},
    ...items ? { items: strict(items) } : {},
  }
}
const ajv = new Ajv({ allErrors: true, verbose: true, strict: false })
for (const [name, format] of Object.entries(FORMATS)) ajv.addFormat(name, format)
ajv.addSchema({ $id: 'api', components: { schemas: Object.fromEntries(Object.entries(shapes.components.schemas).map(([name, schema]) => [name, strict(schema)])) } })

/** What is in an answer, by the name that a reader would look for: `data[].name`, or `Dataset.name` where the shape is shared. */
const placeOf = (schema: Schema, pointer: string): { where: string; schema: Schema } => {
  let part = schema
  let where = ''
  const enter = (): void => {
    if (part.$ref === undefined) return
    where = componentName(part.$ref)
    part = resolved(part)
  }
  enter()
  for (const name of pointer.split('/').filter(Boolean)) {
    where = part.items ? `${where}[]` : where === '' ? name : `${where}.${name}`
    part = part.items ?? part.properties?.[name] ?? {}
    enter()
  }
  return { where, schema: part }
}
const typeOf = (value: unknown): string => value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
const typeIn = ({ type = 'anything', nullable }: Schema): string => nullable ? `${type} or null` : type

/** A shape that has a name is the same wherever it stands. */
export const at = (operation: string, where: string): Pick<Difference, 'operation' | 'where'> => ({ operation: /^[A-Z]/.test(where) ? '*' : operation, where })

const difference = (operation: string, root: Schema, { keyword, instancePath, params, data }: ErrorObject): Difference => {
  const { missingProperty, additionalProperty } = params as { missingProperty?: string; additionalProperty?: string }
  const name = missingProperty ?? additionalProperty
  const { where, schema } = placeOf(root, name === undefined ? instancePath : `${instancePath}/${name}`)
  return {
    ...at(operation, where),
    ours: keyword === 'required' ? 'missing' : keyword === 'format' ? 'of another form' : typeOf(keyword === 'additionalProperties' ? (data as Record<string, unknown>)[name ?? ''] : data),
    theirs: keyword === 'additionalProperties' ? 'missing' : keyword === 'format' ? schema.format ?? '' : typeIn(schema),
  }
}

const against = (operation: string, schema: Schema, value: unknown): Difference[] => {
  const validate = ajv.compile(strict(schema))
  return validate(value) ? [] : (validate.errors ?? []).map((error) => difference(operation, schema, error))
}
/** How an answer with a success differs from what the operation is said to answer. */
export const compare = (operation: string, status: number, body: unknown): Difference[] => {
  const statuses = Object.keys(official(operation)?.responses ?? {}).filter((one) => one.startsWith('2'))
  if (!statuses.includes(String(status))) return [{ operation, where: 'status', ours: String(status), theirs: statuses.join(', ') }]
  const { $ref, content } = official(operation)?.responses[String(status)] ?? {}
  if ($ref !== undefined) return against(operation, shapes.components.responses[componentName($ref)]?.content?.['application/json']?.schema ?? {}, body)
  const schema = content?.['application/json']?.schema
  if (!schema) return (content ? Buffer.isBuffer(body) : body === undefined) ? [] : [{ operation, where: 'body', ours: typeOf(body), theirs: 'missing' }]
  return against(operation, schema, body)
}
/** How an event of a stream differs from what is said of it. @param name of the shape */
export const compareEvent = (name: string, event: unknown): Difference[] => against(name, merged(shapes.components.schemas[name] ?? {}), event)

/** The request body that an operation takes. */
export const requestShape = (operation: string): Schema => {
  const { content = {} } = official(operation)?.requestBody ?? {}
  return resolved((content['application/json'] ?? content['multipart/form-data'])?.schema)
}
export const queryOf = (operation: string): Parameter[] => (official(operation)?.parameters ?? []).filter((one) => one.in === 'query')

/** A place in a request body. */
export interface Field {
  readonly path: readonly (string | number)[]
  /** By the name that a reader would look for; it begins with a capital where the shape is shared. */
  readonly where: string
  readonly schema: Schema
}
/** All places of a request body, the parts after their whole. */
export const fields = (shape: Schema, path: Field['path'] = [], where = ''): Field[] => {
  const name = shape.$ref === undefined ? where : componentName(shape.$ref)
  const schema = resolved(shape)
  return [
    { path, where: name, schema },
    ...Object.entries(schema.properties ?? {}).flatMap(([key, property]) => fields(property, [...path, key], name === '' ? key : `${name}.${key}`)),
    ...schema.items ? fields(schema.items, [...path, 0], `${name}[]`) : [],
  ]
}
/** Every value that may stand there, if there are only a few: a word of a list, yes or no, null. */
export const choices = ({ type, nullable, enum: words }: Schema): unknown[] =>
  [...new Set([...words ?? (type === 'boolean' ? [true, false] : []), ...nullable ? [null] : []])]

/** Some value of a shape, with all of its fields. */
export const some = (shape: Schema): unknown => {
  const { type, enum: [word] = [], properties, items } = resolved(shape)
  if (word !== undefined) return word
  if (properties) return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, some(property)]))
  return items ? [some(items)] : type === 'boolean' ? true : type === 'integer' || type === 'number' ? 1 : 'x'
}
