/**
 * What the cache remembers of a key. A cache is shared, and whoever can write to it must not be able to let anybody in: every record
 * carries a MAC over its own place and content, so one that was forged, altered, or moved from another key reads as a miss, and an
 * absolute end, so one that was brought back later does too.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey, serverConfig, service } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'
import type { KeyRecord } from '../ports.ts'

/** A key, and the account as which it acts: null where its workspace has no active owner. */
export interface KnownKey extends KeyRecord { readonly ownerId: string | null }
/** null: there is no such key. */
export type Memory = KnownKey | null

const VERSION = 2

export interface Records {
  encode(hash: string, memory: Memory, expires: number): Json
  /** Undefined where the record cannot be believed or understood. */
  decode(hash: string, record: Json | undefined): Memory | undefined
}

const isText = (value: unknown): value is string => typeof value === 'string'

/** The first version knew no bound keys. Later ones say of every key what it is bound to, so there a missing field is a fault, not "unbound". */
const read = (body: Record<string, unknown>): Memory | undefined => {
  const { v, exp, none, id, workspaceId, type, ownerId } = body
  if ((v !== 1 && v !== VERSION) || typeof exp !== 'number' || exp <= Date.now()) return undefined
  if (none === true) return null
  const datasetId = v === 1 ? null : body['datasetId']
  if (!isText(id) || !isText(workspaceId) || (type !== 'app' && type !== 'dataset')) return undefined
  if ((ownerId !== null && !isText(ownerId)) || (datasetId !== null && !isText(datasetId))) return undefined
  return { id, workspaceId, type, datasetId, ownerId }
}

export const records = service('apiKeys.records', {
  uses: { server: serverConfig },
  create: ({ server }): Records => {
    const key = deriveKey(server, 'api key record')
    const sign = (hash: string, body: string): Buffer => createHmac('sha256', key).update(`${hash}.${body}`).digest()
    return {
      encode: (hash, memory, exp) => {
        const body = JSON.stringify(memory === null ? { v: VERSION, none: true, exp } : { v: VERSION, ...memory, exp })
        return { body, mac: sign(hash, body).toString('base64') }
      },
      decode: (hash, record) => {
        const { body, mac } = (record ?? {}) as { body?: unknown; mac?: unknown }
        if (!isText(body) || !isText(mac)) return undefined
        const [given, right] = [Buffer.from(mac, 'base64'), sign(hash, body)]
        return given.length === right.length && timingSafeEqual(given, right) ? read(JSON.parse(body) as Record<string, unknown>) : undefined
      },
    }
  },
})
