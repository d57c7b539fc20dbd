import Joi from 'joi'
import { job, queue } from '../../../core/index.ts'
import { annotationsConfig } from '../config.ts'
import { switching } from '../services/switching.ts'
import { embedAnnotations } from './embed-annotations.ts'

/** Takes up what could not be embedded when it was written, as while a model was away; and forgets jobs that nobody asks for any more. */
export const sweep = job('annotations.sweep', {
  payload: Joi.object({}),
  retries: 0,
  cron: '*/5 * * * *',
  uses: { switching, queue, config: annotationsConfig },
  handle: async ({ signal }, { switching, queue, config }) => {
    for (const task of await switching.behind()) {
      signal.throwIfAborted()
      await queue.enqueue(embedAnnotations, task, { group: task.workspace_id, key: task.app_id })
    }
    await switching.forgetJobs(config.keepJobsDays)
  },
})
