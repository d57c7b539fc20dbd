/** Files of questions, as a model is shown them. */
import { service } from '../../../core/index.ts'
import { appFiles } from '../../apps/ports.ts'
import type { AppFile, FileType } from '../../apps/ports.ts'
import type { MessagePart, ModelInfo } from '../../models/ports.ts'
import { invalid } from '../errors.ts'
import { nameIn } from '../text/addresses.ts'
import type { Attached } from './prompting.ts'

/** What a model must be able to, in the words of its features, to read a file of the kind; nothing reads the other kinds. */
const ABILITIES: Readonly<Partial<Record<FileType, string>>> = { image: 'vision', document: 'document', audio: 'audio', video: 'video' }

/** As it is kept with a message. */
export type KeptFile = Pick<AppFile, 'type' | 'transferMethod' | 'url' | 'uploadFileId'>
export const isSame = (one: KeptFile, other: KeptFile): boolean => one.uploadFileId === null ? one.url === other.url : one.uploadFileId === other.uploadFileId
const known = (mimeType: string): boolean => mimeType !== '' && mimeType !== 'application/octet-stream'
const elsewhere = ({ type, transferMethod, url }: KeptFile): AppFile => {
  const name = nameIn(url) || (url ?? '')
  return { type, transferMethod, url, uploadFileId: null, name, extension: /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '', mimeType: '', size: null }
}

/** Bytes of the files that a model is shown with a question, and of those that came along before: all of them are in memory at once. */
const [MOST, MOST_EARLIER] = [100 * 1024 * 1024, 20 * 1024 * 1024]

export interface Attachments {
  /** Throws 400 where the files that the model would be shown are too large together. No I/O. */
  check(files: readonly AppFile[], model: ModelInfo): void
  /** A sentence for each file that the model cannot read. No I/O. */
  notes(files: readonly AppFile[], model: ModelInfo): Attached
  /**
   * Pictures and the like for models that can read them; of the others, a sentence each, so that the model does not guess.
   * @param areEarlier of these it does not matter if they cannot be loaded any more
   */
  of(workspaceId: string, files: readonly AppFile[], model: ModelInfo, areEarlier?: readonly AppFile[]): Promise<Attached>
  /** What came along with earlier messages, list by list, the newest last: nothing fails by a file that is gone or too large, which is told instead. */
  earlier(workspaceId: string, lists: readonly (readonly KeptFile[])[], model: ModelInfo): Promise<readonly Attached[]>
  /** Files that were kept with messages, list by list; those that are gone are left out. */
  kept(workspaceId: string, lists: readonly (readonly KeptFile[])[]): Promise<readonly (readonly AppFile[])[]>
}
export const attachments = service('chat.attachments', {
  uses: { appFiles },
  create: ({ appFiles }): Attachments => {
    const bytes = async (workspaceId: string, id: string): Promise<Uint8Array> => Buffer.concat(await (await appFiles.read(workspaceId, id)).toArray() as Buffer[])
    const part = async (workspaceId: string, { type, uploadFileId, url, mimeType, name }: AppFile, isEarlier = false): Promise<MessagePart> => ({
      type: 'file', mediaType: known(mimeType) ? mimeType : `${type === 'document' ? 'application' : type}/*`, name,
      data: uploadFileId === null ? new URL(url ?? '') : await bytes(workspaceId, uploadFileId), ...isEarlier ? { isEarlier } : {},
    })
    const readable = ({ type }: AppFile, { features = [] }: ModelInfo): boolean => features.includes(ABILITIES[type] ?? '')
    const notes = (files: readonly AppFile[], model: ModelInfo): string[] =>
      files.filter((file) => !readable(file, model)).map(({ name }) => `(A file came along, "${name}", which you cannot read.)`)
    const kept: Attachments['kept'] = async (workspaceId, lists) => {
      const ids = [...new Set(lists.flat().flatMap(({ uploadFileId }) => uploadFileId ?? []))]
      const known = ids.length === 0 ? new Map<string, AppFile>() : await appFiles.list(workspaceId, ids)
      return lists.map((files) => files.flatMap((file) => file.uploadFileId === null ? [elsewhere(file)] : known.get(file.uploadFileId) ?? []))
    }
    return {
      kept,
      check: (files, model) => {
        const size = files.filter((file) => readable(file, model)).reduce((sum, { size }) => sum + (size ?? 0), 0)
        if (size > MOST) throw invalid('files', `The files of this question have ${Math.ceil(size / 1024 / 1024)} MB together, and a model is shown ${MOST / 1024 / 1024} MB at most. Send fewer, or smaller ones.`)
      },
      notes: (files, model) => ({ parts: [], notes: notes(files, model) }),
      of: async (workspaceId, files, model, areEarlier = []) => ({
        parts: await Promise.all(files.filter((file) => readable(file, model)).map((file) => part(workspaceId, file, areEarlier.includes(file)))), notes: notes(files, model),
      }),
      earlier: async (workspaceId, lists, model) => {
        let left = MOST_EARLIER
        const attached: Attached[] = []
        for (const files of [...await kept(workspaceId, lists)].reverse()) {
          const [parts, gone]: [MessagePart[], string[]] = [[], []]
          for (const file of files.filter((one) => readable(one, model))) {
            const one = (left -= file.size ?? 0) < 0 ? undefined : await part(workspaceId, file, true).catch(() => undefined)
            if (one) parts.push(one)
            else gone.push(`(A file came along, "${file.name}", which is not shown any more.)`)
          }
          attached.unshift({ parts, notes: [...notes(files, model), ...gone] })
        }
        return attached
      },
    }
  },
})
