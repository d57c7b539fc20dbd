/**
 * Jobs in the tables of pg-boss: a job is a row, from the transaction that enqueues it to its end. pg-boss itself makes the tables, inserts,
 * keeps the schedules and tidies up; the statements here are those that it has no equal of.
 *
 * Whoever begins a job writes a claim into its row, and all that follows of that run holds only while the claim stands. A process that
 * was stopped for longer than its lease and wakes up again can therefore change nothing of a job that runs elsewhere by then.
 */
import { createHash, randomUUID } from 'node:crypto'
import type PgBoss from 'pg-boss'
import type { Database, EnqueueOptions, Job, Json } from '../../../core/index.ts'

export interface ClaimedJob {
  readonly id: string
  readonly name: string
  readonly payload: unknown
  readonly group: string
  readonly attempt: number
  readonly last: boolean
  /** New with each run. */
  readonly claim: string
}
/** Where a job is found: the tables are divided by name. */
export type JobAddress = Pick<ClaimedJob, 'name' | 'id'>
export type BossJobs = ReturnType<typeof bossJobs>

/** Jobs that are pg-boss's own business. */
export const OURS = `name NOT LIKE '\\_\\_pgboss\\_\\_%'`
/** How often more than `retries` a job may take its process down with it before it is given up. */
const CRASHES = 3
const TURNS = 100
/** The first back-off is 1 to 2 s, and each is twice the one before. A job that waits is not tidied up, however long nobody takes it. */
export const sending = (job: Job) => ({ retryLimit: job.retries, retryDelay: 1, retryBackoff: true, retentionDays: 36_500 })

/** $1 is the claim. What is known of the last failure stays, so that it can be looked up while the job is tried again. */
const BEGIN = `state = 'active', started_on = now(), retry_count = retry_count + (started_on IS NOT NULL)::int,
  output = CASE WHEN output ? 'message' THEN jsonb_build_object('message', output->'message') ELSE '{}' END || jsonb_build_object('claim', $1::text)`
const BEGUN = `job.id, job.name, data->>'payload' AS payload, data->>'group' AS group, retry_count, retry_limit`
interface Begun { id: string; name: string; payload: string; group: string; retry_count: number; retry_limit: number }
const claimed = (claim: string, { id, name, payload, group, retry_count: count, retry_limit: limit }: Begun): ClaimedJob =>
  ({ id, name, payload: JSON.parse(payload) as unknown, group, attempt: count + 1, last: count >= limit, claim })

