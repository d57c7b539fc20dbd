/**
 * Jobs in the tables of pg-boss. Its own functions make queues, enqueue, schedule and fail; the statements here are those that it has
 * no equal of: turns between groups, leases that are renewed, and jobs that go back without a failure being counted.
 */
import { createHash, randomUUID } from 'node:crypto'
import type PgBoss from 'pg-boss'
import type { Database, EnqueueOptions, Job } from '../../../core/index.ts'

export interface ClaimedJob {
  readonly id: string
  readonly name: string
  readonly payload: unknown
  readonly attempt: number
  readonly last: boolean
}
export type BossJobs = ReturnType<typeof bossJobs>

/** How often more than `retries` a job may take its process down with it before it is given up. */
const CRASHES = 3
const TURNS = 100

export const bossJobs = (db: Database, boss: PgBoss) => {
  /** Groups in the order in which this process last served them. */
  const served: string[] = []
  const serve = (group: string): void => {
    const at = served.indexOf(group)
    if (at >= 0) served.splice(at, 1)
    if (served.push(group) > TURNS) served.shift()
  }

  return {
    /** Makes what pg-boss and we need in the database; safe when several processes do it at once. */
    prepare: async (names: readonly string[]): Promise<void> => {
      await boss.start()
      const known = new Set((await boss.getQueues()).map(({ name }) => name))
      // `short`: of the jobs of a key, one waits. Those without a key of their own get a unique one.
      for (const name of names) if (!known.has(name)) await boss.createQueue(name, { name, policy: 'short' })
      await db.transaction(async () => {
        await db.query(`SELECT pg_advisory_xact_lock(hashtext('mortise.queue'))`)
        await db.query(`CREATE INDEX IF NOT EXISTS job_waiting_key ON pgboss.job (name, singleton_key) WHERE state < 'active'`)
      })
    },

    enqueue: async (job: Job, payload: unknown, { delay = 0, priority = 0, key, group = '' }: EnqueueOptions): Promise<string> => {
      const id = randomUUID()
      const singletonKey = key === undefined ? id : createHash('sha256').update(key).digest('hex')
      for (;;) {
        // Locked, so that no worker takes it before what the caller has written meanwhile is committed.
        const [waiting] = key === undefined ? [] : await db.query<{ id: string }>(
          `SELECT id FROM pgboss.job WHERE name = $1 AND singleton_key = $2 AND state < 'active' LIMIT 1 FOR SHARE`, [job.name, singletonKey])
        if (waiting) return waiting.id
        // The payload as text: jsonb takes no NUL.
        const sent = await boss.send(job.name, { payload: JSON.stringify(payload), group }, {
          id, priority, singletonKey, startAfter: delay / 1000, ...retrying(job),
        })
        if (sent !== null) return sent
      }
    },

    /** The next job of any of these names, by priority, then by group, then by age. */
    take: async (names: readonly string[]): Promise<ClaimedJob | undefined> => {
      const [row] = await db.query<{ id: string; name: string; payload: string; group: string; retry_count: number; retry_limit: number }>(`
        WITH next AS (
          SELECT name, id FROM pgboss.job
          WHERE name = ANY($1) AND state < 'active' AND start_after <= now()
          ORDER BY priority DESC, COALESCE(array_position($2::text[], data->>'group'), 0), created_on, id
          LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        UPDATE pgboss.job AS job SET state = 'active', started_on = now(), retry_count = retry_count + (started_on IS NOT NULL)::int
        FROM next WHERE job.name = next.name AND job.id = next.id
        RETURNING job.id, job.name, data->>'payload' AS payload, data->>'group' AS group, retry_count, retry_limit`, [names, served])
      if (!row) return undefined
      serve(row.group)
      return {
        id: row.id, name: row.name, payload: JSON.parse(row.payload) as unknown,
        attempt: row.retry_count + 1, last: row.retry_count >= row.retry_limit,
      }
    },
    complete: async ({ name, id }: ClaimedJob): Promise<void> => { await boss.deleteJob(name, id) },
    /** Waits for another try, or is kept as failed when this was the last. */
    fail: async ({ name, id }: ClaimedJob, { message, stack = '' }: Error): Promise<void> => {
      await boss.fail(name, id, { message: message.replaceAll('\0', ''), stack: stack.replaceAll('\0', '') })
    },

    /** Says that these jobs still run; returns those for which that is still so. */
    renew: async (ids: readonly string[]): Promise<ReadonlySet<string>> => {
      const rows = await db.query<{ id: string }>(
        `UPDATE pgboss.job SET started_on = now() WHERE id = ANY($1) AND state = 'active' RETURNING id`, [ids])
      return new Set(rows.map(({ id }) => id))
    },
    /** Back to the queue, as if they had not been begun. */
    putBack: async (ids: readonly string[]): Promise<void> => {
      await db.query(`UPDATE pgboss.job SET state = 'retry', started_on = NULL, start_after = now() WHERE id = ANY($1) AND state = 'active'`, [ids])
    },
    /** Back to the queue what was begun by a process that is gone: all but `mine`, or what nobody renewed for `lease` milliseconds. */
    reclaim: async (mine: readonly string[], lease: number): Promise<void> => {
      await db.query(`
        UPDATE pgboss.job SET
          state = (CASE WHEN retry_count < retry_limit + $3 THEN 'retry' ELSE 'failed' END)::pgboss.job_state,
          completed_on = CASE WHEN retry_count < retry_limit + $3 THEN NULL ELSE now() END,
          start_after = now(), output = '{"message": "its process ended while it ran"}'
        WHERE state = 'active' AND NOT id = ANY($1) AND name NOT LIKE '\\_\\_pgboss\\_\\_%' AND started_on <= now() - $2 * interval '1 ms'`,
      [mine, lease, CRASHES])
    },
    counts: async (): Promise<{ waiting: number; active: number; failed: number }> => {
      const [row] = await db.query<{ waiting: number; active: number; failed: number }>(`
        SELECT count(*) FILTER (WHERE state < 'active')::int AS waiting, count(*) FILTER (WHERE state = 'active')::int AS active,
          count(*) FILTER (WHERE state = 'failed')::int AS failed
        FROM pgboss.job WHERE name NOT LIKE '\\_\\_pgboss\\_\\_%'`)
      return row ?? { waiting: 0, active: 0, failed: 0 }
    },
  }
}

/** The first back-off is 1 to 2 s, and each is twice the one before. */
export const retrying = (job: Job) => ({ retryLimit: job.retries, retryDelay: 1, retryBackoff: true })
