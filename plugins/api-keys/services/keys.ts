/** The keys of a workspace: made, changed, rotated, deleted. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'
import { datasets } from '../../datasets/ports.ts'
import { apiKeysConfig } from '../config.ts'
import { keyErrors } from '../errors.ts'
import { ApiToken, ApiTokenGrant } from '../models/api-token.ts'
import type { KeyRow } from '../models/api-token.ts'
import type { Grant, KeyRequest } from '../ports.ts'
import { within } from '../rights.ts'
import { keyRows } from './key-rows.ts'
import { lookup } from './lookup.ts'
import { hasher, last4Of, newToken, prefixOf } from './secrets.ts'
import { strategy } from './strategy.ts'

export interface KeyLimits { readonly expiresAt?: Date | null; readonly allowedIps?: readonly string[] | null }
export interface NewKey extends KeyRequest, KeyLimits { readonly name?: string; readonly createdBy: string }
export interface KeyChange extends KeyLimits { readonly name?: string; readonly reach?: Pick<KeyRequest, 'datasetId' | 'grants'> }
export interface MadeKey { readonly row: KeyRow; readonly token: string }
export interface Keys {
  /** Throws 400 where the scope cannot be expressed, the limit is reached or a granted dataset is not in the workspace, 404 where the one bound dataset is not. */
  create(request: NewKey): Promise<MadeKey>
  /** Resolves once it holds everywhere. Throws 404, and 400 where the key would reach more than before. */
  change(workspaceId: string, id: string, change: KeyChange): Promise<KeyRow>
  /** Gives the key another secret; the old one is taken for so many seconds more. Throws 404. */
  rotate(workspaceId: string, id: string, overlapSeconds: number): Promise<MadeKey>
  /** Resolves once the key is refused everywhere. Throws 404 where there is none of this id in the workspace, or bound to the dataset. */
  remove(workspaceId: string, id: string, datasetId?: string): Promise<void>
  /** Part of the transaction that deletes a dataset: what is left of a key is never more than it was. */
  removeDataset(workspaceId: string, datasetId: string): Promise<void>
  /** See `ApiKeys`. */
  changing(workspaceId: string, terms: Json): Promise<void>
  /** Throws 404 where the dataset is not in the workspace. */
  requireDataset(workspaceId: string, datasetId: string): Promise<void>
}

const hashesOf = ({ token_hash, previous_hash }: Pick<KeyRow, 'token_hash' | 'previous_hash'>): string[] => previous_hash === null ? [token_hash] : [token_hash, previous_hash]
const everything = (datasetId: string): Grant[] => [{ datasetId, rights: ['manage'] }]
/** Undefined: the whole workspace. */
const grantsOf = ({ datasetId, grants = null }: Pick<KeyRequest, 'datasetId' | 'grants'>): readonly Grant[] | undefined =>
  grants ?? (datasetId === null ? undefined : everything(datasetId))
const narrows = (row: KeyRow, reach: Pick<KeyRequest, 'datasetId' | 'grants'>): boolean => {
  const [before, after] = [grantsOf({ datasetId: row.dataset_id, grants: row.grants }), grantsOf(reach)]
  return row.terms === null && (before === undefined || after !== undefined && within(after, before))
}

