/** Jobs in the database, by pg-boss: no other service is needed, and a job commits or rolls back with the rows that it is about. */
import Joi from 'joi'
import PgBoss from 'pg-boss'
import { catalogue, database, defineAdapter, logger, queue, StartupError } from '../../../core/index.ts'
import type { Database, Logger, Queue } from '../../../core/index.ts'
import { bossJobs, retrying } from '../services/boss-jobs.ts'
import { startJobLoop } from '../services/job-loop.ts'
import type { JobLoop, LoopTimes } from '../services/job-loop.ts'

interface EmbeddedQueue extends Queue { close(): Promise<void> }
const DAY = 86_400

export const embeddedQueue = defineAdapter(queue, 'embedded', {
  options: Joi.object<LoopTimes, true>({
    poll: Joi.number().integer().min(10).default(1_000),
    lease: Joi.number().integer().min(1_000).default(60_000),
  }),
  uses: { db: database, log: logger, all: catalogue },
  create: async ({ db, log, all }, times): Promise<EmbeddedQueue> => {
    const boss = connect(db, log, false)
    const jobs = bossJobs(db, boss)
    const known = new Set(all.jobs.map(({ name }) => name))
    await jobs.prepare([...known]).catch((error: unknown) => {
      throw new StartupError([{
        path: 'adapters.queue.embedded', message: `cannot make its tables in the schema "pgboss": ${(error as Error).message}`,
        fix: 'Let the user of the database create schemas and tables: GRANT CREATE ON DATABASE … TO …',
      }], { exitCode: 1, cause: error })
    })
    let loop: JobLoop | undefined
    let scheduler: PgBoss | undefined
    return {
      enqueue: async (job, payload, options = {}) => {
        if (!known.has(job.name)) throw new Error(`The job "${job.name}" would never run: no enabled plugin lists it under jobs.`)
        const id = await jobs.enqueue(job, payload, options)
        db.afterCommit(() => { loop?.wake() })
        return id
      },
      work: async (runners) => {
        // Nobody else can be at work on an exclusive database, so whatever is marked as running is not.
        await jobs.reclaim([], db.exclusive ? 0 : times.lease)
        loop = startJobLoop({ runners, jobs, log, times })
      },
      schedule: async (entries) => {
        await writeSchedules(boss, entries)
        scheduler = await connect(db, log, true).start()
      },
      drain: async (deadline) => { await loop?.drain(deadline) },
      counts: jobs.counts,
      close: async () => {
        await loop?.drain(0)
        if (scheduler) await stop(scheduler)
        await stop(boss)
      },
    }
  },
  dispose: (value) => (value as EmbeddedQueue).close(),
})

/** A scheduler also tidies up: the tables keep what has failed for a month. Leases are our own, so its time limit is out of their way. */
const connect = (db: Database, log: Logger, scheduler: boolean): PgBoss => {
  const boss = new PgBoss({
    db: { executeSql: async (text, values) => ({ rows: await db.query(text, values) }) },
    schedule: scheduler, supervise: scheduler, archiveFailedAfterSeconds: 30 * DAY, expireInHours: 1,
  })
  boss.on('error', (error) => { log.error({ err: error }, 'the queue met an error') })
  return boss
}

/** pg-boss keeps the schedules in the database, and of all schedulers one enqueues. */
const writeSchedules = async (boss: PgBoss, entries: Parameters<Queue['schedule']>[0]): Promise<void> => {
  const wanted = new Set(entries.map(({ job }) => job.name))
  for (const { name } of await boss.getSchedules()) if (!wanted.has(name)) await boss.unschedule(name)
  for (const { job, cron } of entries) {
    await boss.schedule(job.name, cron, { payload: '{}', group: '' }, { tz: 'UTC', singletonKey: 'cron', ...retrying(job) })
  }
}
const stop = (boss: PgBoss): Promise<void> => boss.stop({ graceful: false, close: false })
