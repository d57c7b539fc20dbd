/** Whether what an app says to its model is what the model takes. No I/O. */
import type { ModelInfo, ParameterRule } from '../../models/ports.ts'

const problemOf = (value: unknown, { type, min, max, options }: ParameterRule): string | undefined => {
  if (type === 'float' || type === 'int') {
    if (typeof value !== 'number' || type === 'int' && !Number.isSafeInteger(value)) return `must be ${type === 'int' ? 'a whole number' : 'a number'}`
    if (min !== undefined && value < min || max !== undefined && value > max) return `must be ${min === undefined ? '' : `at least ${min}`}${min !== undefined && max !== undefined ? ' and ' : ''}${max === undefined ? '' : `at most ${max}`}`
  }
  if (type === 'boolean' && typeof value !== 'boolean') return 'must be true or false'
  if (type === 'string') {
    if (typeof value !== 'string') return 'must be a text'
    if (options && !options.includes(value)) return `must be one of ${options.join(', ')}`
  }
  return undefined
}

/** Without what is null, which says as much as nothing. */
export const saidParameters = (given: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined))

/** The first thing that is wrong with them, as a sentence; `stop` belongs to every model. */
export const parameterProblem = (given: Readonly<Record<string, unknown>>, { name: model, parameters = [] }: ModelInfo): string | undefined => {
  for (const [name, value] of Object.entries(given)) {
    if (name === 'stop') continue
    const rule = parameters.find((one) => one.name === name)
    if (!rule) return `The model "${model}" has no parameter "${name}". Leave it out${parameters.length > 0 ? `, or choose among ${parameters.map((one) => one.name).join(', ')}` : ''}.`
    const problem = problemOf(value, rule)
    if (problem !== undefined) return `The parameter "${name}" of the model "${model}" ${problem}. Change it.`
  }
  const missing = parameters.find((one) => one.required && one.default === undefined && given[one.name] === undefined)
  return missing && `The model "${model}" needs the parameter "${missing.name}". Send it.`
}
