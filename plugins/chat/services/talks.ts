/** Conversations as those see them who build the app: with who talked, how much, and what was thought of it. As many statements for one as for a hundred. */
import { database, service } from '../../../core/index.ts'
import { endUsers } from '../../apps/ports.ts'
import type { App } from '../../apps/ports.ts'
import { audit } from '../../audit/ports.ts'
import { accounts } from '../../auth/ports.ts'
import type { ConversationRow } from '../models/conversation.ts'
import type { ConversationFilter } from '../schemas/console.ts'
import { conversations } from './conversations.ts'
import { everybody } from './visits.ts'

export interface Talk extends ConversationRow {
  readonly messages: number
  readonly failed: number
  readonly ratings: Readonly<Record<'user' | 'admin', { readonly like: number; readonly dislike: number }>>
  /** What was asked first, and the answer; undefined where nothing was asked. */
  readonly first: { readonly inputs: Record<string, unknown>; readonly query: string; readonly answer: string } | undefined
  /** As the app's own system calls the end user; null for an account. */
  readonly session: string | null
  readonly account: string | null
}
export interface Talks {
  list(app: App, filter: ConversationFilter): Promise<{ readonly rows: readonly Talk[]; readonly total: number }>
  /** Throws 404. */
  find(app: App, id: string): Promise<Talk>
  /** As a person does it, which is written down. Throws 404. */
  remove(app: App, id: string): Promise<void>
}

interface Counts { conversation_id: string; messages: number; failed: number; user_like: number; user_dislike: number; admin_like: number; admin_dislike: number }
interface First { conversation_id: string; inputs: Record<string, unknown>; query: string; answer: string }
const byConversation = <T extends { conversation_id: string }>(rows: readonly T[]): ReadonlyMap<string, T> => new Map(rows.map((row) => [row.conversation_id, row]))

const COUNTS = `SELECT m.conversation_id, count(*)::int AS messages, count(*) FILTER (WHERE m.status = 'error')::int AS failed,
  count(*) FILTER (WHERE u.rating = 'like')::int AS user_like, count(*) FILTER (WHERE u.rating = 'dislike')::int AS user_dislike,
  count(*) FILTER (WHERE a.rating = 'like')::int AS admin_like, count(*) FILTER (WHERE a.rating = 'dislike')::int AS admin_dislike
  FROM messages m
  LEFT JOIN message_feedbacks u ON u.workspace_id = m.workspace_id AND u.message_id = m.id AND u.from_source = 'user'
  LEFT JOIN message_feedbacks a ON a.workspace_id = m.workspace_id AND a.message_id = m.id AND a.from_source = 'admin'
  WHERE m.workspace_id = $1 AND m.conversation_id = ANY ($2::uuid[]) GROUP BY m.conversation_id`
const FIRST = `SELECT DISTINCT ON (conversation_id) conversation_id, inputs, query, answer FROM messages
  WHERE workspace_id = $1 AND conversation_id = ANY ($2::uuid[]) ORDER BY conversation_id, position`
const MATCHES = `c.workspace_id = $1 AND c.app_id = $2 AND ($3 = '' OR strpos(lower(c.name), lower($3)) > 0 OR EXISTS (
  SELECT 1 FROM messages m WHERE m.workspace_id = c.workspace_id AND m.conversation_id = c.id
  AND (strpos(lower(m.query), lower($3)) > 0 OR strpos(lower(m.answer), lower($3)) > 0)))`

export const talks = service('chat.talks', {
  uses: { db: database, audit, accounts, endUsers, conversations },
  create: ({ db, audit, accounts, endUsers, conversations }): Talks => {
    const fill = async (workspaceId: string, rows: readonly ConversationRow[]): Promise<readonly Talk[]> => {
      if (rows.length === 0) return []
      const of = [workspaceId, rows.map(({ id }) => id)]
      const people = (column: 'end_user_id' | 'account_id'): string[] => [...new Set(rows.flatMap(({ [column]: id }) => id === null ? [] : [id]))]
      const [counts, firsts, users, names] = await Promise.all([
        db.query<Counts>(COUNTS, of).then(byConversation), db.query<First>(FIRST, of).then(byConversation),
        endUsers.list(workspaceId, people('end_user_id')), accounts.names(workspaceId, people('account_id')),
      ])
      return rows.map((row) => {
        const count = counts.get(row.id)
        return {
          ...row, messages: count?.messages ?? 0, failed: count?.failed ?? 0, first: firsts.get(row.id),
          ratings: {
            user: { like: count?.user_like ?? 0, dislike: count?.user_dislike ?? 0 }, admin: { like: count?.admin_like ?? 0, dislike: count?.admin_dislike ?? 0 },
          },
          session: row.end_user_id === null ? null : users.get(row.end_user_id)?.sessionId ?? null,
          account: row.account_id === null ? null : names.get(row.account_id) ?? null,
        }
      })
    }
    return {
      list: async ({ id, workspaceId }, { keyword, start, end, sort_by: sort, page, limit }) => {
        const column = sort.replace('-', '') as 'created_at' | 'updated_at'
        const order = sort.startsWith('-') ? 'DESC' : 'ASC'
        const matches = `FROM conversations c WHERE ${MATCHES} AND ($4::timestamptz IS NULL OR c.${column} >= $4) AND ($5::timestamptz IS NULL OR c.${column} < $5)`
        const values = [workspaceId, id, keyword, start ?? null, end ?? null]
        const [rows, [counted]] = await Promise.all([
          db.query<ConversationRow>(`SELECT c.* ${matches} ORDER BY c.${column} ${order}, c.id LIMIT $6 OFFSET $7`, [...values, limit, (page - 1) * limit]),
          db.query<{ total: number }>(`SELECT count(*)::int AS total ${matches}`, values),
        ])
        return { rows: await fill(workspaceId, rows), total: counted?.total ?? 0 }
      },
      find: async (app, id) => {
        const [found] = await fill(app.workspaceId, [await conversations.find(everybody(app), id)])
        return found as Talk
      },
      remove: (app, id) => db.transaction(async () => {
        const { name } = await conversations.remove(everybody(app), id)
        await audit.record({ workspaceId: app.workspaceId, action: 'conversation.deleted', resource: { type: 'conversation', id, name }, details: { app_id: app.id } })
      }),
    }
  },
})
