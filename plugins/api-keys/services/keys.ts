/** The keys of a workspace: made, changed, rotated. How they end is in `endings.ts`. */
import { randomUUID, timingSafeEqual } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { accounts } from '../../auth/ports.ts'
import { datasets } from '../../datasets/ports.ts'
import { apiKeysConfig } from '../config.ts'
import { keyErrors } from '../errors.ts'
import { ApiToken, ApiTokenGrant } from '../models/api-token.ts'
import type { KeyRow } from '../models/api-token.ts'
import type { Grant, KeyChange, KeyRequest, NewKey } from '../ports.ts'
import { within } from '../rights.ts'
import { hashesOf, keyRows } from './key-rows.ts'
import { lookup } from './lookup.ts'
import { secrets } from './secrets.ts'
import { strategy } from './strategy.ts'
import { last4Of, prefixOf } from './token.ts'

export interface MadeKey { readonly row: KeyRow; readonly token: string }
export interface Keys {
  /**
   * Throws 400 where the scope cannot be expressed, the limit is reached, a granted dataset is not in the workspace or the given secret
   * is not one that can be taken; 403 where the maker may make none, 404 where the one bound dataset is not there.
   */
  create(request: NewKey): Promise<MadeKey>
  /** Resolves once it holds everywhere. Throws 404, and 400 where the key would reach more than before. */
  change(workspaceId: string, id: string, change: KeyChange): Promise<KeyRow>
  /** Gives the key another secret, one that it makes or the given; the old one is taken for so many seconds more. Throws 404, and 400 as `create`. */
  rotate(workspaceId: string, id: string, overlapSeconds: number, token?: string): Promise<MadeKey>
  /** See `ApiKeys`. */
  isSecretOf(workspaceId: string, id: string, token: string): Promise<boolean>
  /** See `ApiKeys`. */
  changing(workspaceId: string, terms: Json): Promise<void>
}

const everything = (datasetId: string): Grant[] => [{ datasetId, rights: ['manage'] }]
/** Undefined: the whole workspace. */
const grantsOf = ({ datasetId, grants = null }: Pick<KeyRequest, 'datasetId' | 'grants'>): readonly Grant[] | undefined =>
  grants ?? (datasetId === null ? undefined : everything(datasetId))
const narrows = (row: KeyRow, reach: Pick<KeyRequest, 'datasetId' | 'grants'>): boolean => {
  const [before, after] = [grantsOf({ datasetId: row.dataset_id, grants: row.grants }), grantsOf(reach)]
  return row.terms === null && (before === undefined || after !== undefined && within(after, before))
}

