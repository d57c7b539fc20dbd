/** Which jobs wait, as a queue beside the database needs to know: a ticket is made for each, and those that lost theirs are found. */
import type { Database } from '../../../core/index.ts'
import type { JobAddress } from './boss-jobs.ts'

export interface WaitingJob extends JobAddress {
  readonly group: string
  readonly priority: number
  /** When it may run, in microseconds since 1970. New each time that the job goes back to the queue. */
  readonly due: string
  /** Milliseconds until then, by the clock of the database; not above 0 where it is due. */
  readonly dueIn: number
}
export type DueJobs = ReturnType<typeof dueJobs>

const COLUMNS = `name, id, data->>'group' AS group, priority, (extract(epoch FROM start_after) * 1000000)::bigint::text AS due,
  ceil(extract(epoch FROM start_after - now()) * 1000)::float8 AS "dueIn"`
const DUE = `name = $1 AND state < 'active' AND start_after <= now()`

export const dueJobs = (db: Database) => ({
  /** Of these, those that wait, in the same order. */
  these: async (jobs: readonly JobAddress[]): Promise<readonly WaitingJob[]> => {
    const names = [...new Set(jobs.map(({ name }) => name))]
    const rows = await db.query<WaitingJob & { id: string }>(
      `SELECT ${COLUMNS} FROM pgboss.job WHERE name = ANY($1) AND id = ANY($2) AND state < 'active'`, [names, jobs.map(({ id }) => id)])
    const found = new Map(rows.map((row) => [row.id, row]))
    return jobs.flatMap(({ id }) => found.get(id) ?? [])
  },
  /** Those whose turn it is next: by priority, and of each group one after another. Sorts all that wait. */
  next: (name: string, limit: number): Promise<readonly WaitingJob[]> => db.query<WaitingJob>(`
    SELECT ${COLUMNS} FROM (
      SELECT *, row_number() OVER (PARTITION BY priority, data->>'group' ORDER BY created_on, id) AS turn FROM pgboss.job WHERE ${DUE}
    ) AS job ORDER BY priority DESC, turn, created_on, id LIMIT $2`, [name, limit]),
  /** One page of all that are due, in the order of an index, so that a round over them comes to every one of them. */
  after: (name: string, last: Pick<WaitingJob, 'due' | 'id'>, limit: number): Promise<readonly WaitingJob[]> => db.query<WaitingJob>(`
    SELECT ${COLUMNS} FROM pgboss.job WHERE ${DUE} AND (start_after, id) > (timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3::uuid)
    ORDER BY start_after, id LIMIT $4`, [name, last.due, last.id, limit]),
})
