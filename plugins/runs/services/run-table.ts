/** The rows of runs, as one process writes them. All times are the database's. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import type { NewRun, RunOutcome, RunRef, RunStopped } from '../ports.ts'

export interface LostRun extends RunRef { readonly kind: string; readonly subjectId: string; readonly stoppedBy: string | null }
/** Milliseconds. */
export interface Lease { readonly own: number; readonly others: number }
export interface RunTable {
  /** In a transaction: until it ends, nobody else counts or adds runs of the app. */
  lockApp(appId: string): Promise<void>
  /** Runs of the app that give signs of life. */
  active(run: Pick<NewRun, 'workspaceId' | 'appId'>, leaseMs: number): Promise<number>
  insert(ref: RunRef, run: NewRun): Promise<void>
  /** False where it is over, or was taken from this process. */
  end(ref: RunRef, outcome: RunOutcome): Promise<boolean>
  /** A sign of life for all of them. Those that still run, and who wants them to end. */
  beat(ids: readonly string[]): Promise<readonly { readonly id: string; readonly stoppedBy: 'user' | 'client' | null }[]>
  /** Whether there is such a run, and it goes on. */
  askToStop(ref: RunRef, startedBy: string, by: RunStopped['by']): Promise<boolean>
  /** Those that have had no sign of life for so long, of this process and of others; `except` these. */
  lost(except: readonly string[], lease: Lease): Promise<readonly string[]>
  /** Ends one of them; undefined where another process is at it, or was. */
  endLost(id: string, lease: Lease): Promise<LostRun | undefined>
  /** Of these, the ones that go on. */
  running(ids: readonly string[]): Promise<readonly string[]>
  knows(ref: RunRef): Promise<boolean>
  /** Deletes as many at most that ended so many days ago; returns how many there were. */
  forget(days: number, limit: number): Promise<number>
}

export const runTable = service('runs.runTable', {
  uses: { db: database },
  create: ({ db }): RunTable => {
    const me = randomUUID()
    const isLost = `status = 'running' AND seen_at <= now() - CASE process WHEN $1 THEN $2::float ELSE $3::float END * interval '1 ms'`
    return {
      lockApp: async (appId) => { await db.query(`SELECT pg_advisory_xact_lock(hashtext('mortise.runs'), hashtext($1))`, [appId]) },
      active: async ({ workspaceId, appId }, leaseMs) => {
        const [row] = await db.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM runs WHERE app_id = $1 AND workspace_id = $2 AND status = 'running' AND seen_at > now() - $3 * interval '1 ms'`,
          [appId, workspaceId, leaseMs])
        return row?.count ?? 0
      },
      insert: async ({ id }, { workspaceId, appId, kind, subjectId, startedBy }) => {
        await db.query(
          `INSERT INTO runs (id, workspace_id, app_id, kind, subject_id, started_by, status, process, seen_at, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, now(), now())`, [id, workspaceId, appId, kind, subjectId, startedBy, me])
      },
      end: async ({ id, workspaceId }, outcome) => (await db.query(
        `UPDATE runs SET status = $1, finished_at = now() WHERE id = $2 AND workspace_id = $3 AND process = $4 AND status = 'running' RETURNING 1`,
        [outcome, id, workspaceId, me])).length > 0,
      beat: (ids) => db.query(
        `UPDATE runs SET seen_at = now() WHERE id = ANY($1::uuid[]) AND process = $2 AND status = 'running' RETURNING id, stopped_by AS "stoppedBy"`, [ids, me]),
      askToStop: async ({ id, workspaceId, appId }, startedBy, by) => (await db.query(
        `UPDATE runs SET stopped_by = coalesce(stopped_by, $1)
         WHERE id = $2 AND workspace_id = $3 AND app_id = $4 AND started_by = $5 AND status = 'running' RETURNING 1`, [by, id, workspaceId, appId, startedBy])).length > 0,
      lost: async (except, { own, others }) => (await db.query<{ id: string }>(
        `SELECT id FROM runs WHERE ${isLost} AND id <> ALL($4::uuid[]) ORDER BY seen_at LIMIT 1000`, [me, own, others, except])).map(({ id }) => id),
      endLost: async (id, { own, others }) => {
        const [row] = await db.query<LostRun>(
          `UPDATE runs SET status = CASE WHEN stopped_by IS NULL THEN 'failed' ELSE 'stopped' END, finished_at = now()
           WHERE id = (SELECT id FROM runs WHERE id = $4 AND ${isLost} FOR UPDATE SKIP LOCKED)
           RETURNING id, workspace_id AS "workspaceId", app_id AS "appId", kind, subject_id AS "subjectId", stopped_by AS "stoppedBy"`, [me, own, others, id])
        return row
      },
      running: async (ids) => (await db.query<{ id: string }>(`SELECT id FROM runs WHERE id = ANY($1::uuid[]) AND status = 'running'`, [ids])).map(({ id }) => id),
      knows: async ({ id, workspaceId, appId }) =>
        (await db.query('SELECT 1 FROM runs WHERE id = $1 AND workspace_id = $2 AND app_id = $3', [id, workspaceId, appId])).length > 0,
      forget: async (days, limit) => (await db.query(
        `DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE finished_at < now() - $1 * interval '1 day' LIMIT $2) RETURNING 1`, [days, limit])).length,
    }
  },
})