export const keys = service('apiKeys.keys', {
  uses: { db: database, config: apiKeysConfig, datasets, strategy, lookup, hasher, rows: keyRows, ApiToken, ApiTokenGrant },
  create: ({ db, config, datasets, strategy, lookup, hasher, rows, ApiToken, ApiTokenGrant }): Keys => {
    /** One at a time per workspace: the limit is not overrun, and no key is bound to a dataset that is being deleted. */
    const lock = (workspaceId: string) => db.query(`SELECT pg_advisory_xact_lock(hashtextextended('api-keys ' || $1::text, 0))`, [workspaceId])

    const requireDataset = async (workspaceId: string, datasetId: string): Promise<void> => {
      if ((await datasets.existing(workspaceId, [datasetId])).length === 0) throw keyErrors.datasetMissing()
    }
    const requireReach = async ({ workspaceId, datasetId, grants = null }: KeyRequest): Promise<void> => {
      if (datasetId !== null) await requireDataset(workspaceId, datasetId)
      const ids = grants?.map((grant) => grant.datasetId) ?? []
      if (new Set(ids).size < ids.length) throw keyErrors.grantRepeated()
      if (ids.length > 0 && (await datasets.existing(workspaceId, ids)).length < ids.length) throw keyErrors.datasetsMissing()
    }
    // A grant without a right says nothing.
    const addGrants = (workspaceId: string, id: string, grants: readonly Grant[]) => ApiTokenGrant.bulkCreate(
      grants.filter(({ rights }) => rights.length > 0).map(({ datasetId, rights }) => ({ workspace_id: workspaceId, token_id: id, dataset_id: datasetId, rights: [...rights] })))
    const secret = (type: KeyRequest['type'], bound: boolean) => {
      const token = newToken(type, bound)
      return { token, columns: { prefix: prefixOf(token), last4: last4Of(token), token_hash: hasher.hash(token), pepper_id: hasher.pepperId } }
    }
    return {
      requireDataset,
      create: (request) => db.transaction(async () => {
        const { workspaceId, type, datasetId, grants = null, terms = null, name = null, createdBy, expiresAt = null, allowedIps = null } = request
        await lock(workspaceId)
        await requireReach(request)
        strategy.check(request)
        if (await rows.reaching(request) >= config.limit) {
          throw keyErrors.tooManyKeys(`There are ${config.limit} keys already that reach ${datasetId === null ? 'a dataset of this workspace' : 'this dataset'}, which is the limit. Delete one first.`)
        }
        const { token, columns } = secret(type, datasetId !== null || grants !== null)
        const id = randomUUID()
        await ApiToken.create({
          id, workspace_id: workspaceId, type, app_id: null, dataset_id: datasetId, granted: grants !== null, ...terms === null ? {} : { terms }, name, ...columns,
          expires_at: expiresAt, allowed_ips: allowedIps && [...allowedIps], created_by: createdBy, last_used_at: null, created_at: new Date(),
        })
        await addGrants(workspaceId, id, grants ?? [])
        return { row: await rows.find(workspaceId, id), token }
      }),
      change: (workspaceId, id, { name, reach, expiresAt, allowedIps }) => db.transaction(async () => {
        await lock(workspaceId)
        const row = await rows.lock(workspaceId, id)
        if (reach) {
          const request = { type: row.type, workspaceId, ...reach }
          await requireReach(request)
          strategy.check(request)
          if (!narrows(row, reach)) throw keyErrors.wouldWiden()
        }
        if (reach || expiresAt !== undefined || allowedIps !== undefined) await lookup.suspend(hashesOf(row))
        const changes = {
          ...name === undefined ? {} : { name }, ...expiresAt === undefined ? {} : { expires_at: expiresAt },
          ...allowedIps === undefined ? {} : { allowed_ips: allowedIps && [...allowedIps] },
          ...reach ? { dataset_id: reach.datasetId, granted: (reach.grants ?? null) !== null } : {},
        }
        if (reach) await ApiTokenGrant.destroy({ where: { workspace_id: workspaceId, token_id: id } })
        if (Object.keys(changes).length > 0) await ApiToken.update(changes, { where: { workspace_id: workspaceId, id } })
        await addGrants(workspaceId, id, reach?.grants ?? [])
        return rows.find(workspaceId, id)
      }),
      rotate: (workspaceId, id, overlapSeconds) => db.transaction(async () => {
        const row = await rows.lock(workspaceId, id)
        await lookup.suspend(hashesOf(row))
        const { token, columns } = secret(row.type, row.dataset_id !== null || row.granted)
        await ApiToken.update({ ...columns, previous_hash: null, previous_expires_at: null }, { where: { workspace_id: workspaceId, id } })
        if (overlapSeconds > 0) {
          await db.query('UPDATE api_tokens SET previous_hash = $3, previous_expires_at = now() + make_interval(secs => $4) WHERE workspace_id = $1 AND id = $2',
            [workspaceId, id, row.token_hash, overlapSeconds])
        }
        return { row: await rows.find(workspaceId, id), token }
      }),
      remove: (workspaceId, id, datasetId) => db.transaction(async () => {
        const row = await rows.lock(workspaceId, id, datasetId)
        await lookup.suspend(hashesOf(row), true)
        await ApiToken.destroy({ where: { workspace_id: workspaceId, id } })
        db.afterCommit(() => lookup.forget(hashesOf(row)))
      }),
      removeDataset: async (workspaceId, datasetId) => {
        await lock(workspaceId)
        const touched = await db.query<Pick<KeyRow, 'id' | 'token_hash' | 'previous_hash'> & { last: boolean }>(
          `SELECT t.id, t.token_hash, t.previous_hash, NOT EXISTS (SELECT 1 FROM api_token_grants g
             WHERE g.workspace_id = t.workspace_id AND g.token_id = t.id AND g.dataset_id <> $2) AS last
           FROM api_tokens t WHERE t.workspace_id = $1 AND (t.dataset_id = $2
             OR EXISTS (SELECT 1 FROM api_token_grants g WHERE g.workspace_id = t.workspace_id AND g.token_id = t.id AND g.dataset_id = $2))
           FOR UPDATE OF t`, [workspaceId, datasetId])
        await lookup.suspend(touched.flatMap(hashesOf), true)
        const gone = touched.filter(({ last }) => last)
        await ApiTokenGrant.destroy({ where: { workspace_id: workspaceId, dataset_id: datasetId } })
        await ApiToken.destroy({ where: { workspace_id: workspaceId, id: gone.map(({ id }) => id) } })
        db.afterCommit(() => lookup.forget(gone.flatMap(hashesOf)))
      },
      changing: async (workspaceId, terms) => {
        // A key that is being made waits too: it must not be used, and remembered, before the end.
        await lock(workspaceId)
        const touched = await db.query<Pick<KeyRow, 'token_hash' | 'previous_hash'>>(
          'SELECT token_hash, previous_hash FROM api_tokens WHERE workspace_id = $1 AND terms = $2::jsonb FOR UPDATE', [workspaceId, JSON.stringify(terms)])
        await lookup.suspend(touched.flatMap(hashesOf))
      },
    }
  },
})
