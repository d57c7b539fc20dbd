/**
 * Secrets as they are shown: recognisable to whoever entered them, useless to anybody else. A provider's schema says by
 * `meta({ secret: true })` which fields are secret, and by `meta({ address: true })` which say where they are sent.
 */
import type Joi from 'joi'
import { modelErrors } from '../errors.ts'
import type { Credentials } from '../ports.ts'
import type { FormField } from '../schemas/providers.ts'

interface Field { readonly type?: string; readonly flags?: { readonly presence?: string }; readonly metas?: readonly Record<string, unknown>[] }
const fieldsOf = (schema: Joi.ObjectSchema): [name: string, field: Field][] => Object.entries((schema.describe() as { keys?: Record<string, Field> }).keys ?? {})
const bears = ({ metas = [] }: Field, mark: 'secret' | 'address'): boolean => metas.some((meta) => meta[mark] === true)
const marked = (schema: Joi.ObjectSchema, mark: 'secret' | 'address'): string[] => fieldsOf(schema).filter(([, field]) => bears(field, mark)).map(([name]) => name)

/** The schema as a console shows it. */
export const formOf = (schema: Joi.ObjectSchema): FormField[] => fieldsOf(schema).map(([variable, field]) => ({
  variable, type: bears(field, 'secret') ? 'secret-input' : field.type === 'array' ? 'list' : 'text-input', required: field.flags?.presence === 'required',
}))
export const secretFields = (schema: Joi.ObjectSchema): string[] => marked(schema, 'secret')

/** The first three and the last four characters of a long one; its length is not told. */
const mask = (secret: string): string => secret.length < 16 ? '************' : `${secret.slice(0, 3)}************${secret.slice(-4)}`

const shown = (value: unknown): unknown => typeof value === 'string' ? mask(value) : value === undefined ? undefined : '************'
export const masked = (schema: Joi.ObjectSchema, credentials: Credentials): Credentials =>
  ({ ...credentials, ...Object.fromEntries(secretFields(schema).filter((name) => name in credentials).map((name) => [name, shown(credentials[name])])) })

/**
 * What was entered, with the secrets from before where their masked form was sent back. Throws `secret_needed` where an address differs:
 * whoever changes where a secret is sent must know it.
 */
export const unmasked = (schema: Joi.ObjectSchema, entered: Credentials, before: Credentials): Credentials => {
  const kept = secretFields(schema).filter((name) => entered[name] !== undefined && entered[name] === shown(before[name]) && entered[name] !== before[name])
  if (kept.length > 0 && marked(schema, 'address').some((name) => entered[name] !== before[name])) throw modelErrors.secretNeeded()
  return { ...entered, ...Object.fromEntries(kept.map((name) => [name, before[name]])) }
}
