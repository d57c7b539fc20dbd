/** What a place in an app takes: which kinds of files, how many, and from where. */
import { appErrors } from '../errors.ts'
import type { FileRules, FileType, TransferMethod } from '../ports.ts'
import { kindOf } from './file-kinds.ts'

export const FILE_TYPES: readonly FileType[] = ['image', 'document', 'audio', 'video', 'custom']
export const TRANSFER_METHODS: readonly TransferMethod[] = ['remote_url', 'local_file']

/** 400, with the file that is to blame: `at` counts from 0. */
export const refused = (at: number, message: string) => appErrors.inputInvalid(`File ${at + 1}: ${message}`, { params: 'files' })

export const refusedAll = (message: string) => appErrors.inputInvalid(message, { params: 'files' })
export const listedMethods = (methods: readonly TransferMethod[]): string => methods.join(' or ')

const plainEnding = (extension: string): string => extension.trim().toLowerCase().replace(/^\./, '')
const listed = (endings: readonly string[]): string => endings.map((one) => `.${one}`).join(', ')

/**
 * What the file counts as: what it is said to be, where it is that, else a custom one by its ending. Throws 400 where the place takes neither.
 * @param file its media type: by its bytes, or of one that lies elsewhere by its address; undefined where that tells nothing
 */
export const acceptedAs = (at: number, said: FileType, file: { readonly name: string; readonly extension: string; readonly mimeType: string | undefined }, rules: FileRules): FileType => {
  const kind = file.mimeType === undefined ? said : kindOf(file.mimeType)
  const types = rules.types.length === 0 ? FILE_TYPES : rules.types
  const endings = rules.extensions.map(plainEnding)
  if (said !== 'custom' && types.includes(said)) {
    if (said === kind) return said
    throw refused(at, `"${file.name}" is said to be of the type ${said}, but it is ${kind === 'custom' ? String(file.mimeType) : `of the type ${kind}`}. Send it as what it is, or send another file.`)
  }
  if (types.includes('custom') && (endings.length === 0 || endings.includes(file.extension))) return 'custom'
  // A client that calls everything custom is understood where the app takes what the file is.
  if (said === 'custom' && kind !== 'custom' && types.includes(kind)) return kind
  const plain = types.filter((type) => type !== 'custom')
  const takes = [...plain, ...types.includes('custom') ? [`files that end in ${listed(endings)}`] : []].join(', ')
  throw refused(at, `"${file.name}" is ${kind === 'custom' ? 'of no type that is known here' : `of the type ${kind}`}, which is not taken here. Send one of: ${takes}.`)
}
