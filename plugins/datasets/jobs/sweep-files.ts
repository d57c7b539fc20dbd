import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { uploads } from '../services/uploads.ts'

/** Removes files that were sent and never became a document. */
export const sweepFiles = job('datasets.sweep-files', {
  payload: Joi.object({}),
  retries: 0,
  cron: '23 * * * *',
  uses: { uploads },
  handle: async ({ log, signal }, { uploads }) => {
    const count = await uploads.sweep(signal)
    if (count > 0) log.info({ files: count }, 'files that became no document removed')
  },
})
