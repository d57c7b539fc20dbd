/** Keys as rows, with their grants. */
import { database, service } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'
import { GRANTS } from '../models/api-token.ts'
import type { KeyRow } from '../models/api-token.ts'
import type { KeyRequest } from '../ports.ts'

export interface KeyRows {
  /** Newest first: every dataset key of the workspace, or those that reach one dataset (bound, granted and the workspace-wide). */
  list(workspaceId: string, datasetId?: string): Promise<readonly KeyRow[]>
  /** Newest first. */
  ofApp(workspaceId: string, appId: string): Promise<readonly KeyRow[]>
  /** Of any type. */
  seek(workspaceId: string, id: string): Promise<KeyRow | undefined>
  /** Of any type. Throws 404. */
  find(workspaceId: string, id: string): Promise<KeyRow>
  /** In whatever workspace: for the operator of the server. */
  anywhere(id: string): Promise<KeyRow | undefined>
  /** Inside a transaction: a dataset key, which nobody else changes until the end. With a dataset: only one that is bound to it. Throws 404. */
  lock(workspaceId: string, id: string, datasetId?: string): Promise<KeyRow>
  /** Inside a transaction: every key of the app, or one. Nobody else changes them until the end. */
  lockOfApp(workspaceId: string, appId: string, id?: string): Promise<readonly KeyRow[]>
  /** Inside a transaction: every key of the workspace, or those that one account made. Nobody else changes them until the end. */
  lockAll(workspaceId: string, createdBy?: string): Promise<readonly KeyRow[]>
  /** Inside a transaction: every key that is bound to the dataset or has a grant on it. Nobody else changes them until the end. */
  lockNaming(workspaceId: string, datasetId: string): Promise<readonly KeyRow[]>
  /**
   * Inside a transaction: one at a time per workspace until its end. So the limit is not overrun, and no key is made that what is going
   * on would have ended: for a dataset that is being deleted, by a maker that is being removed.
   */
  queue(workspaceId: string): Promise<void>
  /** Every key that reaches less than its workspace. */
  bound(): Promise<readonly KeyRow[]>
  /** How many keys would reach the app, or a dataset, beside the new one; of the datasets that it would reach, the one counts that most keys do. */
  reaching(request: KeyRequest): Promise<number>
}

export const hashesOf = ({ token_hash, previous_hash }: Pick<KeyRow, 'token_hash' | 'previous_hash'>): string[] => previous_hash === null ? [token_hash] : [token_hash, previous_hash]

const SELECT = `SELECT t.*, ${GRANTS} AS grants FROM api_tokens t`

export const keyRows = service('apiKeys.keyRows', {
  uses: { db: database },
  create: ({ db }): KeyRows => {
    const seek: KeyRows['seek'] = async (workspaceId, id) => (await db.query<KeyRow>(`${SELECT} WHERE t.workspace_id = $1 AND t.id = $2`, [workspaceId, id]))[0]
    return {
      seek,
      list: (workspaceId, datasetId) => db.query<KeyRow>(
        `${SELECT} WHERE t.workspace_id = $1 AND t.type = 'dataset' AND ($2::uuid IS NULL OR t.dataset_id = $2 OR (t.dataset_id IS NULL AND NOT t.granted)
           OR EXISTS (SELECT 1 FROM api_token_grants g WHERE g.workspace_id = t.workspace_id AND g.token_id = t.id AND g.dataset_id = $2))
         ORDER BY t.created_at DESC, t.id DESC`, [workspaceId, datasetId ?? null]),
      ofApp: (workspaceId, appId) => db.query<KeyRow>(`${SELECT} WHERE t.workspace_id = $1 AND t.app_id = $2 ORDER BY t.created_at DESC, t.id DESC`, [workspaceId, appId]),
      lockOfApp: (workspaceId, appId, id) => db.query<KeyRow>(
        `${SELECT} WHERE t.workspace_id = $1 AND t.app_id = $2 AND ($3::uuid IS NULL OR t.id = $3) ORDER BY t.id FOR UPDATE OF t`, [workspaceId, appId, id ?? null]),
      find: async (workspaceId, id) => {
        const row = await seek(workspaceId, id)
        if (!row) throw keyErrors.keyMissing()
        return row
      },
      anywhere: async (id) => (await db.query<KeyRow>(`${SELECT} WHERE t.id = $1`, [id]))[0],
      lock: async (workspaceId, id, datasetId) => {
        const [row] = await db.query<KeyRow>(
          `${SELECT} WHERE t.workspace_id = $1 AND t.id = $2 AND t.type = 'dataset' AND ($3::uuid IS NULL OR t.dataset_id = $3) FOR UPDATE OF t`,
          [workspaceId, id, datasetId ?? null])
        if (!row) throw keyErrors.keyMissing()
        return row
      },
      // In one order, as everybody who locks several.
      lockAll: (workspaceId, createdBy) => db.query<KeyRow>(
        `${SELECT} WHERE t.workspace_id = $1 AND ($2::uuid IS NULL OR t.created_by = $2) ORDER BY t.id FOR UPDATE OF t`, [workspaceId, createdBy ?? null]),
      lockNaming: (workspaceId, datasetId) => db.query<KeyRow>(
        `${SELECT} WHERE t.workspace_id = $1 AND (t.dataset_id = $2
           OR EXISTS (SELECT 1 FROM api_token_grants g WHERE g.workspace_id = t.workspace_id AND g.token_id = t.id AND g.dataset_id = $2))
         ORDER BY t.id FOR UPDATE OF t`, [workspaceId, datasetId]),
      queue: async (workspaceId) => { await db.query(`SELECT pg_advisory_xact_lock(hashtextextended('api-keys ' || $1::text, 0))`, [workspaceId]) },
      bound: () => db.query<KeyRow>(`${SELECT} WHERE t.dataset_id IS NOT NULL OR t.granted OR t.terms IS NOT NULL ORDER BY t.created_at, t.id`),
      reaching: async ({ workspaceId, type, appId = null, datasetId, grants = null }) => {
        if (type === 'app') {
          const [row] = await db.query<{ count: number }>(
            `SELECT count(*)::int AS count FROM api_tokens WHERE workspace_id = $1 AND type = 'app' AND app_id IS NOT DISTINCT FROM $2::uuid`, [workspaceId, appId])
          return row?.count ?? 0
        }
        const ids = grants?.map((grant) => grant.datasetId) ?? (datasetId === null ? null : [datasetId])
        // Keys with no grant reach nothing; they are counted among each other, so that there is an end to them too.
        const [row] = await db.query<{ count: number }>(
          `WITH keys AS (SELECT * FROM api_tokens WHERE workspace_id = $1 AND type = $2),
             reached AS (
               SELECT dataset_id FROM keys WHERE dataset_id IS NOT NULL
               UNION ALL
               SELECT g.dataset_id FROM keys k LEFT JOIN api_token_grants g ON g.workspace_id = k.workspace_id AND g.token_id = k.id WHERE k.granted)
           SELECT (SELECT count(*) FROM keys WHERE dataset_id IS NULL AND NOT granted)::int
             + coalesce((SELECT max(n) FROM (SELECT count(*) AS n FROM reached
                 WHERE $3::uuid[] IS NULL OR dataset_id = ANY ($3::uuid[]) OR (cardinality($3::uuid[]) = 0 AND dataset_id IS NULL)
                 GROUP BY dataset_id) AS bound), 0)::int AS count`, [workspaceId, type, ids])
        return row?.count ?? 0
      },
    }
  },
})
