/** Jobs in the database, carried by Bull: they commit with the rows that they are about, and Redis tells the workers of all processes at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import Joi from 'joi'
import { catalogue, database, defineAdapter, logger, queue } from '../../../core/index.ts'
import type { Queue } from '../../../core/index.ts'
import type { BullWorker } from '../services/bull-worker.ts'
import { dueJobs } from '../services/job-due.ts'
import { jobRuns } from '../services/job-runs.ts'
import type { JobRuns } from '../services/job-runs.ts'
import { openJobStore } from '../services/job-store.ts'
import { openRedis, redisPrefix, redisUrl } from '../services/redis.ts'

interface BullQueue extends Queue { health(): Promise<void>; close(): Promise<void> }
interface Options { readonly redis: string; readonly prefix: string; readonly poll: number; readonly lease: number }

export const bullQueue = defineAdapter(queue, 'bull', {
  options: Joi.object<Options, true>({
    redis: redisUrl().required(),
    prefix: redisPrefix(),
    poll: Joi.number().integer().min(100).default(5_000),
    lease: Joi.number().integer().min(1_000).max(1_800_000).default(60_000),
  }),
  uses: { db: database, log: logger, all: catalogue },
  create: async (deps, { redis, prefix, poll, lease }): Promise<BullQueue> => {
    const { db, log, all } = deps
    // Only where Bull is chosen: it takes time and memory.
    const [{ bullTickets, forCommands }, { startBullWorker }] = await Promise.all([import('../services/bull-tickets.ts'), import('../services/bull-worker.ts')])
    const { jobs, list, ...store } = await openJobStore(deps, 'adapters.queue.bull')
    const server = await openRedis(redis, { log, path: 'adapters.queue.bull.redis', ...forCommands })
    const due = dueJobs(db)
    const tickets = bullTickets({ server, prefix, due, log, names: all.jobs.map(({ name }) => name) })
    let worker: BullWorker | undefined
    let runs: JobRuns | undefined
    const drain = async (deadline: number): Promise<void> => {
      await worker?.close()
      await runs?.drain(deadline)
      await Promise.race([tickets.flush(), sleep(1_000)])
    }
    return {
      enqueue: async (job, payload, options) => {
        const id = await store.enqueue(job, payload, options)
        db.afterCommit(() => { tickets.announce([{ name: job.name, id }]) })
        return id
      },
      work: async (runners) => {
        // Nobody else can be at work on an exclusive database, so whatever is marked as running is not.
        await jobs.reclaim([], db.exclusive ? 0 : lease)
        runs = jobRuns({ db, jobs, log, lease, onWaiting: tickets.announce })
        worker = startBullWorker({ runners, jobs, runs, tickets, due, log, poll })
        server.client.on('ready', () => { void worker?.sweep() })
      },
      schedule: store.schedule,
      drain,
      counts: list.counts,
      find: list.find,
      retry: async (id) => {
        const found = await list.retry(id)
        if (found) db.afterCommit(() => { tickets.announce([found]) })
        return found !== undefined
      },
      discard: list.discard,
      health: () => server.health(),
      close: async () => {
        await drain(0)
        await Promise.race([tickets.close(), sleep(2_000)])
        server.close()
        await store.close()
      },
    }
  },
  health: (value) => (value as BullQueue).health(),
  dispose: (value) => (value as BullQueue).close(),
})
