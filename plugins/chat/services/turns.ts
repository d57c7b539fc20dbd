/** Rows of what is asked and answered: one conversation, or one more message of it, and how it ended. */
import { randomUUID } from 'node:crypto'
import { database, queue, service } from '../../../core/index.ts'
import type { AppFile, ConfiguredApp, EndUser } from '../../apps/ports.ts'
import { chatErrors } from '../errors.ts'
import { nameConversation } from '../jobs/name-conversation.ts'
import type { ConversationRow } from '../models/conversation.ts'
import type { MessageMetadata, MessageRow, MessageUsage } from '../models/message.ts'
import { fill } from '../text/filling.ts'
import type { Values } from '../text/filling.ts'
import { firstPoints, sound } from '../text/sound.ts'

export interface SentFile { readonly id: string; readonly file: AppFile }
export interface NewTurn {
  readonly app: ConfiguredApp
  readonly endUser: EndUser
  readonly messageId: string
  readonly conversationId: string
  /** Whether the conversation begins with it. */
  readonly begins: boolean
  readonly inputs: Readonly<Record<string, unknown>>
  readonly values: Values
  readonly query: string
  readonly files: readonly SentFile[]
  /** Those among the inputs, which go along with every question. */
  readonly inputFiles: readonly AppFile[]
  /** Whether a model is to name the conversation. */
  readonly named: boolean
}
export interface Opened { readonly position: number; readonly createdAt: Date }
export interface Ending {
  readonly status: Exclude<MessageRow['status'], 'running'>
  readonly answer: string
  readonly error: string | null
  readonly usage: MessageUsage | null
  readonly metadata: MessageMetadata
}
export interface Turns {
  /** Of this app and this user, and of apps of this mode; throws 404. */
  conversation(app: Pick<ConfiguredApp, 'workspaceId' | 'id'>, endUser: EndUser, id: string): Promise<ConversationRow>
  /** Joins the caller's transaction. Two at once in one conversation come one after the other. Throws 404 where it was deleted meanwhile. */
  open(turn: NewTurn): Promise<Opened>
  /** Joins the caller's transaction; what was deleted meanwhile stays so. */
  end(turn: NewTurn, ending: Ending): Promise<void>
}

/** Until a model, or somebody, has named it: how the question begins. */
const provisionalName = (query: string): string => {
  const line = query.replace(/\s+/g, ' ').trim()
  return line === '' ? 'New conversation' : `${firstPoints(line, 20)}…`
}

export const turns = service('chat.turns', {
  uses: { db: database, jobs: queue },
  create: ({ db, jobs }): Turns => {
    const begin = async ({ app, endUser, conversationId, inputs, values, query }: NewTurn): Promise<void> => {
      await db.query(
        `INSERT INTO conversations (id, workspace_id, app_id, model_config_id, mode, end_user_id, name, inputs, introduction, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now(), now())`,
        [conversationId, app.workspaceId, app.id, app.configId, app.mode, endUser.id, provisionalName(query), JSON.stringify(inputs), sound(fill(app.config.opening_statement, values))])
    }
    /** Holds the conversation until the transaction ends, so that the next message sees this one. */
    const goOn = async ({ app, endUser, conversationId }: NewTurn): Promise<void> => {
      const [row] = await db.query('UPDATE conversations SET updated_at = now() WHERE workspace_id = $1 AND app_id = $2 AND end_user_id = $3 AND id = $4 RETURNING id', [app.workspaceId, app.id, endUser.id, conversationId])
      if (!row) throw chatErrors.conversationNotFound()
    }
    return {
      conversation: async ({ workspaceId, id: appId }, endUser, id) => {
        const [row] = await db.query<ConversationRow>('SELECT * FROM conversations WHERE workspace_id = $1 AND app_id = $2 AND end_user_id = $3 AND id = $4', [workspaceId, appId, endUser.id, id])
        if (!row) throw chatErrors.conversationNotFound()
        return row
      },
      open: async (turn) => {
        const { app, messageId, conversationId, inputs, query, files } = turn
        await (turn.begins ? begin(turn) : goOn(turn))
        const [row] = await db.query<{ position: number; created_at: Date }>(
          `INSERT INTO messages (id, workspace_id, app_id, conversation_id, position, inputs, query, answer, status, created_at, updated_at)
           SELECT $1, $2, $3, $4, coalesce(max(position), 0) + 1, $5, $6, '', 'running', now(), now() FROM messages WHERE workspace_id = $2 AND conversation_id = $4
           RETURNING position, created_at`, [messageId, app.workspaceId, app.id, conversationId, JSON.stringify(inputs), query])
        if (files.length > 0) {
          const columns = [files.map(({ id }) => id), files.map(({ file }) => file.type), files.map(({ file }) => file.transferMethod), files.map(({ file }) => file.url), files.map(({ file }) => file.uploadFileId)]
          await db.query(
            `INSERT INTO message_files (id, workspace_id, message_id, position, belongs_to, type, transfer_method, url, upload_file_id)
             SELECT f.id, $1, $2, f.position, 'user', f.type, f.method, f.url, f.upload
             FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[]) WITH ORDINALITY AS f (id, type, method, url, upload, position)`, [app.workspaceId, messageId, ...columns])
        }
        const { position, created_at: createdAt } = row as NonNullable<typeof row>
        return { position, createdAt }
      },
      end: async ({ app: { workspaceId, id: appId }, messageId, conversationId, begins, named }, { status, answer, error, usage, metadata }) => {
        await db.query(
          `UPDATE messages SET status = $4, answer = $5, error = $6, usage = $7, metadata = $8, updated_at = now() WHERE workspace_id = $1 AND app_id = $2 AND id = $3`,
          [workspaceId, appId, messageId, status, answer, error, usage && JSON.stringify(usage), JSON.stringify(metadata)])
        if (begins && named) await jobs.enqueue(nameConversation, { workspace_id: workspaceId, conversation_id: conversationId }, { group: workspaceId, key: conversationId })
      },
    }
  },
})
/** An id for a file of a message. */
export const sent = (file: AppFile): SentFile => ({ id: randomUUID(), file })
