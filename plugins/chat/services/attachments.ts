/** Files of questions, as a model is shown them. */
import { service } from '../../../core/index.ts'
import { appFiles } from '../../apps/ports.ts'
import type { AppFile, FileType } from '../../apps/ports.ts'
import type { MessagePart, ModelInfo } from '../../models/ports.ts'
import type { Attached } from './prompting.ts'

/** What a model must be able to, in the words of its features, to read a file of the kind; nothing reads the other kinds. */
const ABILITIES: Readonly<Partial<Record<FileType, string>>> = { image: 'vision', document: 'document', audio: 'audio', video: 'video' }

/** As it is kept with a message. */
export type KeptFile = Pick<AppFile, 'type' | 'transferMethod' | 'url' | 'uploadFileId'>
export const isSame = (one: KeptFile, other: KeptFile): boolean => one.uploadFileId === null ? one.url === other.url : one.uploadFileId === other.uploadFileId
const known = (mimeType: string): boolean => mimeType !== '' && mimeType !== 'application/octet-stream'
const elsewhere = ({ type, transferMethod, url }: KeptFile): AppFile => {
  const name = decodeName(url ?? '')
  return { type, transferMethod, url, uploadFileId: null, name, extension: /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '', mimeType: '', size: null }
}
const decodeName = (url: string): string => {
  try { return decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '') || url } catch { return url }
}

export interface Attachments {
  /** A sentence for each file that the model cannot read. No I/O. */
  notes(files: readonly AppFile[], model: ModelInfo): Attached
  /** Pictures and the like for models that can read them; of the others, a sentence each, so that the model does not guess. */
  of(workspaceId: string, files: readonly AppFile[], model: ModelInfo): Promise<Attached>
  /** Files that were kept with messages, list by list; those that are gone are left out. */
  kept(workspaceId: string, lists: readonly (readonly KeptFile[])[]): Promise<readonly (readonly AppFile[])[]>
}
export const attachments = service('chat.attachments', {
  uses: { appFiles },
  create: ({ appFiles }): Attachments => {
    const bytes = async (workspaceId: string, id: string): Promise<Uint8Array> => Buffer.concat(await (await appFiles.read(workspaceId, id)).toArray() as Buffer[])
    const part = async (workspaceId: string, { type, uploadFileId, url, mimeType, name }: AppFile): Promise<MessagePart> => ({
      type: 'file', mediaType: known(mimeType) ? mimeType : `${type === 'document' ? 'application' : type}/*`, name,
      data: uploadFileId === null ? new URL(url ?? '') : await bytes(workspaceId, uploadFileId),
    })
    const readable = ({ type }: AppFile, { features = [] }: ModelInfo): boolean => features.includes(ABILITIES[type] ?? '')
    const notes = (files: readonly AppFile[], model: ModelInfo): string[] =>
      files.filter((file) => !readable(file, model)).map(({ name }) => `(A file came along, "${name}", which you cannot read.)`)
    return {
      notes: (files, model) => ({ parts: [], notes: notes(files, model) }),
      of: async (workspaceId, files, model) => ({
        parts: await Promise.all(files.filter((file) => readable(file, model)).map((file) => part(workspaceId, file))), notes: notes(files, model),
      }),
      kept: async (workspaceId, lists) => {
        const ids = [...new Set(lists.flat().flatMap(({ uploadFileId }) => uploadFileId ?? []))]
        const known = ids.length === 0 ? new Map<string, AppFile>() : await appFiles.list(workspaceId, ids)
        return lists.map((files) => files.flatMap((file) => file.uploadFileId === null ? [elsewhere(file)] : known.get(file.uploadFileId) ?? []))
      },
    }
  },
})
