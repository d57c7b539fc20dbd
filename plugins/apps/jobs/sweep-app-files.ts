import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { fileRemoval } from '../services/file-removal.ts'

/** Removes files that were sent and that no message has, or has any more. */
export const sweepAppFiles = job('apps.sweep-app-files', {
  payload: Joi.object({}),
  retries: 0,
  cron: '37 * * * *',
  uses: { removal: fileRemoval },
  handle: async ({ log, signal }, { removal }) => {
    const count = await removal.sweep(signal)
    if (count > 0) log.info({ files: count }, 'files that no message has removed')
  },
})