const STANDS = `name = $1 AND id = $2 AND state = 'active' AND output->>'claim' = $3`
const columns = (jobs: readonly ClaimedJob[]) => [jobs.map(({ name }) => name), jobs.map(({ id }) => id), jobs.map(({ claim }) => claim)]
const STANDING = `FROM pgboss.job JOIN unnest($1::text[], $2::uuid[], $3::text[]) AS mine (name, id, claim)
  ON job.name = mine.name AND job.id = mine.id AND state = 'active' AND output->>'claim' = mine.claim`

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
      // One process at a time, or two would each wait for what the other has locked.
      await db.transaction(async () => {
        await db.query(`SELECT pg_advisory_xact_lock(hashtext('mortise.queue'))`)
        const known = new Set((await boss.getQueues()).map(({ name }) => name))
        // `short`: of the jobs of a key, one waits. Those without a key of their own get a unique one.
        for (const name of names) if (!known.has(name)) await boss.createQueue(name, { name, policy: 'short' })
        // Asked first: to make an index that is there already would still wait for whoever writes.
        const [index] = await db.query<{ there: boolean }>(`SELECT to_regclass('pgboss.job_waiting_key') IS NOT NULL AS there`)
        if (!index?.there) await db.query(`CREATE INDEX job_waiting_key ON pgboss.job (name, singleton_key) WHERE state < 'active'`)
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
          id, priority, singletonKey, startAfter: delay / 1000, ...sending(job),
        })
        if (sent !== null) return sent
      }
    },

    /** Begins the next job of any of these names, by priority, then by group, then by age. */
    take: async (names: readonly string[]): Promise<ClaimedJob | undefined> => {
      const claim = randomUUID()
      const [row] = await db.query<Begun>(`
        WITH next AS (
          SELECT name, id FROM pgboss.job
          WHERE name = ANY($2) AND state < 'active' AND start_after <= now()
          ORDER BY priority DESC, COALESCE(array_position($3::text[], data->>'group'), 0), created_on, id
          LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        UPDATE pgboss.job AS job SET ${BEGIN} FROM next WHERE job.name = next.name AND job.id = next.id RETURNING ${BEGUN}`, [claim, names, served])
      if (!row) return undefined
      serve(row.group)
      return claimed(claim, row)
    },
    /** Begins this job, unless it is gone, runs already, or is not due. */
    claim: async ({ name, id }: JobAddress): Promise<ClaimedJob | undefined> => {
      const claim = randomUUID()
      const [row] = await db.query<Begun>(
        `UPDATE pgboss.job AS job SET ${BEGIN} WHERE name = $2 AND id = $3 AND state < 'active' AND start_after <= now() RETURNING ${BEGUN}`, [claim, name, id])
      return row && claimed(claim, row)
    },

    /** Removes a job that is done. In a transaction its row is held until the end, and so is its claim. False where the claim has fallen. */
    complete: async ({ name, id, claim }: ClaimedJob): Promise<boolean> =>
      (await db.query(`DELETE FROM pgboss.job WHERE ${STANDS} RETURNING 1`, [name, id, claim])).length > 0,
    /** Waits for another try, or is kept as failed when this was the last; undefined where the claim has fallen. */
    fail: async ({ name, id, claim }: ClaimedJob, { message, stack = '' }: Error): Promise<'waiting' | 'failed' | undefined> => {
      const [row] = await db.query<{ state: string }>(`
        UPDATE pgboss.job SET
          state = (CASE WHEN retry_count < retry_limit THEN 'retry' ELSE 'failed' END)::pgboss.job_state,
          start_after = CASE WHEN retry_count < retry_limit THEN now() + retry_delay * 2 ^ LEAST(16, retry_count) * (1 + random()) * interval '1 s' ELSE start_after END,
          completed_on = CASE WHEN retry_count < retry_limit THEN NULL ELSE now() END, output = $4
        WHERE ${STANDS} RETURNING state`,
      [name, id, claim, JSON.stringify({ message: message.replaceAll('\0', ''), stack: stack.replaceAll('\0', '') })])
      return row && (row.state === 'failed' ? 'failed' : 'waiting')
    },
    /** Notes how far it is, which also renews its lease. */
    progress: async ({ name, id, claim }: ClaimedJob, value: Json): Promise<boolean> =>
      (await db.query(`UPDATE pgboss.job SET started_on = now(), output = output || jsonb_build_object('progress', $4::text) WHERE ${STANDS} RETURNING 1`,
        [name, id, claim, JSON.stringify(value)])).length > 0,

    /** Says that these jobs still run; returns the ids of those for which that is still so. Nobody waits here for a row that is locked. */
    renew: async (jobs: readonly ClaimedJob[]): Promise<ReadonlySet<string>> => {
      const rows = await db.query<{ id: string }>(`
        WITH free AS (SELECT job.name, job.id ${STANDING} FOR UPDATE OF job SKIP LOCKED),
          renewed AS (UPDATE pgboss.job AS job SET started_on = now() FROM free WHERE job.name = free.name AND job.id = free.id)
        SELECT job.id ${STANDING}`, columns(jobs))
      return new Set(rows.map(({ id }) => id))
    },
    /** Back to the queue, as if they had not been begun. What is about to commit its end is left alone. */
    putBack: async (jobs: readonly ClaimedJob[]): Promise<void> => {
      await db.query(`
        WITH free AS (SELECT job.name, job.id ${STANDING} FOR UPDATE OF job SKIP LOCKED)
        UPDATE pgboss.job AS job SET state = 'retry', started_on = NULL, start_after = now(), output = output - 'claim' - 'progress'
        FROM free WHERE job.name = free.name AND job.id = free.id`, columns(jobs))
    },
    /** Back to the queue what was begun by a process that is gone: all but `mine`, or what nobody renewed for `lease` milliseconds. */
    reclaim: async (mine: readonly string[], lease: number): Promise<readonly JobAddress[]> => db.query<{ name: string; id: string }>(`
      WITH orphans AS (
        SELECT name, id, retry_count < retry_limit + $3 AS again FROM pgboss.job
        WHERE state = 'active' AND NOT id = ANY($1) AND ${OURS} AND started_on <= now() - $2 * interval '1 ms' FOR UPDATE SKIP LOCKED
      )
      UPDATE pgboss.job AS job SET
        state = (CASE WHEN again THEN 'retry' ELSE 'failed' END)::pgboss.job_state, completed_on = CASE WHEN again THEN NULL ELSE now() END,
        start_after = now(), output = '{"message": "its process ended while it ran"}'
      FROM orphans WHERE job.name = orphans.name AND job.id = orphans.id RETURNING job.name, job.id`, [mine, lease, CRASHES]),
  }
}
