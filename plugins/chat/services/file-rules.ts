/** Which files an app takes, with a question and in its form. No I/O. */
import type { AppFile, FileInput, FileRules, FileType, InputField, ModelConfig, TransferMethod } from '../../apps/ports.ts'
import { invalid } from '../errors.ts'
import type { KeptFile } from './attachments.ts'

const METHODS: readonly TransferMethod[] = ['remote_url', 'local_file']
const TYPES: readonly FileType[] = ['image', 'document', 'audio', 'video', 'custom']
const some = <T>(given: readonly T[] | undefined, otherwise: readonly T[]): readonly T[] => given === undefined || given.length === 0 ? otherwise : given

/** Throws 400 where the app takes none. */
export const questionRules = ({ file_upload: said }: ModelConfig): FileRules => {
  if (said.enabled) {
    return {
      types: some(said.allowed_file_types, ['image']), extensions: said.allowed_file_extensions,
      methods: some(said.allowed_file_upload_methods, METHODS), limit: said.number_limits,
    }
  }
  // As older settings say it: pictures alone.
  if (said.image.enabled) return { types: ['image'], extensions: [], methods: some(said.image.transfer_methods, METHODS), limit: said.image.number_limits }
  throw invalid('files', 'This app takes no files with a question. Leave `files` out, or switch file_upload on in the settings of the app.')
}
export const ruleOf = ({ type, max_length: most, allowed_file_types: types, allowed_file_extensions: extensions, allowed_file_upload_methods: methods }: InputField): FileRules => ({
  types: some(types, TYPES), extensions: extensions ?? [], methods: some(methods, METHODS), limit: type === 'file' ? 1 : most ?? 5,
})
/** The files that somebody named for a field; none where it takes none. */
export const inputFiles = ({ type }: InputField, value: unknown): readonly FileInput[] =>
  value === null || value === undefined || type !== 'file' && type !== 'file-list' ? [] : [value].flat() as FileInput[]

/** A file as it stands among the inputs of a conversation. */
export const keptInput = ({ type, transferMethod, url, uploadFileId, name, extension, mimeType, size }: AppFile) => ({
  type, transfer_method: transferMethod, url, upload_file_id: uploadFileId, filename: name, extension: extension === '' ? '' : `.${extension}`, mime_type: mimeType, size,
})
/** The files among the inputs of a conversation. */
export const keptFiles = (form: readonly InputField[], inputs: Readonly<Record<string, unknown>>): readonly KeptFile[] => form.flatMap((field) =>
  (inputFiles(field, inputs[field.variable]) as readonly ReturnType<typeof keptInput>[]).map(({ type, transfer_method: transferMethod, url, upload_file_id: uploadFileId }) => ({ type, transferMethod, url, uploadFileId })))
