/** Takes jobs from the database itself, as many at a time as each allows. */
import type { JobRunner, Logger } from '../../../core/index.ts'
import type { BossJobs } from './boss-jobs.ts'
import type { JobRuns } from './job-runs.ts'

export interface JobLoop {
  /** Something may be waiting. */
  wake(): void
  /** Takes no more; resolves when it takes none. */
  close(): Promise<void>
}

/** @param poll milliseconds between two looks at an empty queue. Whatever this process enqueues is seen at once. */
export const startJobLoop = (
  { runners, jobs, runs, log, poll }: { runners: readonly JobRunner[]; jobs: BossJobs; runs: JobRuns; log: Logger; poll: number },
): JobLoop => {
  const byName = new Map(runners.map((runner) => [runner.job.name, runner]))
  const bell = createBell()
  let open = true
  let troubled = false

  const loop = async (): Promise<void> => {
    while (open) {
      const names = runners.filter(({ job }) => runs.busy(job.name) < job.concurrency).map(({ job }) => job.name)
      try {
        const job = names.length > 0 ? await jobs.take(names) : undefined
        troubled = false
        const runner = job && byName.get(job.name)
        if (job && runner) void runs.begin(runner, job).then(bell.ring)
        else await bell.wait(poll)
      } catch (error) {
        if (!troubled) log.error({ err: error }, 'no job could be taken; it is tried again')
        troubled = true
        await bell.wait(5 * poll)
      }
    }
  }
  const looping = loop()
  return {
    wake: bell.ring,
    close: () => {
      open = false
      bell.ring()
      return looping
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
