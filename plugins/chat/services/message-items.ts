/** Messages with what belongs to them: files and feedback, in as many statements for one as for a hundred. */
import { database, service } from '../../../core/index.ts'
import { appFiles } from '../../apps/ports.ts'
import type { AppFile } from '../../apps/ports.ts'
import { chatErrors } from '../errors.ts'
import type { FeedbackRow } from '../models/feedback.ts'
import { TOLD } from '../models/message.ts'
import type { MessageFileRow, MessageRow } from '../models/message.ts'
import type { Sliced } from './conversations.ts'
import { inputLinks } from './input-links.ts'
import type { Reach } from './visits.ts'

/** @property url serves it now; null where it is gone */
export interface ShownFile extends MessageFileRow { readonly known: AppFile | undefined; readonly shownUrl: string | null }
export interface ShownMessage extends MessageRow { readonly files: readonly ShownFile[]; readonly feedbacks: readonly FeedbackRow[] }
/** A message, and who asked. */
export interface AskedMessage extends MessageRow { readonly model_config_id: string; readonly end_user_id: string | null; readonly account_id: string | null }
export interface MessageItems {
  /** Throws 404. */
  find(reach: Reach, id: string): Promise<AskedMessage>
  /** The newest `limit` before `firstId`, the oldest first. The conversation is within reach already. Throws 404 for an unknown `firstId`. */
  list(conversation: { readonly workspace_id: string; readonly id: string }, firstId: string | undefined, limit: number): Promise<Sliced<ShownMessage>>
  /** The message and those before it that came to an answer, `count` at most, the oldest first; what moderation kept from a model is left out. */
  answeredUpTo(message: MessageRow, count: number): Promise<readonly Pick<MessageRow, 'query' | 'answer'>[]>
  show(workspaceId: string, rows: readonly MessageRow[]): Promise<readonly ShownMessage[]>
}

/** Messages that are looked through for some that came to an answer. */
const MOST = 50

const byMessage = <T extends { message_id: string }>(rows: readonly T[]): ReadonlyMap<string, readonly T[]> => {
  const found = new Map<string, T[]>()
  for (const row of rows) {
    const of = found.get(row.message_id)
    if (of) of.push(row)
    else found.set(row.message_id, [row])
  }
  return found
}

export const messageItems = service('chat.messageItems', {
  uses: { db: database, files: appFiles, links: inputLinks },
  create: ({ db, files, links }): MessageItems => {
    const show = async (workspaceId: string, rows: readonly MessageRow[]): Promise<readonly ShownMessage[]> => {
      if (rows.length === 0) return []
      const ids = rows.map(({ id }) => id)
      const [linked, sent, feedbacks] = await Promise.all([
        links.fresh(rows, ({ conversation_id: id }) => id),
        db.query<MessageFileRow>('SELECT * FROM message_files WHERE workspace_id = $1 AND message_id = ANY ($2::uuid[]) ORDER BY belongs_to DESC, position, id', [workspaceId, ids]),
        db.query<FeedbackRow>('SELECT * FROM message_feedbacks WHERE workspace_id = $1 AND message_id = ANY ($2::uuid[]) ORDER BY from_source DESC', [workspaceId, ids]),
      ])
      const uploads = sent.flatMap(({ upload_file_id: id }) => id === null ? [] : [id])
      const known = uploads.length === 0 ? new Map<string, AppFile>() : await files.list(workspaceId, [...new Set(uploads)])
      const shown = sent.map((row): ShownFile => {
        const { upload_file_id: id } = row
        const file = id === null ? undefined : known.get(id)
        return { ...row, known: file, shownUrl: id === null ? row.url : file ? files.link(workspaceId, id) : null }
      })
      const [filesOf, feedbackOf] = [byMessage(shown), byMessage(feedbacks)]
      return linked.map((row) => ({ ...row, files: filesOf.get(row.id) ?? [], feedbacks: feedbackOf.get(row.id) ?? [] }))
    }
    return {
      show,
      find: async (reach, id) => {
        const [row] = await db.query<AskedMessage>(
          `SELECT m.*, c.model_config_id, c.end_user_id, c.account_id
           FROM messages m JOIN conversations c ON c.workspace_id = m.workspace_id AND c.id = m.conversation_id
           WHERE m.workspace_id = $1 AND m.app_id = $2 AND ($3::uuid IS NULL OR c.end_user_id = $3) AND m.id = $4`,
          [reach.workspaceId, reach.appId, reach.endUserId, id])
        if (!row) throw reach.endUserId === null ? chatErrors.messageNotFound('The app has no such message.') : chatErrors.messageNotFound()
        return row
      },
      list: async ({ workspace_id: workspaceId, id }, firstId, limit) => {
        const of = [workspaceId, id]
        const first = firstId === undefined ? undefined
          : (await db.query<{ position: number }>('SELECT position FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND id = $3', [...of, firstId]))[0]
        if (firstId !== undefined && !first) throw chatErrors.messageNotFound('The conversation has no message of the id `first_id`. Begin without it.')
        const rows = await db.query<MessageRow>(
          `SELECT * FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND ($3::int IS NULL OR position < $3)
           ORDER BY position DESC LIMIT $4`, [...of, first?.position ?? null, limit + 1])
        return { rows: await show(workspaceId, rows.slice(0, limit).reverse()), hasMore: rows.length > limit }
      },
      answeredUpTo: async ({ workspace_id: workspaceId, conversation_id: conversationId, position }, count) => (await db.query<Pick<MessageRow, 'query' | 'answer'>>(
        `SELECT query, answer FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND position <= $3 AND position > $3 - ${MOST} AND ${TOLD} ORDER BY position DESC LIMIT $4`,
        [workspaceId, conversationId, position, count])).reverse(),
    }
  },
})
