/** Makes an input that a Joi schema takes, and finds the places in it where an id stands. */
import type Joi from 'joi'

interface Description {
  readonly type?: string
  readonly flags?: { readonly presence?: string; readonly default?: unknown; readonly only?: boolean }
  readonly allow?: readonly unknown[]
  readonly rules?: readonly { readonly name: string; readonly args?: Record<string, unknown> }[]
  readonly keys?: Record<string, Description>
  readonly items?: readonly Description[]
  readonly matches?: readonly { readonly schema?: Description }[]
}

export type Path = readonly (string | number)[]
/** An input with every field filled, required or not. */
export const sample = (schema: Joi.Schema): unknown => make(schema.describe())

const rule = (of: Description, name: string): Record<string, unknown> | undefined => of.rules?.find((one) => one.name === name)?.args
const isId = (of: Description): boolean => of.rules?.some(({ name }) => name === 'guid') ?? false

const make = (of: Description): unknown => {
  if (of.flags?.only && of.allow?.length) return of.allow.find((value) => value !== null && typeof value !== 'object') ?? of.allow[0]
  switch (of.type) {
    case 'string': return isId(of) ? '00000000-0000-4000-8000-000000000000' : 'x'.repeat(Math.max(1, Number(rule(of, 'min')?.['limit'] ?? 1)))
    case 'number': return Number(rule(of, 'min')?.['limit'] ?? 1)
    case 'boolean': return true
    case 'array': return (of.items ?? []).slice(0, 1).map(make)
    case 'object': return Object.fromEntries(Object.entries(of.keys ?? {}).map(([key, child]) => [key, make(child)]))
    case 'alternatives': return of.matches?.[0]?.schema ? make(of.matches[0].schema) : 'x'
    default: return 'x'
  }
}

/** Where an id can stand: by its format, or by a name that ends in `id` or `ids`. */
export const idPlaces = (schema: Joi.Schema): Path[] => find(schema.describe(), '')

const find = (of: Description, name: string): Path[] => {
  const here = of.type !== 'object' && of.type !== 'array' && (isId(of) || /(^|_)ids?$/.test(name))
  const inside = [
    ...Object.entries(of.keys ?? {}).flatMap(([key, child]) => find(child, key).map((path) => [key, ...path])),
    ...(of.items ?? []).slice(0, 1).flatMap((child) => find(child, name).map((path) => [0, ...path])),
    ...(of.matches ?? []).slice(0, 1).flatMap(({ schema }) => schema ? find(schema, name) : []),
  ]
  return here ? [[], ...inside] : inside
}

/** A copy of `value` with `replacement` at `path`. */
export const put = (value: unknown, path: Path, replacement: unknown): unknown => {
  const [head, ...rest] = path
  if (head === undefined) return replacement
  const copy = (Array.isArray(value) ? [...value as unknown[]] : { ...value as object }) as Record<string | number, unknown>
  copy[head] = put(copy[head], rest, replacement)
  return copy
}
