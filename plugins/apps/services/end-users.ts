/** Those who use an app. Its own system knows who they are, and calls each by a text of its choice. */
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { database, service } from '../../../core/index.ts'
import { appErrors } from '../errors.ts'
import { EndUserRecord } from '../models/end-user.ts'
import type { EndUserRow } from '../models/end-user.ts'
import type { App, EndUser, EndUsers } from '../ports.ts'
import { plainText } from './plain-json.ts'

/** All who are not named are one. */
const ANONYMOUS = 'DEFAULT-USER'
const LONGEST = 255
const REMEMBERED = 10_000
const MS = 60_000

/** What a client calls somebody, as it is kept: without NUL, and as well-formed Unicode. Throws 400 where it is too long. */
export const sessionOf = (user: string | undefined): string => {
  const session = plainText(user ?? '')
  if (session === '') return ANONYMOUS
  if (session.length > LONGEST && [...session].length > LONGEST) {
    throw appErrors.inputInvalid(`user takes at most ${LONGEST} characters. Send an id of whoever asks, not a text about them.`, { params: 'user' })
  }
  return session
}

export interface EndUserRecords extends EndUsers {
  /** Throws 404 where the app knows nobody of that id. */
  find(app: Pick<App, 'id' | 'workspaceId'>, id: string): Promise<EndUserRow>
}

const asPort = ({ id, workspace_id, app_id, session_id, is_anonymous }: EndUserRow): EndUser =>
  ({ id, workspaceId: workspace_id, appId: app_id, sessionId: session_id, isAnonymous: is_anonymous })

export const endUserRecords = service('apps.end-users', {
  uses: { db: database, EndUserRecord },
  create: ({ db, EndUserRecord }): EndUserRecords => {
    // A row never changes, and goes only with its app, which is asked for before it.
    const known = new LRUCache<string, EndUser>({ max: REMEMBERED, ttl: MS })
    const take = async (app: Pick<App, 'id' | 'workspaceId'>, session: string): Promise<EndUserRow> => {
      const [found] = await db.query<EndUserRow>('SELECT * FROM end_users WHERE workspace_id = $1 AND app_id = $2 AND session_id = $3', [app.workspaceId, app.id, session])
      if (found) return found
      // Whoever comes at the same moment gets the same row; an app that is just being deleted is waited for, and gets none.
      const [made] = await db.query<EndUserRow>(
        `INSERT INTO end_users (id, workspace_id, app_id, type, session_id, is_anonymous, created_at, updated_at)
         SELECT $1::uuid, workspace_id, id, 'service-api', $4, $5, now(), now() FROM apps WHERE workspace_id = $2 AND id = $3 FOR KEY SHARE
         ON CONFLICT (app_id, session_id) DO UPDATE SET session_id = excluded.session_id RETURNING *`,
        [randomUUID(), app.workspaceId, app.id, session, session === ANONYMOUS])
      if (!made) throw appErrors.appClosed()
      return made
    }
    return {
      take: async (app, user) => {
        const session = sessionOf(user)
        const key = JSON.stringify([app.workspaceId, app.id, session])
        const remembered = known.get(key)
        if (remembered) return remembered
        const taken = asPort(await take(app, session))
        // Not one that a transaction makes and takes back.
        db.afterCommit(() => { known.set(key, taken) })
        return taken
      },
      list: async (workspaceId, ids) => {
        const rows = await db.query<EndUserRow>('SELECT * FROM end_users WHERE workspace_id = $1 AND id = ANY ($2::uuid[])', [workspaceId, ids])
        return new Map(rows.map((row) => [row.id, asPort(row)]))
      },
      find: async ({ workspaceId, id: appId }, id) => {
        const row = await EndUserRecord.findOne({ where: { workspace_id: workspaceId, app_id: appId, id } })
        if (!row) throw appErrors.endUserNotFound()
        return row
      },
    }
  },
})
