/** Requests to give written answers or to give none any more: stored, and how far they are. See `switching.ts` for what is done about them. */
import { randomUUID } from 'node:crypto'
import { database, queue, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { annotationErrors } from '../errors.ts'
import { switchOn } from '../jobs/switch-on.ts'
import { AnnotationJob } from '../models/reply.ts'
import type { JobAction, JobRow } from '../models/reply.ts'
import type { ReplyAction, ReplyRequest } from '../schemas/reply.ts'
import type { Writer } from './records.ts'
import { settings } from './settings.ts'
import type { OfApp } from './settings.ts'
import { dropVectors, inTurnOfApp } from './switching.ts'

export interface ReplyJobs {
  /** On, it is once the job has come to its end; off, at once. */
  begin(app: OfApp, writer: Writer, action: ReplyAction, chosen: ReplyRequest): Promise<{ readonly id: string }>
  /** Throws 400 where the app has no such job. */
  find(app: OfApp, action: JobAction, id: string): Promise<JobRow>
}

export const replyJobs = service('annotations.reply-jobs', {
  uses: { db: database, queue, audit, settings, AnnotationJob },
  create: ({ db, queue, audit, settings }): ReplyJobs => ({
    begin: (app, { accountId, isPerson }, action, chosen) => db.transaction(async () => {
      const [workspaceId, id] = [app.workspaceId, randomUUID()]
      await db.query(inTurnOfApp, [app.id])
      // By the clock, not by the transaction's beginning: what waited for its turn came later.
      await db.query(
        `INSERT INTO annotation_jobs (id, workspace_id, app_id, action, status, payload, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())`,
        [id, workspaceId, app.id, action, action === 'enable' ? 'waiting' : 'completed', JSON.stringify(chosen), accountId])
      if (action === 'enable') {
        await queue.enqueue(switchOn, { workspace_id: workspaceId, app_id: app.id, job_id: id }, { group: workspaceId })
      } else {
        await db.query(dropVectors, [workspaceId, app.id])
        await settings.remove(app)
      }
      if (isPerson) await audit.record({ workspaceId, action: `annotation-reply.${action}d`, resource: { type: 'app', id: app.id }, details: action === 'enable' ? { ...chosen } : {} })
      return { id }
    }),
    find: async ({ workspaceId, id: appId }, action, id) => {
      const [found] = await db.query<JobRow>(
        'SELECT * FROM annotation_jobs WHERE workspace_id = $1 AND app_id = $2 AND action = $3 AND id = $4', [workspaceId, appId, action, id])
      if (!found) throw annotationErrors.jobNotFound()
      return found
    },
  }),
})
