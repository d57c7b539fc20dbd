/** The form of an app, and what somebody filled in. No I/O. */
import { appErrors } from '../errors.ts'
import type { FileInput, FileType, InputField, InputType, ModelConfig, TransferMethod } from '../ports.ts'
import { FILE_TYPES, TRANSFER_METHODS } from './file-rules.ts'
import { isShallow, plainJson, plainText } from './plain-json.ts'

/** The fields of the form, in order. */
export const formOf = (config: Pick<ModelConfig, 'user_input_form'>): readonly InputField[] => config.user_input_form.flatMap((entry) =>
  Object.entries(entry).map(([type, field]) => ({ ...field, type: type as InputType }) as InputField))

/** What is wrong with a value, as the end of a sentence whose subject is the input. */
class Unfit extends Error {}
const unfit = (problem: string): Unfit => new Unfit(problem)
type Reader = (value: unknown, field: InputField) => unknown

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const asText: Reader = (value) => {
  if (typeof value !== 'string') throw unfit('must be a text. Send a JSON string')
  return plainText(value)
}
const asShortText: Reader = (value, field) => {
  const text = asText(value, field) as string
  const { max_length: most = 0 } = field
  // Characters as people count them: code points, not halves of a pair.
  if (most > 0 && text.length > most && [...text].length > most) throw unfit(`takes ${most} characters at most. Shorten it`)
  return text
}
const SHOWN_OPTIONS = 20
const asChoice: Reader = (value, field) => {
  const text = asText(value, field) as string
  const { options = [], required } = field
  if (options.includes(text)) return text
  if (text === '' && !required) return null
  throw unfit(`takes one of its options: ${options.slice(0, SHOWN_OPTIONS).map((option) => JSON.stringify(option)).join(', ')}${options.length > SHOWN_OPTIONS ? ', …' : ''}`)
}
// One way to read each text: with two, a long one that is no number would be tried in all of them.
const NUMBER = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i
const asNumber: Reader = (value) => {
  if (value === '') return null
  const number = typeof value === 'number' ? value : typeof value === 'string' && NUMBER.test(value) ? Number(value) : Number.NaN
  if (!Number.isFinite(number)) throw unfit('must be a number. Send one, or a text that is one')
  return number
}
const YES = new Set<unknown>([true, 1, 'true', '1', 'yes', 'on'])
const NO = new Set<unknown>([false, 0, 'false', '0', 'no', 'off'])
const asSwitch: Reader = (value) => {
  const said = typeof value === 'string' ? value.trim().toLowerCase() : value
  if (said === '') return null
  if (!YES.has(said) && !NO.has(said)) throw unfit('must be true or false')
  return YES.has(said)
}
const asObject: Reader = (value) => {
  if (!isRecord(value)) throw unfit('must be a JSON object')
  if (!isShallow(value)) throw unfit('is nested too deeply. Send a flatter object')
  return plainJson(value)
}
const HOW = 'Send {"type", "transfer_method", "upload_file_id" or "url"}'
const asFile: Reader = (value): FileInput | null => {
  if (value === '') return null
  if (Array.isArray(value)) throw unfit('takes one file, not a list of them. Send the file itself')
  if (!isRecord(value)) throw unfit(`must be a file. ${HOW}`)
  const { type, transfer_method: method, url, upload_file_id: id } = value
  if (!FILE_TYPES.includes(type as FileType)) throw unfit(`needs the type of its file: ${FILE_TYPES.join(', ')}`)
  if (!TRANSFER_METHODS.includes(method as TransferMethod)) throw unfit(`needs the transfer_method of its file: ${TRANSFER_METHODS.join(', ')}`)
  const [name, place] = method === 'local_file' ? ['upload_file_id', id] as const : ['url', url] as const
  if (typeof place !== 'string' || place === '') throw unfit(`needs the ${name} of its file, since its transfer_method is ${String(method)}`)
  return { type: type as FileType, transfer_method: method as TransferMethod, [name]: plainText(place) }
}
const asFiles: Reader = (value, field) => {
  if (value === '') return null
  if (!Array.isArray(value)) throw unfit('takes a list of files. Send an array, also for one')
  const { max_length: most = 0 } = field
  if (most > 0 && value.length > most) throw unfit(`takes ${most} files at most. Send fewer`)
  if (!value.every(isRecord)) throw unfit(`has an entry that is no file. ${HOW}`)
  return value.map((one) => asFile(one, field))
}
const READERS: Readonly<Record<InputType, Reader>> = {
  'text-input': asShortText, paragraph: asShortText, select: asChoice, number: asNumber, checkbox: asSwitch, json_object: asObject, file: asFile, 'file-list': asFiles,
  // Nobody fills it in: what is sent is taken as it stands.
  external_data_tool: asText,
}

/** Why the value does not fit the field; undefined where it does. */
export const misfit = (value: unknown, field: InputField): string | undefined => {
  try {
    READERS[field.type](value, field)
    return undefined
  } catch (error) {
    if (error instanceof Unfit) return error.message
    throw error
  }
}

/** See `Apps.inputs`. */
export const inputsOf = (config: Pick<ModelConfig, 'user_input_form'>, given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(formOf(config).map((field) => {
    const { variable, required, type } = field
    const refuse = (problem: string): Error => appErrors.inputInvalid(`The input "${variable}" ${problem}.`, { params: `inputs.${variable}` })
    const read = (value: unknown): unknown => {
      if (value === undefined || value === null) return null
      const problem = misfit(value, field)
      if (problem !== undefined) throw refuse(problem)
      return READERS[type](value, field)
    }
    const value = read(Object.hasOwn(given, variable) ? given[variable] : undefined)
    if (value !== null) return [variable, value]
    if (required && type !== 'external_data_tool') throw refuse('is required. Send a value for it in inputs')
    return [variable, read(field.default)]
  }))
