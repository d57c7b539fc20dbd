/**
 * The contract: the values of which plugins are made. Nothing here runs anything; `kernel.ts` reads these values and does.
 *
 * A plugin declares ports (seams), adapters (implementations of a port), services and models (its own logic), routes and jobs
 * (its entrances). Whatever one of them needs stands in its `uses`, as a value; the type of the dependency travels with that value.
 */
import type Joi from 'joi'
import type { Model } from './model.ts'
import type { Json, Logger } from './ports.ts'
import type { Route } from './route.ts'

/** A named seam. The kernel finds a port by `id` and `version`; the object itself only carries the type `T`. */
export interface Port<T, Many extends boolean = boolean> {
  readonly kind: 'port'
  readonly id: string
  readonly version: number
  readonly many: Many
  readonly fallback: string | undefined
  readonly type?: T
}

/** A plugin's checked configuration, usable as a dependency of whatever belongs to that plugin. */
export interface Config<T> {
  readonly kind: 'config'
  readonly plugin: string
  readonly schema: Joi.ObjectSchema<T>
}

/** A dependency that may be absent: `undefined` where no adapter of the port is configured. */
export interface Optional<T> {
  readonly kind: 'optional'
  readonly of: Port<T, false>
}

export type Lifetime = 'singleton' | 'request'

/** Logic inside a plugin. `request` services live as long as one request and may use `actor`, `log` and `signal` of it. */
export interface Service<T, U extends Uses = Uses> {
  readonly kind: 'service'
  readonly name: string
  readonly lifetime: Lifetime
  readonly uses: U
  create(deps: Deps<U>): T
  dispose?(value: T): void | Promise<void>
}

export type Uses = Record<string, Port<any> | Service<any, any> | Optional<any> | Config<any>>
export type Deps<U> = {
  readonly [K in keyof U]: U[K] extends Port<infer T, infer Many>
    ? Many extends true ? ReadonlyMap<string, T> : T
    : U[K] extends Optional<infer T> ? T | undefined
    : U[K] extends Config<infer T> ? T
    : U[K] extends Service<infer T, any> ? T : never
}

/** One implementation of a port. The key under `adapters.<port>` in the configuration is the instance, `options` checks what stands there. */
export interface Adapter<T = any, O = any, U extends Uses = any> {
  readonly port: Port<T>
  readonly name: string
  readonly options: Joi.ObjectSchema<O> | undefined
  readonly uses: U
  /** Set where it serves one process and no more: what several should use instead. Of such a deployment a second process does not start. */
  readonly onlyOne: string | undefined
  /** An error made by `notYet()` is tried again for a while: what it needs may still be starting. */
  create(deps: Deps<U>, options: O): T | Promise<T>
  /** Throws while the adapter cannot serve; the message is shown by `/readyz`. */
  health?(value: T): void | Promise<void>
  dispose?(value: T): void | Promise<void>
}

export interface JobCall<P> {
  readonly payload: P
  readonly id: string
  /** 1 for the first run. */
  readonly attempt: number
  /** Whether a failure of this run is final. */
  readonly last: boolean
  /** Aborts when the process stops or the job's lease is lost. */
  readonly signal: AbortSignal
  readonly log: Logger
  /**
   * Runs `work` in a transaction that also ends the job, so that its effects on the database happen exactly once, whatever dies when.
   * Throws, and leaves nothing, where the job has meanwhile been given to another process.
   */
  once<T>(work: () => Promise<T>): Promise<T>
  /** Tells how far it is, for whoever looks (`Queue.find`). Inside of `once` it does nothing: nobody could see it before the job is gone. */
  progress(value: Json): Promise<void>
}

/** Background work. Runs at least once, so `handle` must be idempotent, or put its effects into `call.once`. */
export interface Job<P = any, U extends Uses = any> {
  readonly kind: 'job'
  readonly name: string
  readonly payload: Joi.ObjectSchema<P>
  /** How often a failed run is tried again, with exponential back-off. */
  readonly retries: number
  /** Runs at a time in one process. */
  readonly concurrency: number
  /** Five-field cron expression in UTC: the scheduler then enqueues it with an empty payload. */
  readonly cron: string | undefined
  readonly uses: U
  handle(call: JobCall<P>, deps: Deps<U>): void | Promise<void>
}

