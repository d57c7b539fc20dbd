/** The background half of an import. */
import { database, service } from '../../../core/index.ts'
import { AnnotationJob } from '../models/reply.ts'
import type { JobRow } from '../models/reply.ts'
import type { AnnotationText } from '../schemas/annotation.ts'
import { isFinal } from './embedding.ts'
import { records } from './records.ts'
import type { SwitchTask } from './switching.ts'

export interface Importing {
  /** @param once see `JobCall`. What another attempt would not change is kept as the job's error. */
  run(task: SwitchTask, once: <T>(work: () => Promise<T>) => Promise<T>): Promise<void>
  fail(task: SwitchTask, message: string): Promise<void>
}

export const importing = service('annotations.importing', {
  uses: { db: database, records, AnnotationJob },
  create: ({ db, records }): Importing => {
    // What was read is a table of annotations by now, or never becomes one.
    const end = async ({ workspace_id, job_id }: SwitchTask, error: string | null): Promise<void> => {
      await db.query(
        `UPDATE annotation_jobs SET status = $3, error = $4, payload = '[]' WHERE workspace_id = $1 AND id = $2 AND status = 'waiting'`,
        [workspace_id, job_id, error === null ? 'completed' : 'error', error?.replace(/[\0\p{Cs}]/gu, '\ufffd').slice(0, 2000) ?? null])
    }
    return {
      fail: end,
      run: async (task, once) => {
        try {
          await once(async () => {
            const [job] = await db.query<JobRow>(
              `SELECT * FROM annotation_jobs WHERE workspace_id = $1 AND id = $2 AND status = 'waiting' FOR UPDATE`, [task.workspace_id, task.job_id])
            if (!job) return
            await records.addAll({ workspaceId: task.workspace_id, id: task.app_id }, { accountId: job.created_by, isPerson: false }, job.payload as AnnotationText[])
            await end(task, null)
          })
        } catch (error) {
          if (!isFinal(error)) throw error
          await end(task, error.message)
        }
      },
    }
  },
})
