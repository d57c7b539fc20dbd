/** What both queues have in common: the jobs in the database, the schedules, and looking at them. */
import PgBoss from 'pg-boss'
import { HttpError, notYet, StartupError } from '../../../core/index.ts'
import type { Catalogue, Database, EnqueueOptions, Job, Logger, Queue } from '../../../core/index.ts'
import { bossJobs, sending } from './boss-jobs.ts'
import type { BossJobs } from './boss-jobs.ts'
import { jobList } from './job-list.ts'
import type { JobList } from './job-list.ts'

export interface JobStore {
  readonly jobs: BossJobs
  readonly list: JobList
  enqueue(job: Job, payload: unknown, options?: EnqueueOptions): Promise<string>
  schedule: Queue['schedule']
  close(): Promise<void>
}
const DAY = 86_400

/** @param path of the adapter in the configuration */
export const openJobStore = async ({ db, log, all }: { db: Database; log: Logger; all: Catalogue }, path: string): Promise<JobStore> => {
  const boss = connect(db, log, false)
  const jobs = bossJobs(db, boss)
  const known = new Set(all.jobs.map(({ name }) => name))
  await jobs.prepare([...known]).catch((error: unknown) => {
    const message = `cannot make its tables in the schema "pgboss": ${(error as Error).message}`
    if (error instanceof HttpError) throw notYet({ path, message }, error)
    throw new StartupError([{ path, message, fix: 'Let the user of the database create schemas and tables: GRANT CREATE ON DATABASE … TO …' }], { exitCode: 1, cause: error })
  })
  let scheduler: PgBoss | undefined
  return {
    jobs,
    list: jobList(db),
    enqueue: async (job, payload, options = {}) => {
      if (!known.has(job.name)) throw new Error(`The job "${job.name}" would never run: no enabled plugin lists it under jobs.`)
      return jobs.enqueue(job, payload, options)
    },
    schedule: async (entries) => {
      await writeSchedules(boss, entries)
      // Said again, the schedules replace those before.
      if (scheduler) await stop(scheduler)
      scheduler = undefined
      const starting = connect(db, log, true)
      scheduler = await starting.start().catch(async (error: unknown) => {
        await stop(starting).catch(() => undefined)
        throw error
      })
    },
    close: async () => {
      if (scheduler) await stop(scheduler)
      await stop(boss)
    },
  }
}

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
    await boss.schedule(job.name, cron, { payload: '{}', group: '' }, { tz: 'UTC', singletonKey: 'cron', ...sending(job) })
  }
}
const stop = (boss: PgBoss): Promise<void> => boss.stop({ graceful: false, close: false })
