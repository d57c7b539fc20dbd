/** The jobs that run in this process: what they are given, how their end is noted, and who keeps their leases meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, JobRunner, Logger } from '../../../core/index.ts'
import type { BossJobs, ClaimedJob, JobAddress } from './boss-jobs.ts'

export interface JobRuns {
  /** Runs it, and resolves when its end is noted. Never rejects. */
  begin(runner: JobRunner, job: ClaimedJob): Promise<void>
  /** How many of this name run now. */
  busy(name: string): number
  /** Waits until all have ended; what is late is aborted and goes back to the queue. */
  drain(deadline: number): Promise<void>
}
interface Options {
  readonly db: Database
  readonly jobs: BossJobs
  readonly log: Logger
  /** Milliseconds after which a job that nobody renewed is thought to be orphaned. */
  readonly lease: number
  /** Jobs went back to the queue: they failed, their process died, or this one stops. */
  readonly onWaiting: (jobs: readonly JobAddress[]) => void
}
interface Run {
  readonly job: ClaimedJob
  readonly abort: AbortController
  done: Promise<void>
  /** A transaction is open that ends it. */
  ending: boolean
  completed: boolean
}

/** How long an aborted job may take to notice. */
const GRACE = 1_000

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
  constructor() { super('the lease of this job was lost: it was given to another process, or is gone') }
}

export const jobRuns = ({ db, jobs, log, lease, onWaiting }: Options): JobRuns => {
  const running = new Set<Run>()
  let renewed = performance.now()

  const onceOf = (run: Run) => {
    let called = false
    return async <T>(work: () => Promise<T>): Promise<T> => {
      if (called) throw new Error('call.once() was called before: it ends the job, so there is one in a run. Put all effects into it.')
      if (inTransaction(db)) throw new Error('call.once() was called inside a transaction. It makes one of its own, which also ends the job: call it outside.')
      called = true
      run.ending = true
      try {
        const result = await db.transaction(async () => {
          // The deleted row stays locked until the end, so that nobody else can begin it meanwhile.
          if (!await jobs.complete(run.job)) throw new LeaseLost()
          return work()
        })
        run.completed = true
        return result
      } finally { run.ending = false }
    }
  }
  const perform = async (runner: JobRunner, run: Run): Promise<void> => {
    const { job, abort: { signal } } = run
    const about = { job: job.name, id: job.id, attempt: job.attempt }
    try {
      await runner.run({
        payload: job.payload, id: job.id, attempt: job.attempt, last: job.last, signal, once: onceOf(run),
        // While the end is under way its row is gone for whoever ends it, and locked for all others: nobody could see how far it is.
        progress: async (value) => { if (!run.ending && !await jobs.progress(job, value)) lose(run) },
      })
    } catch (error) {
      if (run.completed) {
        log.error({ err: error, ...about }, 'a job failed after its effects were committed; it counts as done')
        return
      }
      // Whoever aborted it also says what becomes of it.
      if (signal.aborted) return
      const state = await jobs.fail(job, error instanceof Error ? error : new Error(String(error)))
      if (state === 'failed') log.error({ err: error, ...about }, 'a job failed for good')
      else if (state === 'waiting') log.warn({ err: error, ...about }, 'a job failed and will be tried again')
      else log.warn({ err: error, ...about }, 'a job failed that was no longer its own')
      if (state === 'waiting') onWaiting([job])
      return
    }
    if (!run.completed && !await jobs.complete(job)) log.warn(about, 'a job was done that was no longer its own; it runs elsewhere too')
  }

  const lose = (run: Run): void => { if (!run.completed) run.abort.abort(new LeaseLost()) }
  const keepLeases = async (): Promise<void> => {
    const held = [...running]
    try {
      const still = held.length > 0 ? await jobs.renew(held.map(({ job }) => job)) : new Set()
      renewed = performance.now()
      for (const run of held) if (!still.has(run.job.id) && running.has(run)) lose(run)
      const orphans = await jobs.reclaim([...running].map(({ job }) => job.id), lease)
      if (orphans.length > 0) onWaiting(orphans)
    } catch (error) {
      log.error({ err: error }, 'the leases of running jobs could not be renewed')
      if (performance.now() - renewed > lease) for (const run of held) lose(run)
    }
  }
  const leases = setInterval(() => { void keepLeases() }, lease / 3).unref()

  const settled = async (ms: number): Promise<void> => {
    const impatience = new AbortController()
    await Promise.race([
      Promise.all([...running].map(({ done }) => done)),
      sleep(ms, undefined, { signal: impatience.signal }).catch(() => undefined),
    ])
    impatience.abort()
  }

  return {
    begin: (runner, job) => {
      const run: Run = { job, abort: new AbortController(), done: Promise.resolve(), ending: false, completed: false }
      running.add(run)
      run.done = perform(runner, run)
        .catch((error: unknown) => { log.error({ err: error, job: job.name, id: job.id }, 'the end of a job could not be noted; it will run again') })
        .finally(() => { running.delete(run) })
      return run.done
    },
    busy: (name) => [...running].filter(({ job }) => job.name === name).length,
    drain: async (deadline) => {
      await settled(deadline)
      clearInterval(leases)
      const late = [...running]
      if (late.length === 0) return
      for (const { abort } of late) abort.abort(new Error('the server is stopping'))
      await settled(GRACE)
      const unfinished = late.filter(({ completed }) => !completed).map(({ job }) => job)
      await jobs.putBack(unfinished)
      onWaiting(unfinished)
    },
  }
}

/** Where there is no transaction, what is to follow its commit runs at once. */
const inTransaction = (db: Database): boolean => {
  let within = true
  db.afterCommit(() => { within = false })
  return within
}
