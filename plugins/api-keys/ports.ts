/** API keys, and the strategy that decides what a key reaches. */
import { definePort } from '../../core/index.ts'
import type { Json, ResourceRef } from '../../core/index.ts'

/** Scopes from which a strategy can be built. `scopeOf` is what a key says by itself: its grants, else its dataset, else its workspace. */
export { nothing, ofDatasets, ofWorkspace, scopeOf } from './services/scopes.ts'

export type KeyType = 'app' | 'dataset'
/** What a key may do to a dataset. Each contains those before it; `rights.ts` says which permissions each one stands for. */
export type Right = 'retrieve' | 'read' | 'write' | 'manage'
/** Ids are canonical, lower case. */
export interface Grant { readonly datasetId: string; readonly rights: readonly Right[] }

/** What is known of a key once its secret was recognised. Of `datasetId`, `grants` and `terms` at most one is not null. */
export interface KeyRecord {
  readonly id: string
  readonly workspaceId: string
  readonly type: KeyType
  /** Of an app key: the app that it is for, and all that it reaches, whatever the strategy. null in a dataset key. */
  readonly appId: string | null
  /** The one dataset to which it is bound; null: the whole workspace, unless one of the next two says otherwise. */
  readonly datasetId: string | null
  /** The datasets that it reaches, and how. Empty: none. */
  readonly grants: readonly Grant[] | null
  /** What the strategy that made the key wrote down of its reach, in its own words. */
  readonly terms: Json
}
/** What somebody asks a new key to reach; what is left out is null. */
export interface KeyRequest {
  readonly type: KeyType
  readonly workspaceId: string
  /** Of an app key; a key of none reaches nothing. */
  readonly appId?: string | null
  readonly datasetId: string | null
  readonly grants?: readonly Grant[] | null
  readonly terms?: Json
}
/** What one key reaches. Decided without I/O: both answer at once. */
export interface Scope {
  /**
   * With an id: whether the key may do this to that resource; ids are UUIDs, whatever their case. With a type and no id: whether the
   * key may ask for the list of all such resources, which the route then filters by `reach`. Without a resource: whether it may use an
   * address that names nothing at all.
   */
  can(permission: string, resource?: ResourceRef): boolean
  /** Exactly the ids (canonical, lower case) for which `can` answers yes, or 'all'. */
  reach(permission: string, type: string): 'all' | readonly string[]
}
/**
 * The scoping strategy. Laws, kept by its contract suite: a key never reaches another workspace; a key bound to a dataset reaches at
 * most that dataset, and no address that names none; one with grants reaches at most what they say; `reach` and `can` agree; fewer
 * grants never reach more; what cannot be expressed is refused at creation and, should such a key exist already, never widened. Which
 * permissions a key of some type may hold at all is not the strategy's concern: a key asks it only for those (see `permissions.ts`).
 */
export interface KeyScope {
  /**
   * What it understands beside a workspace and one dataset. A key that has anything else is not made, reaches nothing, and keeps the
   * server from starting: so a strategy that does not know of grants or terms never has to look for them.
   */
  readonly expresses?: readonly ('grants' | 'terms')[]
  /** Throws an `HttpError` (400) where this strategy cannot express the request. Asked for every bound key at start, too. */
  check(request: KeyRequest): void
  /**
   * What the strategy must know of the key from elsewhere: read once, remembered with the key for a minute, and given to `scope`.
   * Whoever changes it calls `ApiKeys.changing`.
   */
  load?(key: KeyRecord): Promise<Json>
  /** @param known what `load` gave; null where there is no `load` */
  scope(key: KeyRecord, known?: Json): Scope
}
export const keyScope = definePort<KeyScope>('keyScope', { fallback: 'dataset' })

export interface KeyLimits {
  /** From then on the key is unknown; null: never. */
  readonly expiresAt?: Date | null
  /** Addresses and ranges from which it is taken; null: anywhere; empty: nowhere. */
  readonly allowedIps?: readonly string[] | null
  /** Requests a minute, over all processes; null: as many as come. */
  readonly rateLimit?: number | null
}
export interface NewKey extends KeyRequest, KeyLimits {
  readonly name?: string
  /** The account that makes it: a key does not outlive what its maker may do. */
  readonly createdBy: string
  /** The secret, where it was made elsewhere; well formed and used by no key, else 400. */
  readonly token?: string
  /** Its id, where it was made elsewhere; that of no key, else 400. */
  readonly id?: string
}
export interface KeyChange extends KeyLimits {
  readonly name?: string
  /** Can only take away. */
  readonly reach?: Pick<KeyRequest, 'datasetId' | 'grants'>
}
/** A key as its workspace sees it. */
export interface KnownKey extends KeyRecord, Required<KeyLimits> {
  readonly name: string | null
  readonly createdBy: string
  /** All that is kept of the secret. */
  readonly prefix: string
  readonly last4: string
  readonly lastUsedAt: Date | null
  readonly createdAt: Date
}

export interface ApiKeys {
  /** Makes a key; the secret is told here and never again. */
  create(key: NewKey): Promise<{ readonly id: string; readonly token: string }>
  /** Undefined where the workspace has no such key. */
  find(workspaceId: string, id: string): Promise<KnownKey | undefined>
  /** Every dataset key of the workspace, the newest first. */
  list(workspaceId: string): Promise<readonly KnownKey[]>
  /** Every key of the app, the newest first. */
  ofApp(workspaceId: string, appId: string): Promise<readonly KnownKey[]>
  /** Whether this is the secret of the key, not of an earlier rotation. */
  isSecretOf(workspaceId: string, id: string, token: string): Promise<boolean>
  /** Holds everywhere once it has committed. Throws 404, and 400 where the key would reach more. */
  change(workspaceId: string, id: string, change: KeyChange): Promise<void>
  /** Gives the key another secret, `token` or one that it makes; the old one is taken for so many seconds more. Throws 404. */
  rotate(workspaceId: string, id: string, overlapSeconds: number, token?: string): Promise<{ readonly token: string }>
  /** The key is refused everywhere once this has committed. Throws 404. */
  remove(workspaceId: string, id: string): Promise<void>
  /** As `remove`, of a key of the app. */
  removeOfApp(workspaceId: string, appId: string, id: string): Promise<void>
  /** A secret of the form that `create` and `rotate` take, which no key has. */
  newSecret(type: KeyType, bound: boolean): string
  /** The kind of key that this server would take it for; undefined for what it refuses whoever has it. */
  typeOf(secret: string): KeyType | undefined
  /**
   * For a strategy that loads: call it inside the transaction that changes what the keys with these terms reach. Once that has
   * committed, no process believes what was loaded before. Throws where they cannot be told; let it, and nothing has changed.
   */
  changing(workspaceId: string, terms: Json): Promise<void>
}
export const apiKeys = definePort<ApiKeys>('apiKeys')
