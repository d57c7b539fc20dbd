/**
 * A queue as one writes it at first: Bull is the truth, jobs are added when they are asked for, and `once` is a transaction like any
 * other. It works, until something fails at the wrong moment; the checker must find every one of these moments.
 */
import Bull from 'bull'
import type { JobOptions } from 'bull'
import { Redis } from 'ioredis'
import Joi from 'joi'
import { database, defineAdapter, definePlugin, logger, queue } from '../../core/index.ts'
import type { JobInfo, JobRunner, Queue } from '../../core/index.ts'

const naive = defineAdapter(queue, 'naive', {
  options: Joi.object<{ redis: string }, true>({ redis: Joi.string().required() }),
  uses: { db: database, log: logger },
  create: ({ db, log }, { redis }): Queue => {
    const bull = new Bull('naive', {
      createClient: (type) => new Redis(redis, type === 'client' ? { maxRetriesPerRequest: 2 } : { maxRetriesPerRequest: null, enableReadyCheck: false }),
      settings: { lockDuration: 2_000, stalledInterval: 1_000, maxStalledCount: 10 },
    })
    bull.on('error', (error) => { log.warn({ err: error }, 'the queue met an error') })
    const work = ({ job, run }: JobRunner): void => {
      void bull.process(job.name, job.concurrency, async (taken) => {
        await run({
          payload: taken.data as unknown, id: String(taken.id), attempt: taken.attemptsMade + 1, last: taken.attemptsMade + 1 >= (taken.opts.attempts ?? 1),
          signal: new AbortController().signal, once: (effects) => db.transaction(effects), progress: (value) => taken.progress(value),
        })
      })
    }
    const info = ({ id, name, data, timestamp, attemptsMade, failedReason }: Bull.Job): JobInfo => ({
      id: String(id), name, state: 'failed', payload: data as unknown, group: '', priority: 0, attempts: attemptsMade,
      createdAt: new Date(timestamp), dueAt: new Date(timestamp), progress: undefined, error: failedReason,
    })
    return {
      enqueue: async (job, payload, { delay, key } = {}) => {
        const options: JobOptions = {
          attempts: job.retries + 1, backoff: { type: 'exponential', delay: 1_000 }, removeOnComplete: true, ...(delay === undefined ? {} : { delay }), ...(key === undefined ? {} : { jobId: key }),
        }
        return String((await bull.add(job.name, payload, options)).id)
      },
      work: async (runners) => { for (const runner of runners) work(runner) },
      schedule: async () => undefined,
      drain: async () => { await bull.close() },
      counts: async () => {
        const { waiting, delayed, active, failed } = await bull.getJobCounts()
        return { waiting: waiting + delayed, active, failed }
      },
      find: async () => (await bull.getFailed()).map(info),
      retry: async () => false,
      discard: async () => false,
    }
  },
})

export default definePlugin({ name: 'naive-queue', kernel: '^1', adapters: [naive] })
