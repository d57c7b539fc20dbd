import { createHash } from 'node:crypto'
import type { MessageRow } from '../models/message.ts'
import type { MessageFileItem, MessageItem } from '../schemas/message.ts'
import type { ShownFile, ShownMessage } from '../services/message-items.ts'
import { nameIn } from '../text/addresses.ts'
import { seconds } from './time.ts'

export const presentFile = (file: ShownFile): MessageFileItem => ({
  id: file.id, filename: file.known?.name ?? nameIn(file.url), type: file.type, url: file.shownUrl, mime_type: file.known?.mimeType ?? null,
  size: file.known?.size ?? null, transfer_method: file.transfer_method, belongs_to: file.belongs_to, upload_file_id: file.upload_file_id,
})

/** Always the same of the same: sources are part of a message and have no rows of their own. */
const idOf = (message: string, position: number): string => {
  const hex = createHash('sha256').update(`${message}/${position}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
export const presentSources = ({ id, metadata, created_at: created }: MessageRow): Record<string, unknown>[] =>
  (metadata.retriever_resources ?? []).map((source) => ({ id: idOf(id, source.position), message_id: id, created_at: seconds(created), ...source }))

export const statusOf = ({ status }: MessageRow): 'normal' | 'error' => status === 'error' ? 'error' : 'normal'
export const presentUsage = ({ usage }: MessageRow) => ({
  message_tokens: usage?.prompt_tokens ?? 0, answer_tokens: usage?.completion_tokens ?? 0, provider_response_latency: usage?.latency ?? 0,
})

/** As the end user sees it: with the feedback of that side alone. */
export const presentMessage = (message: ShownMessage): MessageItem => {
  const given = message.feedbacks.find(({ from_source: side }) => side === 'user')
  return {
    id: message.id, conversation_id: message.conversation_id, parent_message_id: null, inputs: message.inputs, query: message.query, answer: message.answer,
    status: statusOf(message), error: message.error, message_files: message.files.map(presentFile), feedback: given ? { rating: given.rating } : null,
    retriever_resources: presentSources(message), agent_thoughts: [], extra_contents: [], created_at: seconds(message.created_at),
    ...presentUsage(message), total_tokens: message.usage?.total_tokens ?? 0,
    total_price: message.usage?.total_price ?? null, currency: message.usage?.currency ?? null,
  }
}
