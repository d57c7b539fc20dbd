/**
 * The background half of switching written answers on, and of keeping them found. An app goes on with the model that it has until all its
 * questions have vectors of the new one; where that fails, nothing has changed.
 */
import { database, errors, logger, service } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'
import { models } from '../../models/ports.ts'
import { AnnotationVector } from '../models/annotation.ts'
import { AnnotationJob } from '../models/reply.ts'
import type { JobRow } from '../models/reply.ts'
import type { ReplyRequest } from '../schemas/reply.ts'
import { embedding, isFinal } from './embedding.ts'
import { modelOf, settings } from './settings.ts'
import type { OfApp } from './settings.ts'

export interface AppTask { readonly workspace_id: string; readonly app_id: string }
export interface SwitchTask extends AppTask { readonly job_id: string }
export interface Switching {
  /** To the end. What another attempt would not change is kept as the job's error. */
  run(task: SwitchTask, signal: AbortSignal, progress: (value: Json) => Promise<void>): Promise<void>
  fail(task: SwitchTask, message: string): Promise<void>
  /** Embeds what has no vector of the app's model. What another attempt would not change is logged. */
  embedNew(task: AppTask, signal: AbortSignal): Promise<void>
  /** Apps that give written answers and have some without a vector. */
  behind(): Promise<readonly AppTask[]>
  /** Forgets the state of what ended before so many days; resolves to how many these were. */
  forgetJobs(days: number): Promise<number>
}
const SUPERSEDED = 'Another change of the reply came after this one, and holds instead.'
/** Inside a transaction: whoever begins or ends a switch of the app does so alone. */
export const inTurnOfApp = `SELECT pg_advisory_xact_lock(hashtextextended('annotation reply ' || $1::text, 0))`
export const dropVectors = 'DELETE FROM annotation_vectors WHERE workspace_id = $1 AND app_id = $2'

export const switching = service('annotations.switching', {
  uses: { db: database, models, embedding, settings, log: logger, AnnotationJob, AnnotationVector },
  create: ({ db, models, embedding, settings, log }): Switching => {
    const appOf = ({ workspace_id: workspaceId, app_id: id }: AppTask): OfApp => ({ workspaceId, id })
    const find = async ({ workspace_id, job_id }: SwitchTask): Promise<JobRow | undefined> =>
      (await db.query<JobRow>('SELECT * FROM annotation_jobs WHERE workspace_id = $1 AND id = $2', [workspace_id, job_id]))[0]
    const end = async ({ workspace_id, job_id }: SwitchTask, error: string | null): Promise<void> => {
      await db.query(
        `UPDATE annotation_jobs SET status = $3, error = $4 WHERE workspace_id = $1 AND id = $2 AND status IN ('waiting', 'processing')`,
        [workspace_id, job_id, error === null ? 'completed' : 'error', error?.replace(/[\0\p{Cs}]/gu, '\ufffd').slice(0, 2000) ?? null])
    }
    const isSuperseded = async ({ workspace_id, app_id, job_id }: SwitchTask): Promise<boolean> => (await db.query(
      `SELECT 1 FROM annotation_jobs later JOIN annotation_jobs this ON this.workspace_id = later.workspace_id AND this.id = $3 AND later.created_at > this.created_at
       WHERE later.workspace_id = $1 AND later.app_id = $2 AND later.action <> 'import' LIMIT 1`, [workspace_id, app_id, job_id])).length > 0
    /** Undoes what was embedded in vain. */
    const fail = (task: SwitchTask, message: string): Promise<void> => db.transaction(async () => {
      await db.query(inTurnOfApp, [task.app_id])
      const job = await find(task)
      if (!job) return
      const { embedding_provider_name: provider, embedding_model_name: model } = job.payload as ReplyRequest
      const now = await settings.find(appOf(task))
      if (!now || modelOf(now) !== `${provider}/${model}`) await db.query(`${dropVectors} AND model = $3`, [task.workspace_id, task.app_id, `${provider}/${model}`])
      await end(task, message)
    })
    const work = async (task: SwitchTask, job: JobRow, signal: AbortSignal, progress: (value: Json) => Promise<void>): Promise<void> => {
      const [app, chosen] = [appOf(task), job.payload as ReplyRequest]
      const ref = { provider: chosen.embedding_provider_name, model: chosen.embedding_model_name }
      await db.query(`UPDATE annotation_jobs SET status = 'processing' WHERE workspace_id = $1 AND id = $2 AND status = 'waiting'`, [task.workspace_id, task.job_id])
      // Asked for itself too: an app without questions would not notice that there is no such model.
      await models.embed(task.workspace_id, ref, { texts: ['Is anybody there?'], purpose: 'query', signal })
      let embedded = 0
      await embedding.all(app, ref, {
        since: job.created_at, signal,
        stored: async (done) => { embedded = done; await settings.touch(app, `${ref.provider}/${ref.model}`) },
      })
      await progress({ embedded })
      await db.transaction(async () => {
        await db.query(inTurnOfApp, [task.app_id])
        if (await isSuperseded(task)) throw errors.conflict(SUPERSEDED)
        await settings.put(app, job.created_by, chosen)
        await db.query(`${dropVectors} AND model <> $3`, [task.workspace_id, task.app_id, `${ref.provider}/${ref.model}`])
        await end(task, null)
      })
    }
    return {
      fail,
      run: async (task, signal, progress) => {
        const job = await find(task)
        // Its app is deleted, or an earlier run came to the end and died before it could say so.
        if (!job || job.status === 'completed' || job.status === 'error') return
        try {
          if (await isSuperseded(task)) throw errors.conflict(SUPERSEDED)
          await work(task, job, signal, progress)
        } catch (error) {
          if (signal.aborted || !isFinal(error)) throw error
          await fail(task, error.message)
        }
      },
      embedNew: async (task, signal) => {
        const app = appOf(task)
        const setting = await settings.find(app)
        if (!setting) return
        try {
          await embedding.all(app, { provider: setting.embedding_provider, model: setting.embedding_model }, { signal, stored: async () => { await settings.touch(app) } })
        } catch (error) {
          if (signal.aborted || !isFinal(error)) throw error
          log.warn({ err: error, app: app.id, model: modelOf(setting) }, 'written answers that are new cannot be found: their model does not embed them. Choose another one in the annotation reply of the app')
        }
      },
      behind: () => db.query<AppTask>(
        `SELECT s.workspace_id, s.app_id FROM annotation_settings s WHERE EXISTS (
           SELECT 1 FROM annotations a WHERE a.workspace_id = s.workspace_id AND a.app_id = s.app_id AND (
             SELECT v.made_at FROM annotation_vectors v
             WHERE v.workspace_id = a.workspace_id AND v.app_id = a.app_id AND v.model = s.embedding_provider || '/' || s.embedding_model AND v.annotation_id = a.id) IS NULL)`),
      forgetJobs: async (days) => (await db.query(
        `DELETE FROM annotation_jobs WHERE status IN ('completed', 'error') AND created_at < now() - $1 * interval '1 day' RETURNING 1`, [days])).length,
    }
  },
})
