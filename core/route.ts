/** One HTTP operation, said once: validation, access, the API description and the access tests all come from it. */
import type { Readable } from 'node:stream'
import type Joi from 'joi'
import type Koa from 'koa'
import type { ErrorSpec } from './errors.ts'
import type { Deps, Uses } from './plugin.ts'
import type { Logger } from './ports.ts'

/** Who asks, and what it may touch. Everything is decided from what authentication loaded: no I/O. */
export interface Actor {
  readonly kind: 'account' | 'key' | 'end-user' | 'anonymous'
  readonly id: string
  readonly workspaceId: string
  /** The account as which it acts: rows that it makes are created by this account. */
  readonly accountId?: string
  readonly appId?: string
  /**
   * With an id: whether it may do this to that resource. With a type and no id: whether it may ask for the list of all such resources,
   * which the handler then filters by `reach`. Without a resource: whether it may use an address that names nothing.
   */
  can(permission: string, resource?: ResourceRef): boolean
  /** The resources of a type on which it holds the permission, for lists and retrieval over many. */
  reach(permission: string, type: string): 'all' | readonly string[]
}
export interface ResourceRef { readonly type: string; readonly id?: string }

/** Which kind of credential a route takes. A key of another kind is an unknown key: 401. */
export type Credential = 'app' | 'dataset' | 'account' | 'none'
/** service: `/v1`, console: `/console/api`, root: no prefix. */
export type Surface = 'service' | 'console' | 'root'

/**
 * What a route touches: the resource named by a parameter, the key's own app, a list that the handler filters by the actor's reach,
 * the workspace as a whole, or nothing that belongs to anybody.
 */
export type Resource =
  | { readonly dataset: `params.${string}` | `body.${string}` | 'filtered' }
  | { readonly app: 'key' | `params.${string}` | 'filtered' }
  | 'workspace'
  | 'none'

/** A file that was received and stored. It is removed after the request unless `keep()` was called. */
export interface UploadedFile {
  readonly field: string
  /** As the client sent it: a label to show, never a path. */
  readonly name: string
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
  /** SHA-256, hex. */
  readonly hash: string
  /** Where `storage` has it. */
  readonly key: string
  keep(): void
}
/** Makes a route take `multipart/form-data`; its text fields are checked by `body`. */
export interface Upload {
  readonly field: string
  readonly required?: boolean
  /** Files at most; 1 unless given. */
  readonly count?: number
  /** Bytes per file; the server's `uploadBytes` unless given. */
  readonly maxBytes?: number
}

export interface ServerEvent { readonly event?: string; readonly id?: string; readonly data?: unknown }
export interface FileBody {
  readonly body: Readable | Buffer
  readonly mediaType: string
  readonly name?: string
  readonly size?: number
  /** `attachment` unless given. */
  readonly disposition?: 'attachment' | 'inline'
}
/** What a route answers with: a Joi schema means JSON of that shape, the rest are made by {@link reply}. */
export interface Reply<R> {
  readonly kind: 'empty' | 'file' | 'events' | 'json-or-events'
  readonly schema?: Joi.Schema
  readonly type?: R
}
export const reply = {
  empty: Object.freeze({ kind: 'empty' }) as Reply<void>,
  file: Object.freeze({ kind: 'file' }) as Reply<FileBody>,
  events: Object.freeze({ kind: 'events' }) as Reply<AsyncIterable<ServerEvent>>,
  jsonOrEvents: <R>(schema: Joi.Schema<R>): Reply<R | AsyncIterable<ServerEvent>> => Object.freeze({ kind: 'json-or-events', schema }),
}

type In<S> = S extends Joi.ObjectSchema<infer T> ? T : undefined
export interface Call<P = any, Q = any, B = any> {
  readonly params: In<P>
  readonly query: In<Q>
  readonly body: In<B>
  readonly files: readonly UploadedFile[]
  readonly actor: Actor
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal
  readonly log: Logger
  readonly ctx: Koa.Context
}

export interface Route<U extends Uses = any, P = any, Q = any, B = any, R = any> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** `{name}` marks a parameter: `/datasets/{dataset_id}`. */
  readonly path: string
  readonly surface: Surface
  readonly credential: Credential
  /** `public`, or a permission that some plugin declares. */
  readonly access: string
  readonly resource: Resource
  readonly summary: string
  readonly description?: string
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly upload?: Upload
  readonly reply?: Joi.Schema<R> | Reply<R>
  /** 200 unless given; 204 for an empty reply. */
  readonly status?: number
  /** Errors of its own that a client may meet, for the API description. */
  readonly errors?: readonly ErrorSpec[]
  readonly uses: U
  handle(call: Call<P, Q, B>, deps: Deps<U>): R | Promise<R>
}

type Shape = Joi.ObjectSchema | undefined
export const route = <
  const U extends Uses = {}, P extends Shape = undefined, Q extends Shape = undefined, B extends Shape = undefined, R = unknown,
>(
  definition: Omit<Route<U, P, Q, B, R>, 'uses' | 'handle'> & {
    uses?: U
    handle(call: Call<P, Q, B>, deps: Deps<U>): NoInfer<R> | Promise<NoInfer<R>>
  },
): Route<U, P, Q, B, R> => Object.freeze({ ...definition, uses: (definition.uses ?? {}) as U })

const prefixes = { service: '/v1', console: '/console/api', root: '' } as const
/** The path as a client sees it, parameters still as `{name}`. */
export const fullPath = (of: Pick<Route, 'surface' | 'path'>): string => prefixes[of.surface] + of.path