export const keys = service('apiKeys.keys', {
  uses: { db: database, config: apiKeysConfig, accounts, audit, datasets, strategy, lookup, secrets, rows: keyRows, ApiToken, ApiTokenGrant },
  create: ({ db, config, accounts, audit, datasets, strategy, lookup, secrets, rows, ApiToken, ApiTokenGrant }): Keys => {
    const record = async (what: string, { workspace_id: workspaceId, id, name }: KeyRow, details: Readonly<Record<string, Json>> = {}): Promise<void> =>
      audit.record({ workspaceId, action: `api-key.${what}`, resource: { type: 'api-key', id, name }, details })

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

    /** Inside the transaction that gives it to the key: nobody else can take the same meanwhile. */
    const secret = async (keyId: string, type: KeyRequest['type'], bound: boolean, given?: string) => {
      const token = given ?? secrets.newToken(type, bound)
      const hash = secrets.hash(token)
      if (given !== undefined) {
        if (secrets.typeOf(given) !== type) throw keyErrors.tokenMalformed()
        await db.query(`SELECT pg_advisory_xact_lock(hashtextextended('api-key secret ' || $1::text, 0))`, [hash])
        const taken = await db.query(
          'SELECT 1 FROM api_tokens WHERE token_hash = ANY ($1) OR (previous_hash = ANY ($1) AND previous_expires_at > now() AND id <> $2)', [secrets.hashes(given), keyId])
        if (taken.length > 0) throw keyErrors.tokenTaken()
        // It may be remembered as unknown: because somebody was too early with it, or because a key that had it was deleted.
        await lookup.suspend([...secrets.hashes(given)])
      }
      return { token, columns: { prefix: prefixOf(token), last4: last4Of(token), token_hash: hash, pepper_id: secrets.pepperId } }
    }
    /** In the transaction that queues for the keys of the workspace; of two workspaces that take one id at once, the table refuses the second. */
    const newId = async (given: string = randomUUID()): Promise<string> => {
      if (await rows.anywhere(given)) throw keyErrors.idTaken()
      return given
    }
    return {
      create: (request) => db.transaction(async () => {
        const { workspaceId, type, appId = null, datasetId, grants = null, terms = null, name = null, createdBy, expiresAt = null, allowedIps = null, rateLimit = null } = request
        await rows.queue(workspaceId)
        if (!await accounts.may(workspaceId, createdBy, type === 'app' ? 'app-key:create' : 'api-key:create')) throw keyErrors.makerMayNot()
        await requireReach(request)
        strategy.check(request)
        if (await rows.reaching(request) >= config.limit) {
          if (type === 'app') throw keyErrors.tooManyAppKeys(`The app has ${config.limit} keys, which is the limit. Delete one first.`)
          throw keyErrors.tooManyKeys(`There are ${config.limit} keys already that reach ${datasetId === null ? 'a dataset of this workspace' : 'this dataset'}, which is the limit. Delete one first.`)
        }
        const id = await newId(request.id)
        const { token, columns } = await secret(id, type, datasetId !== null || grants !== null, request.token)
        await ApiToken.create({
          id, workspace_id: workspaceId, type, app_id: appId, dataset_id: datasetId, granted: grants !== null, ...terms === null ? {} : { terms }, name, ...columns,
          expires_at: expiresAt, allowed_ips: allowedIps && [...allowedIps], rate_limit: rateLimit, created_by: createdBy, last_used_at: null, created_at: new Date(),
        })
        await addGrants(workspaceId, id, grants ?? [])
        const row = await rows.find(workspaceId, id)
        await record('created', row)
        return { row, token }
      }),
      change: (workspaceId, id, { name, reach, expiresAt, allowedIps, rateLimit }) => db.transaction(async () => {
        await rows.queue(workspaceId)
        const row = await rows.lock(workspaceId, id)
        if (reach) {
          const request = { type: row.type, workspaceId, ...reach }
          await requireReach(request)
          strategy.check(request)
          if (!narrows(row, reach)) throw keyErrors.wouldWiden()
        }
        const held = {
          ...expiresAt === undefined ? {} : { expires_at: expiresAt }, ...allowedIps === undefined ? {} : { allowed_ips: allowedIps && [...allowedIps] },
          ...rateLimit === undefined ? {} : { rate_limit: rateLimit },
          ...reach ? { dataset_id: reach.datasetId, granted: (reach.grants ?? null) !== null } : {},
        }
        const changes = { ...name === undefined ? {} : { name }, ...held }
        if (Object.keys(changes).length === 0) return row
        if (Object.keys(held).length > 0) await lookup.suspend(hashesOf(row))
        if (reach) await ApiTokenGrant.destroy({ where: { workspace_id: workspaceId, token_id: id } })
        await ApiToken.update(changes, { where: { workspace_id: workspaceId, id } })
        await addGrants(workspaceId, id, reach?.grants ?? [])
        const changed = await rows.find(workspaceId, id)
        const fields = { name, reach, expires_at: expiresAt, allowed_ips: allowedIps, rate_limit: rateLimit }
        await record('changed', changed, { fields: Object.entries(fields).flatMap(([field, value]) => value === undefined ? [] : [field]) })
        return changed
      }),
      rotate: (workspaceId, id, overlapSeconds, given) => db.transaction(async () => {
        const row = await rows.lock(workspaceId, id)
        await lookup.suspend(hashesOf(row))
        const { token, columns } = await secret(id, row.type, row.dataset_id !== null || row.granted, given)
        await ApiToken.update({ ...columns, previous_hash: null, previous_expires_at: null }, { where: { workspace_id: workspaceId, id } })
        if (overlapSeconds > 0) {
          await db.query('UPDATE api_tokens SET previous_hash = $3, previous_expires_at = now() + make_interval(secs => $4) WHERE workspace_id = $1 AND id = $2',
            [workspaceId, id, row.token_hash, overlapSeconds])
        }
        await record('rotated', row, { overlap_seconds: overlapSeconds })
        return { row: await rows.find(workspaceId, id), token }
      }),
      isSecretOf: async (workspaceId, id, token) => {
        const row = await rows.seek(workspaceId, id)
        return row !== undefined && secrets.hashes(token).filter((hash) => timingSafeEqual(Buffer.from(hash), Buffer.from(row.token_hash))).length > 0
      },
      changing: async (workspaceId, terms) => {
        // A key that is being made waits too: it must not be used, and remembered, before the end.
        await rows.queue(workspaceId)
        const touched = await db.query<Pick<KeyRow, 'token_hash' | 'previous_hash'>>(
          'SELECT token_hash, previous_hash FROM api_tokens WHERE workspace_id = $1 AND terms = $2::jsonb ORDER BY id FOR UPDATE', [workspaceId, JSON.stringify(terms)])
        await lookup.suspend(touched.flatMap(hashesOf))
      },
    }
  },
})
