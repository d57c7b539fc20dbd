/** What was said before in a conversation. */
import { database, service } from '../../../core/index.ts'
import type { ModelInfo } from '../../models/ports.ts'
import { chatConfig } from '../config.ts'
import { TOLD } from '../models/message.ts'
import { attachments, isSame } from './attachments.ts'
import type { KeptFile } from './attachments.ts'
import { nothing, prompting } from './prompting.ts'
import type { Exchange } from './prompting.ts'

/** Messages before the question that are looked at at most. */
const MOST = 200
/** Bytes of a token of text, at most: what is read is bounded before it is counted. */
const BYTES = 64

export interface Remembered { readonly workspaceId: string; readonly conversationId: string; readonly position: number; /** Files that the model is shown anyhow. */ readonly known: readonly KeptFile[] }
export interface Memory {
  /**
   * What was asked and answered before this position, in order: the newest that have room in so many tokens, and in those that the
   * configuration allows. What failed, what still runs and what moderation kept from the model is left out.
   */
  before(message: Remembered, model: ModelInfo, room: number): Promise<readonly Exchange[]>
}
export const memory = service('chat.memory', {
  uses: { db: database, attachments, prompting, config: chatConfig },
  create: ({ db, attachments, prompting, config }): Memory => ({
    before: async ({ workspaceId, conversationId, position, known }, model, room) => {
      let left = Math.min(room, config.memoryTokens)
      if (position === 1 || left <= 0) return []
      const rows = await db.query<{ query: string; answer: string; files: KeptFile[] | null }>(
        `SELECT m.query, m.answer, (
           SELECT jsonb_agg(jsonb_build_object('type', f.type, 'transferMethod', f.transfer_method, 'url', f.url, 'uploadFileId', f.upload_file_id) ORDER BY f.position)
           FROM message_files f WHERE f.workspace_id = $1 AND f.message_id = m.id AND f.belongs_to = 'user') AS files
         FROM (
           SELECT id, position, query, answer, sum(octet_length(query) + octet_length(answer)) OVER (ORDER BY position DESC) AS bytes
           FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND position < $3 AND position >= $3 - ${MOST} AND ${TOLD}) AS m
         WHERE m.bytes <= $4 ORDER BY m.position DESC`, [workspaceId, conversationId, position, Math.min(Math.ceil(left) * BYTES, Number.MAX_SAFE_INTEGER)])
      const chosen: { readonly query: string; readonly answer: string; readonly files: readonly KeptFile[] }[] = []
      for (const { files, ...said } of rows) {
        const row = { ...said, files: (files ?? []).filter((file) => !known.some((one) => isSame(one, file))) }
        left -= prompting.tokensOf({ query: row.query, answer: row.answer, files: row.files.length })
        if (left < 0) break
        chosen.unshift(row)
      }
      const attached = await attachments.earlier(workspaceId, chosen.map(({ files }) => files), model)
      return chosen.map(({ query, answer }, index) => ({ query, answer, ...attached[index] ?? nothing }))
    },
  }),
})
