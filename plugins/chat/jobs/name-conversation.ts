import Joi from 'joi'
import { database, job } from '../../../core/index.ts'
import { naming } from '../services/naming.ts'

export interface NamingTask { readonly workspace_id: string; readonly conversation_id: string }
/** Gives a conversation a title once its first question was answered. Whoever named it meanwhile has the last word; what moderation kept from a model names nothing. */
export const nameConversation = job('chat.name-conversation', {
  payload: Joi.object<NamingTask, true>({ workspace_id: Joi.string().required(), conversation_id: Joi.string().required() }),
  retries: 2,
  concurrency: 4,
  uses: { db: database, naming },
  handle: async ({ payload: { workspace_id: workspaceId, conversation_id: id }, signal }, { db, naming }) => {
    const [first] = await db.query<{ query: string }>(
      `SELECT m.query FROM conversations c JOIN messages m ON m.workspace_id = c.workspace_id AND m.conversation_id = c.id
       WHERE c.workspace_id = $1 AND c.id = $2 AND NOT c.is_named AND NOT m.metadata ? 'moderated' ORDER BY m.position LIMIT 1`, [workspaceId, id])
    if (!first) return
    const title = await naming.title(workspaceId, first.query, signal)
    await db.query('UPDATE conversations SET name = $3, is_named = true WHERE workspace_id = $1 AND id = $2 AND NOT is_named', [workspaceId, id, title])
  },
})
