/** The kernel's own ports: what every plugin may rely on. Their adapters live in `plugins/platform`, their contract suites in `plugins/platform/contracts`. */
import type { Readable } from 'node:stream'
import type Koa from 'koa'
import type { Model, ModelAttributes, ModelOptions } from 'sequelize'
import type { Table } from './model.ts'
import { isCalled } from './named.ts'
import { definePort } from './plugin.ts'
import type { Job, JobCall } from './plugin.ts'
import type { Actor, Credential } from './route.ts'

/** PostgreSQL. Everything called inside `transaction` runs on its connection, models and raw SQL alike; no handle is passed around. */
export interface Database {
  /**
   * Runs one statement with `$1`-style values and returns its rows. `prepared`: it is asked often, with the same text each time, and its plan
   * does not depend on the values, so the database may keep what it made of the text.
   */
  query<R extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[], options?: { readonly prepared?: boolean }): Promise<R[]>
  /** Commits when `work` resolves, rolls back when it throws. A nested call joins the outer transaction. */
  transaction<T>(work: () => Promise<T>): Promise<T>
  /** Runs `work` after the outermost transaction has committed, or at once where there is none. Never after a rollback. */
  afterCommit(work: () => void | Promise<void>): void
  /** Used by `model()`; a table is defined once. */
  define<Row extends object>(
    table: string, columns: ModelAttributes<Model<Row, Partial<Row>>, Row>, options?: ModelOptions): Table<Row>
  /** Whether the extension can be used on this server: installed, or installable by `CREATE EXTENSION`. */
  hasExtension(name: string): Promise<boolean>
  /** True where no other process can use this database at the same time. */
  readonly exclusive: boolean
}
export const database = definePort<Database>('database', { fallback: 'embedded' })

/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
/** Forgetful and shared. Values are copied in and out. Keys and tags are exact strings of any content; there are no wildcards. */
export interface Cache {
  get(key: string): Promise<Json | undefined>
  /** Returns whether the value was written; see the options for when it is not. */
  set(key: string, value: Json, options: CacheSetOptions): Promise<boolean>
  /**
   * A terminal state: until `ttl` (milliseconds) is over, `get` gives `value` and no `set` overwrites it. `drop` of its tags leaves it.
   * This and `drop` resolve once no process gives what was there before; where that cannot be brought about, they throw 503.
   */
  seal(key: string, value: Json, ttl: number): Promise<void>
  /** Forgets one key, or every key that was set with the tag. A fill that began before (see `generation`) does not bring it back. */
  drop(what: { readonly key: string } | { readonly tag: string }): Promise<void>
  /** An opaque mark of this moment for a key and the tags it will be set with: read it before the read that fills the cache. */
  generation(key: string, tags?: readonly string[]): Promise<string>
}
export interface CacheSetOptions {
  /** Milliseconds. */
  readonly ttl: number
  readonly tags?: readonly string[]
  /** Write only where the key is absent. */
  readonly ifAbsent?: boolean
  /** Write only if neither the key nor one of the tags was dropped since this mark was read. */
  readonly generation?: string
}
export const cache = definePort<Cache>('cache', { fallback: 'memory' })

/** Durable background work. A job enqueued inside a database transaction is delivered if and only if that transaction commits. */
export interface Queue {
  enqueue<P>(job: Job<P>, payload: P, options?: EnqueueOptions): Promise<string>
  /** Begins to take jobs. Called by the kernel in a worker process, until it does not fail. */
  work(runners: readonly JobRunner[]): Promise<void>
  /** Begins to enqueue by cron, once per fleet. Called by the kernel in a scheduler process, until it does not fail. */
  schedule(entries: readonly { readonly job: Job; readonly cron: string }[]): Promise<void>
  /** Takes no more jobs and waits for those that run; after `deadline` milliseconds they are aborted and go back to the queue. */
  drain(deadline: number): Promise<void>
  /** Jobs by state, over all processes. */
  counts(): Promise<Readonly<Record<JobState, number>>>
  /** Jobs that wait, run or have failed for good, the newest first. Completed jobs are gone. */
  find(filter?: JobFilter): Promise<readonly JobInfo[]>
  /** Lets a job that has failed for good wait again, with all its tries. False where there is no such job. */
  retry(id: string): Promise<boolean>
  /** Removes a job that has failed for good. False where there is no such job. */
  discard(id: string): Promise<boolean>
}
export type JobState = 'waiting' | 'active' | 'failed'
export interface JobFilter {
  readonly state?: JobState
  readonly name?: string
  readonly id?: string
  /** At most; 50 unless given. */
  readonly limit?: number
}
export interface JobInfo {
  readonly id: string
  readonly name: string
  readonly state: JobState
  readonly payload: unknown
  readonly group: string
  readonly priority: number
  /** Runs that were begun. */
  readonly attempts: number
  readonly createdAt: Date
  /** When it may run, where it waits. */
  readonly dueAt: Date
  /** What the running job said of itself last. */
  readonly progress: Json | undefined
  /** Why its last run failed. */
  readonly error: string | undefined
}
export interface EnqueueOptions {
  /** Milliseconds before it may run. */
  readonly delay?: number
  /** Higher first; 0 unless given. */
  readonly priority?: number
  /** While a job of this name and key waits, another enqueue is dropped. */
  readonly key?: string
  /** The workspace it works for: groups take turns. */
  readonly group?: string
}
export interface JobRunner {
  readonly job: Job
  run(call: Omit<JobCall<unknown>, 'log'>): Promise<void>
}
export const queue = definePort<Queue>('queue', { fallback: 'embedded' })

