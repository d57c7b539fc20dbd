/** What people and tests see of the jobs in the database, over all processes, and what they may do about those that failed. */
import type { Database, JobFilter, JobInfo, JobState, Json } from '../../../core/index.ts'
import { OURS } from './boss-jobs.ts'
import type { JobAddress } from './boss-jobs.ts'

export type JobList = ReturnType<typeof jobList>
interface Row {
  id: string; name: string; state: JobState; payload: string | null; group: string | null; priority: number; attempts: number
  created_on: Date; start_after: Date; progress: string | null; error: string | null
}

const STATE = `CASE WHEN state < 'active' THEN 'waiting' ELSE state::text END`
const isId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

export const jobList = (db: Database) => ({
  counts: async (): Promise<Record<JobState, number>> => {
    const rows = await db.query<{ state: JobState; count: number }>(`SELECT ${STATE} AS state, count(*)::int AS count FROM pgboss.job WHERE ${OURS} GROUP BY 1`)
    const counts = { waiting: 0, active: 0, failed: 0 }
    for (const { state, count } of rows) if (state in counts) counts[state] = count
    return counts
  },
  /** Also those of names that no enabled plugin has any more. */
  find: async ({ state, name, id, limit = 50 }: JobFilter = {}): Promise<readonly JobInfo[]> => {
    if (id !== undefined && !isId(id)) return []
    const rows = await db.query<Row>(`
      SELECT id, name, ${STATE} AS state, data->>'payload' AS payload, data->>'group' AS group, priority,
        retry_count + (started_on IS NOT NULL)::int AS attempts, created_on, start_after, output->>'progress' AS progress,
        COALESCE(output->>'message', output->'value'->>'message') AS error
      FROM pgboss.job
      WHERE ${OURS} AND state IN ('created', 'retry', 'active', 'failed') AND ($1::text IS NULL OR ${STATE} = $1)
        AND ($2::text IS NULL OR name = $2) AND ($3::uuid IS NULL OR id = $3)
      ORDER BY created_on DESC, id LIMIT $4`, [state ?? null, name ?? null, id ?? null, limit])
    return rows.map((row) => ({
      id: row.id, name: row.name, state: row.state, payload: JSON.parse(row.payload ?? '{}') as unknown, group: row.group ?? '', priority: row.priority,
      attempts: row.attempts, createdAt: row.created_on, dueAt: row.start_after,
      progress: row.progress === null ? undefined : JSON.parse(row.progress) as Json, error: row.error ?? undefined,
    }))
  },
  /** Undefined where no such job has failed for good. */
  retry: async (id: string): Promise<JobAddress | undefined> => {
    if (!isId(id)) return undefined
    const [row] = await db.query<{ name: string; id: string }>(`
      UPDATE pgboss.job SET state = 'retry', retry_count = 0, started_on = NULL, completed_on = NULL, start_after = now(), output = output - 'stack'
      WHERE id = $1 AND state = 'failed' AND ${OURS} RETURNING name, id`, [id])
    return row
  },
  discard: async (id: string): Promise<boolean> =>
    isId(id) && (await db.query(`DELETE FROM pgboss.job WHERE id = $1 AND state = 'failed' AND ${OURS} RETURNING 1`, [id])).length > 0,
})
