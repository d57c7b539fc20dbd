/** What was said before in a conversation. */
import { database, service } from '../../../core/index.ts'
import type { ModelInfo } from '../../models/ports.ts'
import { chatConfig } from '../config.ts'
import { attachments, isSame } from './attachments.ts'
import type { KeptFile } from './attachments.ts'
import { prompting } from './prompting.ts'
import type { Exchange } from './prompting.ts'

/** Messages that are looked at at most. */
const MOST = 200

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
           FROM message_files f WHERE f.workspace_id = m.workspace_id AND f.message_id = m.id AND f.belongs_to = 'user') AS files
         FROM messages m
         WHERE m.workspace_id = $1 AND m.conversation_id = $2 AND m.position < $3 AND m.status IN ('normal', 'stopped') AND m.answer <> '' AND m.query <> ''
           AND m.metadata -> 'moderated' IS NULL
         ORDER BY m.position DESC LIMIT ${MOST}`, [workspaceId, conversationId, position])
      const chosen: { readonly query: string; readonly answer: string; readonly files: readonly KeptFile[] }[] = []
      for (const { files, ...said } of rows) {
        const row = { ...said, files: (files ?? []).filter((file) => !known.some((one) => isSame(one, file))) }
        left -= prompting.tokensOf({ query: row.query, answer: row.answer, files: row.files.length })
        if (left < 0) break
        chosen.unshift(row)
      }
      const lists = await attachments.kept(workspaceId, chosen.map(({ files }) => files))
      return Promise.all(chosen.map(async ({ query, answer }, index) => ({ query, answer, ...await attachments.of(workspaceId, lists[index] ?? [], model) })))
    },
  }),
})
