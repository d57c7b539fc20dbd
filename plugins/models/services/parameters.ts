/** What a request says beside its messages, checked by the rules of the model before anybody is asked. */
import { errors } from '../../../core/index.ts'
import type { HttpError } from '../../../core/index.ts'
import type { ModelInfo, ParameterRule } from '../ports.ts'

type Parameters = Readonly<Record<string, unknown>>

const refused = (name: string, message: string): HttpError => errors.invalidParam(message, { params: name })
const shown = (value: unknown): string => {
  const text = typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function' ? typeof value : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
const words: Readonly<Record<ParameterRule['type'], string>> = { float: 'a number', int: 'a whole number', string: 'a text', boolean: 'true or false' }
const isOf: Readonly<Record<ParameterRule['type'], (value: unknown) => boolean>> = {
  float: (value) => typeof value === 'number' && Number.isFinite(value),
  int: (value) => Number.isSafeInteger(value),
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
}
const boundsOf = ({ min, max }: ParameterRule): string =>
  min !== undefined && max !== undefined ? ` from ${min} to ${max}` : min !== undefined ? ` of at least ${min}` : max !== undefined ? ` of at most ${max}` : ''

const fits = (rule: ParameterRule, value: unknown): boolean => {
  const { type, min = -Infinity, max = Infinity, options } = rule
  if (!isOf[type](value)) return false
  if (typeof value === 'number') return value >= min && value <= max
  return options === undefined || typeof value !== 'string' || options.includes(value)
}

/**
 * Those that are to be sent: null and undefined are left out, and a required one that is missing has its default. Throws 400 `invalid_param` for
 * one that the model does not have, or that breaks its rule.
 */
export const checkedParameters = ({ name: model, parameters: rules = [] }: ModelInfo, given: Parameters = {}): Parameters => {
  const checked = new Map<string, unknown>()
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue
    const rule = rules.find((one) => one.name === name)
    if (!rule) {
      const others = rules.length === 0 ? 'It takes none.' : `It takes ${rules.map((one) => one.name).join(', ')}.`
      throw refused(name.slice(0, 100), `The model "${model}" has no parameter "${name.slice(0, 100)}". ${others}`)
    }
    if (!fits(rule, value)) {
      const what = rule.options ? `one of ${rule.options.join(', ')}` : `${words[rule.type]}${boundsOf(rule)}`
      throw refused(name, `The parameter "${name}" of the model "${model}" is ${what}, and not ${shown(value)}.`)
    }
    checked.set(name, value)
  }
  for (const { name, required, default: usual } of rules) {
    if (!required || checked.has(name)) continue
    if (usual === undefined) throw refused(name, `The model "${model}" needs the parameter "${name}". Add it to the parameters.`)
    checked.set(name, usual)
  }
  return Object.fromEntries(checked)
}
