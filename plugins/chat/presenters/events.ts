/** What a stream tells of one message: the fields that every event has first, then its own. */
import type { HttpError } from '../../../core/index.ts'
import type { AppFile } from '../../apps/ports.ts'
import type { RunEvent } from '../../runs/ports.ts'
import type { AnswerMetadata } from '../schemas/asking.ts'

/** @property conversationId absent where the app only completes @property createdAt epoch seconds, the same in all events */
export interface Place { readonly taskId: string; readonly messageId: string; readonly conversationId?: string; readonly createdAt: number }

/** A file of a message, as the end of a stream tells it. */
export interface EndedFile {
  related_id: string
  extension: string
  filename: string
  size: number
  mime_type: string
  transfer_method: string
  type: string
  url: string
  upload_file_id: string
  remote_url: string
}
export const endedFile = (id: string, file: AppFile, link: (uploadFileId: string) => string): EndedFile => ({
  related_id: id, extension: file.extension === '' ? '' : `.${file.extension}`, filename: file.name, size: file.size ?? 0, mime_type: file.mimeType,
  transfer_method: file.transferMethod, type: file.type, url: file.uploadFileId === null ? file.url ?? '' : link(file.uploadFileId),
  upload_file_id: file.uploadFileId ?? '', remote_url: file.transferMethod === 'remote_url' ? file.url ?? '' : '',
})

const envelope = (event: string, { conversationId, messageId, createdAt }: Place) =>
  ({ event, ...conversationId === undefined ? {} : { conversation_id: conversationId }, message_id: messageId, created_at: createdAt })
const told = (event: string, place: Place, own: object): RunEvent => ({ ...envelope(event, place), task_id: place.taskId, ...own })

export const messageEvents = (place: Place) => ({
  message: (answer: string) => told('message', place, { id: place.messageId, answer, from_variable_selector: [] }),
  replace: (answer: string) => told('message_replace', place, { answer, reason: '' }),
  end: (metadata: AnswerMetadata, files: readonly EndedFile[]) => told('message_end', place, { id: place.messageId, metadata, files }),
  audio: (bytes: Uint8Array) => told('tts_message', place, { audio: Buffer.from(bytes).toString('base64') }),
  audioEnd: () => told('tts_message_end', place, { audio: '' }),
  error: ({ code, message, status }: Pick<HttpError, 'code' | 'message' | 'status'>): RunEvent => ({ ...envelope('error', place), code, message, status }),
})
export type MessageEvents = ReturnType<typeof messageEvents>