export interface Plugin {
  /** kebab-case; a third party's is its package name. Prefix of its tables unless the plugin is built in. */
  readonly name: string
  /** The range of kernel versions that it was written for, such as `^1`. */
  readonly kernel: string
  readonly config?: Config<any>
  /** `<resource>:<verb>` → one line that says what it allows. */
  readonly permissions?: Readonly<Record<string, string>>
  readonly ports?: readonly Port<any>[]
  readonly adapters?: readonly Adapter[]
  readonly routes?: readonly Route[]
  readonly models?: readonly Model<any>[]
  readonly jobs?: readonly Job[]
  /** Folder of migration files, as a file URL; built-in plugins share the project's `migrations/`. */
  readonly migrations?: URL
  readonly uses?: Uses
  /** Runs after all adapters exist and migrations have run, before the server opens. Runs again where the database was away meanwhile. */
  readonly start?: (deps: any) => void | Promise<void>
  readonly stop?: (deps: any) => void | Promise<void>
}

interface PortOptions { readonly version?: number; readonly fallback?: string }
export function definePort<T>(id: string, options?: PortOptions): Port<T, false>
export function definePort<T>(id: string, options: PortOptions & { readonly many: true }): Port<T, true>
export function definePort<T>(id: string, options: PortOptions & { readonly many?: boolean } = {}): Port<T> {
  return Object.freeze({ kind: 'port' as const, id, version: options.version ?? 1, many: options.many ?? false, fallback: options.fallback })
}

export const defineConfig = <T>(plugin: string, schema: Joi.ObjectSchema<T>): Config<T> =>
  Object.freeze({ kind: 'config' as const, plugin, schema })

export const optional = <T>(port: Port<T, false>): Optional<T> => Object.freeze({ kind: 'optional' as const, of: port })

export const service = <T, const U extends Uses = {}>(
  name: string,
  definition: { lifetime?: Lifetime; uses?: U; create(deps: Deps<U>): T; dispose?(value: T): void | Promise<void> },
): Service<T, U> =>
  Object.freeze({ kind: 'service' as const, name, lifetime: 'singleton' as const, ...definition, uses: (definition.uses ?? {}) as U })

export const defineAdapter = <T, O = {}, const U extends Uses = {}>(
  port: Port<T>,
  name: string,
  definition: {
    options?: Joi.ObjectSchema<O>
    uses?: U
    onlyOne?: string
    create(deps: Deps<U>, options: O): NoInfer<T> | Promise<NoInfer<T>>
    health?(value: NoInfer<T>): void | Promise<void>
    dispose?(value: NoInfer<T>): void | Promise<void>
  },
): Adapter<T, O, U> => Object.freeze({ port, name, ...definition, options: definition.options, onlyOne: definition.onlyOne, uses: (definition.uses ?? {}) as U })

export const job = <P, const U extends Uses = {}>(
  name: string,
  definition: {
    payload: Joi.ObjectSchema<P>
    retries?: number
    concurrency?: number
    cron?: string
    uses?: U
    handle(call: JobCall<P>, deps: Deps<U>): void | Promise<void>
  },
): Job<P, U> =>
  Object.freeze({
    kind: 'job' as const, name, retries: 3, concurrency: 1, ...definition, cron: definition.cron, uses: (definition.uses ?? {}) as U,
  })

export const definePlugin = <const U extends Uses = {}>(
  plugin: Omit<Plugin, 'uses' | 'start' | 'stop'> & {
    readonly uses?: U
    readonly start?: (deps: Deps<U>) => void | Promise<void>
    readonly stop?: (deps: Deps<U>) => void | Promise<void>
  },
): Plugin => Object.freeze(plugin)
