/** Jobs in the database: no other service is needed, and a job commits or rolls back with the rows that it is about. */
import Joi from 'joi'
import { catalogue, database, defineAdapter, logger, queue } from '../../../core/index.ts'
import type { Queue } from '../../../core/index.ts'
import { startJobLoop } from '../services/job-loop.ts'
import type { JobLoop } from '../services/job-loop.ts'
import { jobRuns } from '../services/job-runs.ts'
import type { JobRuns } from '../services/job-runs.ts'
import { openJobStore } from '../services/job-store.ts'

interface EmbeddedQueue extends Queue { close(): Promise<void> }
interface Options { readonly poll: number; readonly lease: number }

export const embeddedQueue = defineAdapter(queue, 'embedded', {
  options: Joi.object<Options, true>({
    poll: Joi.number().integer().min(10).default(1_000),
    lease: Joi.number().integer().min(1_000).max(1_800_000).default(60_000),
  }),
  uses: { db: database, log: logger, all: catalogue },
  create: async (deps, { poll, lease }): Promise<EmbeddedQueue> => {
    const { db, log } = deps
    const { jobs, list, ...store } = await openJobStore(deps, 'adapters.queue.embedded')
    let loop: JobLoop | undefined
    let runs: JobRuns | undefined
    const wakeAfterCommit = (): void => { db.afterCommit(() => { loop?.wake() }) }
    const drain = async (deadline: number): Promise<void> => {
      await loop?.close()
      await runs?.drain(deadline)
    }
    return {
      enqueue: async (job, payload, options) => {
        const id = await store.enqueue(job, payload, options)
        wakeAfterCommit()
        return id
      },
      work: async (runners) => {
        // Nobody else can be at work on an exclusive database, so whatever is marked as running is not.
        await jobs.reclaim([], db.exclusive ? 0 : lease)
        runs = jobRuns({ db, jobs, log, lease, onWaiting: () => { loop?.wake() } })
        loop = startJobLoop({ runners, jobs, runs, log, poll })
      },
      schedule: store.schedule,
      drain,
      counts: list.counts,
      find: list.find,
      retry: async (id) => {
        const found = await list.retry(id)
        wakeAfterCommit()
        return found !== undefined
      },
      discard: list.discard,
      close: async () => {
        await drain(0)
        await store.close()
      },
    }
  },
  dispose: (value) => (value as EmbeddedQueue).close(),
})
