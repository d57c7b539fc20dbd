/** What people think of answers: one opinion of each side, the end user's and that of those who build the app. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { chatErrors, invalid } from '../errors.ts'
import type { FeedbackRow } from '../models/feedback.ts'
import type { Page } from '../schemas/common.ts'
import type { Rating } from '../schemas/feedback.ts'
import type { Reach } from './visits.ts'

export type Rater = { readonly side: 'user'; readonly id: string } | { readonly side: 'admin'; readonly id: string }
export interface Feedbacks {
  /** null takes the opinion of this side back. Throws 404 for a message out of reach, 400 where there is nothing to take back. */
  give(reach: Reach, messageId: string, rater: Rater, rating: Rating | null, content?: string | null): Promise<void>
  /** Of the whole app, the newest first. */
  list(app: { readonly workspaceId: string; readonly id: string }, page: Page): Promise<readonly FeedbackRow[]>
}

const REACHED = `FROM messages m JOIN conversations c ON c.workspace_id = m.workspace_id AND c.id = m.conversation_id
  WHERE m.workspace_id = $1 AND m.app_id = $2 AND ($3::uuid IS NULL OR c.end_user_id = $3) AND m.id = $4`

export const feedbacks = service('chat.feedbacks', {
  uses: { db: database },
  create: ({ db }): Feedbacks => ({
    give: async (reach, messageId, { side, id }, rating, content = null) => {
      const of = [reach.workspaceId, reach.appId, reach.endUserId, messageId]
      if (rating !== null) {
        // The message is held, since somebody may delete its conversation meanwhile.
        const [given] = await db.query(
          `WITH held AS (SELECT m.workspace_id, m.app_id, m.conversation_id, m.id ${REACHED} FOR KEY SHARE OF m)
           INSERT INTO message_feedbacks (id, workspace_id, app_id, conversation_id, message_id, rating, content, from_source, from_end_user_id, from_account_id, created_at, updated_at)
           SELECT $5, workspace_id, app_id, conversation_id, id, $6, $7, $8, $9, $10, now(), now() FROM held
           ON CONFLICT (message_id, from_source) DO UPDATE SET rating = excluded.rating, content = excluded.content,
             from_end_user_id = excluded.from_end_user_id, from_account_id = excluded.from_account_id, updated_at = excluded.updated_at
           RETURNING id`, [...of, randomUUID(), rating, content, side, side === 'user' ? id : null, side === 'admin' ? id : null])
        if (!given) throw chatErrors.messageNotFound()
        return
      }
      const [state] = await db.query<{ known: boolean; gone: boolean }>(
        `WITH reached AS (SELECT m.workspace_id, m.id ${REACHED}),
         taken AS (DELETE FROM message_feedbacks f USING reached r WHERE f.workspace_id = r.workspace_id AND f.message_id = r.id AND f.from_source = $5 RETURNING f.id)
         SELECT EXISTS (SELECT 1 FROM reached) AS known, EXISTS (SELECT 1 FROM taken) AS gone`, [...of, side])
      if (!state?.known) throw chatErrors.messageNotFound()
      if (!state.gone) throw invalid('rating', 'This message has no feedback that could be taken back. Send rating: "like" or "dislike" to give one.')
    },
    list: ({ workspaceId, id }, { page, limit }) => db.query<FeedbackRow>(
      'SELECT * FROM message_feedbacks WHERE workspace_id = $1 AND app_id = $2 ORDER BY created_at DESC, id LIMIT $3 OFFSET $4',
      [workspaceId, id, limit, (page - 1) * limit]),
  }),
})
