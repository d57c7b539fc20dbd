/** API keys, and the strategy that decides what a key reaches. */
import { definePort } from '../../core/index.ts'
import type { ResourceRef } from '../../core/index.ts'

export type KeyType = 'app' | 'dataset'
/** What is known of a key once its secret was recognised. */
export interface KeyRecord {
  readonly id: string
  readonly workspaceId: string
  readonly type: KeyType
  /** The one dataset to which it is bound; null: the whole workspace. */
  readonly datasetId: string | null
}
/** What somebody asks a new key to reach. */
export interface KeyRequest {
  readonly type: KeyType
  readonly workspaceId: string
  readonly datasetId: string | null
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
 * most that dataset, and no address that names none; `reach` and `can` agree; what cannot be expressed is refused at creation and,
 * should such a key exist already, never widened. Which permissions a key of some type may hold at all is not the strategy's concern:
 * a key asks it only for those (see `permissions.ts`).
 */
export interface KeyScope {
  /** Throws an `HttpError` (400) where this strategy cannot express the request. */
  check(request: KeyRequest): void
  scope(key: KeyRecord): Scope
}
export const keyScope = definePort<KeyScope>('keyScope', { fallback: 'dataset' })

export interface ApiKeys {
  /** Makes a key; the secret is told here and never again. */
  create(request: KeyRequest & { readonly name?: string; readonly createdBy: string }): Promise<{ readonly id: string; readonly token: string }>
}
export const apiKeys = definePort<ApiKeys>('apiKeys')
