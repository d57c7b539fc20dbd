import { database, defineAdapter } from '../../../core/index.ts'
import { messages } from '../ports.ts'
import type { KnownMessage } from '../ports.ts'

export const builtinMessages = defineAdapter(messages, 'builtin', {
  uses: { db: database },
  create: ({ db }) => ({
    find: async ({ workspaceId, id: appId }, id) => (await db.query<KnownMessage>(
      `SELECT id, conversation_id AS "conversationId", query, answer FROM messages WHERE workspace_id = $1 AND app_id = $2 AND id = $3`, [workspaceId, appId, id]))[0],
  }),
})