/** Publish and subscribe between the processes of one deployment. At most once: nobody may depend on a message for correctness. */
export interface Signal {
  publish(channel: string, message: Json): Promise<void>
  /** Resolves once messages published from now on arrive, to a function that ends the subscription. */
  subscribe(channel: string, listener: (message: Json) => void): Promise<() => Promise<void>>
}
export const signal = definePort<Signal>('signal', { fallback: 'memory' })

/** Counts uses over all processes of a deployment, in windows of time. */
export interface RateLimiter {
  /**
   * Takes one of `limit` uses within `ms` milliseconds; resolves to the milliseconds after which there is one again, 0 where it was taken.
   * Never throws: what it does while its store is away, each adapter says.
   */
  take(key: string, limit: number, ms: number): Promise<number>
}
export const rateLimiter = definePort<RateLimiter>('rateLimiter', { fallback: 'memory' })

/** Bytes by key. Keys are made by us (`[a-z0-9/_.-]`), never by users; anything else is refused. */
export interface Storage {
  /** Replaces what was there only when all bytes have arrived. */
  put(key: string, body: Readable | Buffer): Promise<{ readonly size: number }>
  /** Throws `StorageNotFound` where there is nothing. */
  get(key: string): Promise<Readable>
  /** Bytes, or undefined where there is nothing. */
  size(key: string): Promise<number | undefined>
  /** Silent where there is nothing. */
  delete(key: string): Promise<void>
}
export class StorageNotFound extends Error {
  static override readonly [Symbol.hasInstance] = isCalled('StorageNotFound')
  override readonly name = 'StorageNotFound'
  constructor(key: string) { super(`storage has nothing at ${key}`) }
}
export const storage = definePort<Storage>('storage', { fallback: 'local' })

/** The only way to other machines, but for those that run this server: database, Redis, files, mail. */
export interface HttpClient {
  /**
   * Resolves to the answer whatever its status. Throws `OutboundRefused` where an address may not be called (looked at as it is written,
   * as it is resolved, and as it is connected; of every redirect too), and an `Error` that says what happened where nobody answers in time.
   */
  send(request: OutboundRequest): Promise<OutboundAnswer>
  /** Throws `OutboundRefused` where `send` would now: asked before an address is stored. */
  check(url: string): Promise<void>
}
export interface OutboundRequest {
  readonly url: string
  /** GET unless given. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
  /** Milliseconds for the answer to begin, and then for each next piece of it. */
  readonly timeout?: number
  /** Bytes of the answer; reading more is an error. */
  readonly maxBytes?: number
  /** An origin that the operator's configuration names, such as `http://127.0.0.1:11434`: it may be a private address. */
  readonly trusts?: string
}
export interface OutboundAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Once: this, or one of the two below. */
  readonly body: Readable
  text(): Promise<string>
  json(): Promise<unknown>
}
export class OutboundRefused extends Error {
  static override readonly [Symbol.hasInstance] = isCalled('OutboundRefused')
  override readonly name = 'OutboundRefused'
}
export const httpClient = definePort<HttpClient>('httpClient', { fallback: 'guarded' })

/** Secrets that must be told again, such as the key of a model provider, as they lie in the database. */
export interface Vault {
  /** @param owner to what it belongs, such as `<workspace>/<table>/<row>`: it opens for nothing else */
  seal(secret: string, owner: string): Promise<string>
  /** Throws where it was sealed for another owner, under a key that this server does not have, or was changed. */
  open(sealed: string, owner: string): Promise<string>
}
export const vault = definePort<Vault>('vault', { fallback: 'local' })

type Log = (fields: object | string, message?: string) => void
/** Structured lines. Fields that are named like secrets are blanked out. */
export interface Logger {
  readonly debug: Log
  readonly info: Log
  readonly warn: Log
  readonly error: Log
  child(fields: object): Logger
}
export const logger = definePort<Logger>('logger', { fallback: 'pino' })

/** An ordinary Koa function with a place among the others. */
export interface Middleware {
  /** Instance names of other middleware that must come later. */
  readonly before?: readonly string[]
  /** Instance names of other middleware that must come earlier. */
  readonly after?: readonly string[]
  readonly handle: Koa.Middleware
}
export const middleware = definePort<Middleware>('middleware', { many: true })

/** Turns the credential of a request into an actor. A request that carries two credentials is refused before any is asked. */
export interface Authenticator {
  /** The kinds of route credential that it answers for. */
  readonly serves: readonly Credential[]
  /** Where this request carries a credential that this authenticator could read, such as `['header authorization']`. */
  carriers(ctx: Koa.Context): readonly string[]
  /** Throws `unauthorized` where the credential is missing, malformed, unknown, or of another kind than the route takes. */
  authenticate(ctx: Koa.Context, credential: Credential): Promise<Actor>
}
export const authenticator = definePort<Authenticator>('authenticator', { many: true })

/** A command of `mortise`; its instance name is its word. It runs with what it `uses` and no more: no route is mounted, no job taken. */
export interface Command {
  readonly summary: string
  /** What may follow the word, in the notation of commander: `[action] [id]`. */
  readonly usage?: string
  /** One line each: `--state <state>` → what it means. */
  readonly flags?: Readonly<Record<string, string>>
  /** Resolves to the lines that it prints. A `StartupError` is told without a stack trace. */
  run(words: readonly string[], flags: Readonly<Record<string, string | boolean>>): Promise<readonly string[]>
}
export const command = definePort<Command>('command', { many: true })

/** What a service of lifetime `request` may use of the request in which it lives. */
export const request = {
  actor: definePort<Actor>('request.actor'),
  log: definePort<Logger>('request.log'),
  signal: definePort<AbortSignal>('request.signal'),
}
