/** What apps are doing: started once, read by anybody who may, stopped from anywhere. A run outlives the connection that asked for it. */
import { definePort } from '../../core/index.ts'
import type { Json } from '../../core/index.ts'

/** What those who read a run are told, in order. JSON; `event` names it. */
export type RunEvent = Readonly<Record<string, Json>> & { readonly event: string }

/** Events of runs, kept until `keepMs` after the end, for readers in any process. */
export interface RunEvents {
  /** Never waits for a reader. Events of one call stay together. */
  append(runId: string, events: readonly RunEvent[]): Promise<void>
  /** Nothing comes after it; readers end once they have read all. Twice is as good as once. */
  end(runId: string): Promise<void>
  /**
   * All events from the beginning, then those that come, in lists of at least one; until `end`, or until the signal aborts (which ends it without an
   * error). A run of which nothing is known is waited for.
   */
  read(runId: string, signal: AbortSignal): AsyncIterable<readonly RunEvent[]>
}
export const runEvents = definePort<RunEvents>('runEvents', { fallback: 'memory' })

export interface Reservation { readonly id: string }
/** What a workspace may use up. */
export interface Quota {
  /** Holds so many units for a while. Throws 429 `rate_limit_error` where there are not as many left. */
  reserve(workspaceId: string, resource: 'run', units: number): Promise<Reservation>
  /** Uses up what was reserved; less than that gives the rest back. Twice is as good as once. */
  commit(reservation: Reservation, units: number): Promise<void>
  /** Gives all of it back; after `commit` it does nothing. */
  release(reservation: Reservation): Promise<void>
}
export const quota = definePort<Quota>('quota', { fallback: 'unlimited' })

export interface RunRef { readonly workspaceId: string; readonly appId: string; readonly id: string }
export interface NewRun {
  readonly workspaceId: string
  readonly appId: string
  /** The instance of `runKind` that knows what it is about. */
  readonly kind: string
  readonly subjectId: string
  /** Only they stop it: `end-user:<id>`, `account:<id>`. */
  readonly startedBy: string
  /** Runs of the app at a time; 0: as many as the server allows. */
  readonly limit: number
}
export type RunOutcome = 'succeeded' | 'failed' | 'stopped'
export interface RunCall extends RunRef {
  /** Aborts with a `RunStopped` when somebody stops it, its time is over, or the process ends. */
  readonly signal: AbortSignal
  emit(...events: readonly RunEvent[]): void
  /**
   * Ends it: one transaction with what `work` writes. Undefined, and nothing done, where it was given up meanwhile, as after a pause longer than its
   * lease. Call it once, before the last events are emitted.
   */
  finish<T>(outcome: RunOutcome, work: () => Promise<T>): Promise<T | undefined>
}
export class RunStopped extends Error {
  override readonly name = 'RunStopped'
  /** `user`: somebody asked; `client`: whoever asked went away; `limit`: its time was over; `server`: the process ends. */
  readonly by: 'user' | 'client' | 'limit' | 'server'
  constructor(by: RunStopped['by']) {
    super(`the run was stopped by ${by}`)
    this.by = by
  }
}
export interface Runs {
  /**
   * Takes a slot of the app and a unit of quota, writes the run together with what `prepare` writes (one transaction), and lets `work` go on by itself.
   * Throws 429 `too_many_requests` or `rate_limit_error`, or what `prepare` throws, and then nothing is left. What `work` throws is logged; if it ended
   * without `finish`, the kind's `lost` is called. The events end when `work` does.
   */
  start(run: NewRun, prepare: (ref: RunRef) => Promise<void>, work: (call: RunCall) => Promise<void>): Promise<RunRef>
  /** From the beginning until the end; see `RunEvents.read`. */
  events(ref: RunRef, signal: AbortSignal): AsyncIterable<readonly RunEvent[]>
  /** Of the app's runs that `startedBy` started, stops this one, in whichever process it is; silent where there is none or it is over. */
  stop(ref: RunRef, startedBy: string, by?: 'user' | 'client'): Promise<void>
}
export const runs = definePort<Runs>('runs')

/** What a kind of run is about. */
export interface RunKind {
  /** In the transaction that ends a run of which nothing came to an end: its process died, or its work forgot to finish. */
  lost(run: RunRef & { readonly subjectId: string }, outcome: 'failed' | 'stopped'): Promise<void>
}
export const runKind = definePort<RunKind>('runKind', { many: true })

/** What a start may be refused with. */
export { runErrors } from './errors.ts'
