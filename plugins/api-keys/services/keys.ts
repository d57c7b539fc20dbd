/** The keys of a workspace: made, listed, deleted. */
import { randomUUID } from 'node:crypto'
import { Op } from 'sequelize'
import { database, service } from '../../../core/index.ts'
import { datasets } from '../../datasets/ports.ts'
import { apiKeysConfig } from '../config.ts'
import { keyErrors } from '../errors.ts'
import { ApiToken } from '../models/api-token.ts'
import type { ApiTokenRow } from '../models/api-token.ts'
import { keyScope } from '../ports.ts'
import type { KeyRequest } from '../ports.ts'
import { lookup } from './lookup.ts'
import { hasher, last4Of, newToken, prefixOf } from './secrets.ts'

export interface NewKey extends KeyRequest { readonly name?: string; readonly createdBy: string }
export interface Keys {
  /** Throws 400 where the scope cannot be expressed or the limit is reached, 404 where the dataset is not in the workspace. */
  create(request: NewKey): Promise<{ readonly row: ApiTokenRow; readonly token: string }>
  /** Newest first: every dataset key of the workspace, or those that reach one dataset (its own and the workspace-wide). */
  list(workspaceId: string, datasetId?: string): Promise<readonly ApiTokenRow[]>
  /** Resolves once the key is refused everywhere. Throws 404 where there is none of this id in the workspace, or bound to the dataset. */
  remove(workspaceId: string, id: string, datasetId?: string): Promise<void>
  /** Part of the transaction that deletes a dataset. */
  removeBound(workspaceId: string, datasetId: string): Promise<void>
}

export const keys = service('apiKeys.keys', {
  uses: { db: database, config: apiKeysConfig, datasets, keyScope, lookup, hasher, ApiToken },
  create: ({ db, config, datasets, keyScope, lookup, hasher, ApiToken }): Keys => {
    /** One at a time per workspace: the limit is not overrun, and no key is bound to a dataset that is being deleted. */
    const lock = (workspaceId: string) => db.query(`SELECT pg_advisory_xact_lock(hashtextextended('api-keys ' || $1::text, 0))`, [workspaceId])

    /** How many keys would reach the dataset beside the new one; for a workspace-wide key, the dataset that most keys reach counts. */
    const reaching = async ({ workspaceId, type, datasetId }: KeyRequest): Promise<number> => {
      const [row] = await db.query<{ count: number }>(
        `SELECT (SELECT count(*) FROM api_tokens WHERE workspace_id = $1 AND type = $2 AND dataset_id IS NULL)::int
           + coalesce((SELECT max(n) FROM (SELECT count(*) AS n FROM api_tokens WHERE workspace_id = $1 AND type = $2 AND dataset_id IS NOT NULL
               AND ($3::uuid IS NULL OR dataset_id = $3::uuid) GROUP BY dataset_id) AS bound), 0)::int AS count`, [workspaceId, type, datasetId])
      return row?.count ?? 0
    }
    const requireDataset = async (workspaceId: string, datasetId: string): Promise<void> => {
      if ((await datasets.existing(workspaceId, [datasetId])).length === 0) throw keyErrors.datasetMissing()
    }
    return {
      create: (request) => db.transaction(async () => {
        const { workspaceId, type, datasetId, name = null, createdBy } = request
        await lock(workspaceId)
        if (datasetId !== null) await requireDataset(workspaceId, datasetId)
        keyScope.check(request)
        if (await reaching(request) >= config.limit) {
          throw keyErrors.tooManyKeys(`There are ${config.limit} keys already that reach ${datasetId === null ? 'a dataset of this workspace' : 'this dataset'}, which is the limit. Delete one first.`)
        }
        const token = newToken(type, datasetId !== null)
        const row = await ApiToken.create({
          id: randomUUID(), workspace_id: workspaceId, type, app_id: null, dataset_id: datasetId, name, prefix: prefixOf(token), last4: last4Of(token),
          token_hash: hasher.hash(token), pepper_id: hasher.pepperId, created_by: createdBy, last_used_at: null, created_at: new Date(),
        })
        return { row, token }
      }),
      list: async (workspaceId, datasetId) => {
        if (datasetId !== undefined) await requireDataset(workspaceId, datasetId)
        return ApiToken.findAll({
          where: { workspace_id: workspaceId, type: 'dataset', ...datasetId === undefined ? {} : { dataset_id: { [Op.or]: [{ [Op.is]: null }, datasetId] } } },
          order: [['created_at', 'DESC'], ['id', 'DESC']],
        })
      },
      remove: async (workspaceId, id, datasetId) => {
        const [row] = await db.query<{ token_hash: string }>(
          `DELETE FROM api_tokens WHERE workspace_id = $1 AND id = $2 AND type = 'dataset' AND ($3::uuid IS NULL OR dataset_id = $3::uuid)
           RETURNING token_hash`, [workspaceId, id, datasetId ?? null])
        if (!row) throw keyErrors.keyMissing()
        await lookup.seal([row.token_hash])
      },
      removeBound: async (workspaceId, datasetId) => {
        await lock(workspaceId)
        const gone = await db.query<{ token_hash: string }>(
          'DELETE FROM api_tokens WHERE workspace_id = $1 AND dataset_id = $2 RETURNING token_hash', [workspaceId, datasetId])
        db.afterCommit(() => lookup.seal(gone.map(({ token_hash }) => token_hash)))
      },
    }
  },
})
