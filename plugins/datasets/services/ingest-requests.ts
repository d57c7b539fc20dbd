/** Requests that are known again by their Idempotency-Key: what was made for one is made once. */
import { createHash } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { datasetErrors, invalid } from '../errors.ts'
import type { DatasetRow } from '../models/dataset.ts'

/** Whose request it is, and under which words they know it. */
export interface RequestKey { readonly actorId: string; readonly key: string }
export interface IngestRequest extends RequestKey {
  /** Of all that the request means; see `fingerprintOf`. */
  readonly fingerprint: string
}
export interface Made { readonly ids: readonly string[]; readonly batch: string }
export interface IngestRequests {
  /** What the same request made. Throws 422 where the key stands for another one. */
  find(dataset: DatasetRow, request: IngestRequest): Promise<Made | undefined>
  /** In the transaction that makes it, with the dataset locked: of requests that race, each waits here for the one before. */
  remember(dataset: DatasetRow, request: IngestRequest, made: Made): Promise<void>
  /** Forgets the old ones and says how many they were. */
  forget(): Promise<number>
}

export const ingestRequests = service('datasets.ingest-requests', {
  uses: { db: database, config: datasetsConfig },
  create: ({ db, config }): IngestRequests => ({
    find: async ({ workspace_id, id }, { actorId, key, fingerprint }) => {
      const [found] = await db.query<{ ids: string[]; batch: string; fingerprint: string }>(
        `SELECT document_ids AS ids, batch, fingerprint FROM ingest_requests
         WHERE workspace_id = $1 AND dataset_id = $2 AND actor_id = $3 AND idempotency_key = $4`, [workspace_id, id, actorId, key])
      if (found && found.fingerprint !== fingerprint) throw datasetErrors.keyReused()
      return found && { ids: found.ids, batch: found.batch }
    },
    remember: async ({ workspace_id, id }, { actorId, key, fingerprint }, { ids, batch }) => {
      await db.query(
        `INSERT INTO ingest_requests (workspace_id, dataset_id, actor_id, idempotency_key, fingerprint, document_ids, batch)
         VALUES ($1, $2, $3, $4, $5, $6::uuid[], $7)`, [workspace_id, id, actorId, key, fingerprint, ids, batch])
    },
    forget: async () => {
      const [gone] = await db.query<{ count: number }>(
        `WITH gone AS (DELETE FROM ingest_requests WHERE created_at < now() - $1 * interval '1 hour' RETURNING 1) SELECT count(*)::int AS count FROM gone`, [config.idempotencyHours])
      return gone?.count ?? 0
    },
  }),
})

/** Undefined where the request bears no key. Throws 400 where it is none. */
export const requestKey = (actorId: string, header: string | undefined): RequestKey | undefined => {
  if (header === undefined) return undefined
  if (!/^[\x20-\x7E]{1,255}$/.test(header)) throw invalid('Idempotency-Key', 'Idempotency-Key takes 1 to 255 printable ASCII characters. Send a fresh UUID for each new request.')
  return { actorId, key: header }
}

/** SHA-256 of a JSON value, hex. The order of fields makes no difference, and one that is undefined is as if it were not there. */
export const fingerprintOf = (meaning: object): string =>
  createHash('sha256').update(JSON.stringify(meaning, (_key, value: unknown) => isPlain(value) ? Object.fromEntries(Object.entries(value).sort(byName)) : value)).digest('hex')
const isPlain = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
const byName = ([one]: [string, unknown], [other]: [string, unknown]): number => one < other ? -1 : 1
