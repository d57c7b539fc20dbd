/** Placeholders, filled in. A value is never looked at again: what somebody typed stays what they typed. No I/O. */
import type { InputField } from '../../apps/ports.ts'

export type Values = ReadonlyMap<string, string>
export type Special = 'pre_prompt' | 'context' | 'histories' | 'query'

const PLACEHOLDER = /\{\{(?:#(pre_prompt|context|histories|query)#|([\p{L}_][\p{L}\p{N}_]*))\}\}/gu
/** `{{name}}` and `{{#special#}}`; what has no value stays as it is written. */
export const fill = (template: string, values: Values, special: Readonly<Partial<Record<Special, string>>> = {}): string =>
  template.replace(PLACEHOLDER, (written, reserved: Special | undefined, name: string | undefined) => (reserved ? special[reserved] : values.get(name ?? '')) ?? written)
export const mentions = (template: string, special: Special): boolean => template.includes(`{{#${special}#}}`)

const asText = (value: unknown): string => {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return value.map(asText).join(', ')
  const { filename } = value as { filename?: unknown }
  return typeof filename === 'string' ? filename : JSON.stringify(value)
}
/** What stands for each field of the form; nothing where it was left empty. */
export const valuesOf = (form: readonly InputField[], inputs: Readonly<Record<string, unknown>>): Values =>
  new Map(form.map(({ variable }) => [variable, asText(Object.hasOwn(inputs, variable) ? inputs[variable] : undefined)]))
