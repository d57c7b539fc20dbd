/** Takes jobs and runs them, as many at a time as each allows. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobRunner, Logger } from '../../../core/index.ts'
import type { BossJobs, ClaimedJob } from './boss-jobs.ts'

export interface LoopTimes {
  /** Milliseconds between two looks at an empty queue. Whatever this process enqueues is seen at once. */
  readonly poll: number
  /** Milliseconds after which a job that nobody renewed is thought to be orphaned. */
  readonly lease: number
}
export interface JobLoop {
  /** Something may be waiting. */
  wake(): void
  drain(deadline: number): Promise<void>
}
interface Running { readonly name: string; readonly abort: AbortController; readonly done: Promise<void> }

/** How long an aborted job may take to notice. */
const GRACE = 1_000

export const startJobLoop = (
  { runners, jobs, log, times }: { runners: readonly JobRunner[]; jobs: BossJobs; log: Logger; times: LoopTimes },
): JobLoop => {
  const byName = new Map(runners.map((runner) => [runner.job.name, runner]))
  const running = new Map<string, Running>()
  const bell = createBell()
  let open = true

  const run = async (runner: JobRunner, job: ClaimedJob, { signal }: AbortController): Promise<void> => {
    try {
      await runner.run({ payload: job.payload, id: job.id, attempt: job.attempt, last: job.last, signal })
    } catch (error) {
      // Whoever aborted it also says what becomes of it.
      if (signal.aborted) return
      const about = { err: error, job: job.name, id: job.id, attempt: job.attempt }
      if (job.last) log.error(about, 'a job failed for good')
      else log.warn(about, 'a job failed and will be tried again')
      await jobs.fail(job, error instanceof Error ? error : new Error(String(error)))
      return
    }
    await jobs.complete(job)
  }
  const begin = (runner: JobRunner, job: ClaimedJob): void => {
    const abort = new AbortController()
    const done = run(runner, job, abort)
      .catch((error: unknown) => { log.error({ err: error, job: job.name, id: job.id }, 'the end of a job could not be noted; it will run again') })
      .finally(() => { running.delete(job.id); bell.ring() })
    running.set(job.id, { name: job.name, abort, done })
  }
  const free = (): string[] => {
    const busy = new Map<string, number>()
    for (const { name } of running.values()) busy.set(name, (busy.get(name) ?? 0) + 1)
    return runners.filter(({ job }) => (busy.get(job.name) ?? 0) < job.concurrency).map(({ job }) => job.name)
  }
  const loop = async (): Promise<void> => {
    while (open) {
      const names = free()
      try {
        const job = names.length > 0 ? await jobs.take(names) : undefined
        const runner = job && byName.get(job.name)
        if (job && runner) begin(runner, job)
        else await bell.wait(times.poll)
      } catch (error) {
        log.error({ err: error }, 'no job could be taken')
        await bell.wait(5 * times.poll)
      }
    }
  }
  const keepLeases = async (): Promise<void> => {
    const held = [...running]
    try {
      const still = held.length > 0 ? await jobs.renew(held.map(([id]) => id)) : new Set()
      for (const [id, { abort }] of held) if (!still.has(id) && running.has(id)) abort.abort(new Error('the lease of this job was lost'))
      await jobs.reclaim([...running.keys()], times.lease)
    } catch (error) { log.error({ err: error }, 'the leases of running jobs could not be renewed') }
  }

  const looping = loop()
  const leases = setInterval(() => { void keepLeases() }, times.lease / 3).unref()
  return {
    wake: bell.ring,
    drain: async (deadline) => {
      open = false
      bell.ring()
      await looping
      const settled = async (ms: number): Promise<void> => {
        const impatience = new AbortController()
        await Promise.race([
          Promise.all([...running.values()].map(({ done }) => done)),
          sleep(ms, undefined, { signal: impatience.signal }).catch(() => undefined),
        ])
        impatience.abort()
      }
      await settled(deadline)
      clearInterval(leases)
      const late = [...running]
      if (late.length === 0) return
      for (const [, { abort }] of late) abort.abort(new Error('the server is stopping'))
      await settled(GRACE)
      await jobs.putBack(late.map(([id]) => id))
    },
  }
}

/** Remembers one ring until somebody waits for it. */
const createBell = () => {
  let rung = false
  let wake: (() => void) | undefined
  return {
    ring: (): void => {
      rung = true
      wake?.()
    },
    wait: async (ms: number): Promise<void> => {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => { clearTimeout(timer); resolve() }
        })
      }
      rung = false
      wake = undefined
    },
  }
}
