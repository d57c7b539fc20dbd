/**
 * What the cache remembers of a key. A cache is shared, and whoever can write to it must not be able to let anybody in: every record
 * carries a MAC over its own place and content, so one that was forged, altered, or moved from another key reads as a miss, and an
 * absolute end, so one that was brought back later does too.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { deriveKey, serverConfig, service } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'
import type { Grant, KeyRecord, Right } from '../ports.ts'
import { RIGHTS } from '../rights.ts'

export interface RecognisedKey extends KeyRecord {
  /** The account as which it acts: null where its workspace has no active owner. */
  readonly ownerId: string | null
  /** Milliseconds since 1970 from which this secret is unknown; null: never. */
  readonly expiresAt: number | null
  /** Addresses and ranges from which it may be used; null: anywhere. */
  readonly allowedIps: readonly string[] | null
  /** Requests a minute; null: as many as come. */
  readonly rateLimit: number | null
  /** The strategy that `known` is for; null in a record of the first two versions, which have nothing that a strategy knew. */
  readonly strategy: string | null
  readonly known: Json
}
/** null: there is no such key. */
export type Memory = RecognisedKey | null

const VERSION = 5

export interface Records {
  /** @param expires milliseconds since 1970 */
  encode(hash: string, memory: Memory, expires: number): Json
  /** Undefined where the record cannot be believed or understood. */
  decode(hash: string, record: Json | undefined): Memory | undefined
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)
const isRight = (value: string): value is Right => (RIGHTS as readonly string[]).includes(value)
const isGrant = (value: unknown): value is Grant => {
  const { datasetId, rights } = (value ?? {}) as { datasetId?: unknown; rights?: unknown }
  return isText(datasetId) && isTexts(rights) && rights.every(isRight)
}
const isNullOr = <T>(is: (value: unknown) => value is T) => (value: unknown): value is T | null => value === null || is(value)
const isGrants = isNullOr((value: unknown): value is Grant[] => Array.isArray(value) && value.every(isGrant))
const isTextsOrNull = isNullOr(isTexts)
const isTextOrNull = isNullOr(isText)
const isNumberOrNull = isNullOr((value: unknown): value is number => typeof value === 'number')

/**
 * The first version knew no bound keys, the second no grants, terms, ends and addresses, the third no limit of requests, the fourth no apps. A version says
 * of every key what it has of all that it knows: a missing field is then a fault, not "none".
 */
const sinceThen: readonly Readonly<Record<string, null>>[] = [
  { datasetId: null },
  { grants: null, terms: null, expiresAt: null, allowedIps: null, strategy: null, known: null },
  { rateLimit: null },
  { appId: null },
]
const isVersion = (v: unknown): v is number => typeof v === 'number' && Number.isInteger(v) && v >= 1 && v <= VERSION
/** What a record says, and until when: milliseconds since 1970. */
interface Said { readonly exp: number; readonly memory: Memory }
const read = (body: Record<string, unknown>): Said | undefined => {
  const { v, exp, none } = body
  if (!isVersion(v) || typeof exp !== 'number') return undefined
  if (none === true) return { exp, memory: null }
  const { id, workspaceId, type, ownerId, appId, datasetId, grants, terms, expiresAt, allowedIps, rateLimit, strategy, known } =
    sinceThen.slice(v - 1).reduce<Record<string, unknown>>((all, fields) => ({ ...all, ...fields }), body)
  if (!isText(id) || !isText(workspaceId) || (type !== 'app' && type !== 'dataset') || !isTextOrNull(ownerId)) return undefined
  if (!isTextOrNull(appId) || !isTextOrNull(datasetId) || !isGrants(grants) || terms === undefined) return undefined
  if (!isNumberOrNull(expiresAt) || !isTextsOrNull(allowedIps) || !isNumberOrNull(rateLimit) || !isTextOrNull(strategy) || known === undefined) return undefined
  return { exp, memory: frozen({ id, workspaceId, type, ownerId, appId, datasetId, grants, terms: terms as Json, expiresAt, allowedIps, rateLimit, strategy, known: known as Json }) }
}
/** Many requests share it. */
const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
  return value
}
const atPresent = ({ exp, memory }: Said): Memory | undefined => {
  const now = Date.now()
  return exp <= now ? undefined : typeof memory?.expiresAt === 'number' && memory.expiresAt <= now ? null : memory
}

export const records = service('apiKeys.records', {
  uses: { server: serverConfig },
  create: ({ server }): Records => {
    const key = deriveKey(server, 'api key record')
    // A key brings the same record again and again: one that is letter for letter as it was when its MAC was right is right.
    const believed = new LRUCache<string, { readonly body: string; readonly mac: string; readonly said: Said }>({ max: 1_000 })
    const sign = (hash: string, body: string): Buffer => createHmac('sha256', key).update(`${hash}.${body}`).digest()
    return {
      encode: (hash, memory, exp) => {
        const body = JSON.stringify(memory === null ? { v: VERSION, none: true, exp } : { v: VERSION, ...memory, exp })
        return { body, mac: sign(hash, body).toString('base64') }
      },
      decode: (hash, record) => {
        const { body, mac } = (record ?? {}) as { body?: unknown; mac?: unknown }
        if (!isText(body) || !isText(mac)) return undefined
        const before = believed.get(hash)
        if (before?.body === body && before.mac === mac) return atPresent(before.said)
        const [given, right] = [Buffer.from(mac, 'base64'), sign(hash, body)]
        const said = given.length === right.length && timingSafeEqual(given, right) ? read(JSON.parse(body) as Record<string, unknown>) : undefined
        if (!said) return undefined
        believed.set(hash, { body, mac, said })
        return atPresent(said)
      },
    }
  },
})
