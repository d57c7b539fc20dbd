/** Conversations: found, listed from one on, named and deleted; always within somebody's reach. */
import { database, service } from '../../../core/index.ts'
import type { HttpError } from '../../../core/index.ts'
import { chatErrors, invalid } from '../errors.ts'
import type { ConversationRow } from '../models/conversation.ts'
import type { Sort } from '../schemas/conversation.ts'
import { inputLinks } from './input-links.ts'
import type { Reach } from './visits.ts'

export interface Sliced<T> { readonly rows: readonly T[]; readonly hasMore: boolean }
export interface Conversations {
  /** Throws 404. */
  find(reach: Reach, id: string): Promise<ConversationRow>
  /** Those that come after `lastId` in this order; rows of one moment come in the order of their ids. Throws 404 for an unknown `lastId`. */
  list(reach: Reach, query: { readonly last_id?: string; readonly limit: number; readonly sort_by: Sort }): Promise<Sliced<ConversationRow>>
  /** Throws 404, 400 for an empty name. */
  rename(reach: Reach, id: string, name: string | null | undefined): Promise<ConversationRow>
  /** With all that was said in it. Throws 404. */
  remove(reach: Reach, id: string): Promise<{ readonly name: string }>
}

const WITHIN = 'workspace_id = $1 AND app_id = $2 AND ($3::uuid IS NULL OR end_user_id = $3)'
const within = (reach: Reach): unknown[] => [reach.workspaceId, reach.appId, reach.endUserId]

/** Whoever builds the app has no `user` to look for. */
const missing = ({ endUserId }: Reach): HttpError => endUserId === null ? chatErrors.conversationNotFound('The app has no such conversation.') : chatErrors.conversationNotFound()

export const conversations = service('chat.conversations', {
  uses: { db: database, links: inputLinks },
  create: ({ db, links }): Conversations => {
    const withLinks = async (row: ConversationRow): Promise<ConversationRow> => (await links.fresh([row], ({ id }) => id))[0] as ConversationRow
    return {
      find: async (reach, id) => {
        const [row] = await db.query<ConversationRow>(`SELECT * FROM conversations WHERE ${WITHIN} AND id = $4`, [...within(reach), id])
        if (!row) throw missing(reach)
        return withLinks(row)
      },
      list: async (reach, { last_id: lastId, limit, sort_by: sort }) => {
        const column = sort.replace('-', '') as 'created_at' | 'updated_at'
        const [order, after] = sort.startsWith('-') ? ['DESC', '<'] : ['ASC', '>']
        // As text: a moment has more digits than a Date keeps.
        const last = lastId === undefined ? undefined
          : (await db.query<{ at: string }>(`SELECT ${column}::text AS at FROM conversations WHERE ${WITHIN} AND id = $4`, [...within(reach), lastId]))[0]
        if (lastId !== undefined && !last) throw chatErrors.conversationNotFound('There is no conversation of the id `last_id` of this user. Begin without it.')
        const rows = await db.query<ConversationRow>(
          `SELECT * FROM conversations WHERE ${WITHIN} AND ($4::timestamptz IS NULL OR (${column}, id) ${after} ($4::timestamptz, $5::uuid))
           ORDER BY ${column} ${order}, id ${order} LIMIT $6`, [...within(reach), last?.at ?? null, lastId ?? null, limit + 1])
        return { rows: await links.fresh(rows.slice(0, limit), ({ id }) => id), hasMore: rows.length > limit }
      },
      rename: async (reach, id, given) => {
        const name = given?.trim() ?? ''
        if (name === '') throw invalid('name', 'name is required. Send the name, or auto_generate: true to have one made.')
        const [row] = await db.query<ConversationRow>(
          `UPDATE conversations SET name = $5, is_named = true, updated_at = now() WHERE ${WITHIN} AND id = $4 RETURNING *`, [...within(reach), id, name])
        if (!row) throw missing(reach)
        return withLinks(row)
      },
      remove: async (reach, id) => {
        const [gone] = await db.query<{ name: string }>(`DELETE FROM conversations WHERE ${WITHIN} AND id = $4 RETURNING name`, [...within(reach), id])
        if (!gone) throw missing(reach)
        return gone
      },
    }
  },
})
