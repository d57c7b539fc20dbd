import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { stragglers } from '../services/stragglers.ts'

/** Takes up documents whose indexing nobody works on: after a crash, and where all documents of a dataset begin anew. */
export const resumeIndexing = job('datasets.resume-indexing', {
  payload: Joi.object({}),
  retries: 0,
  cron: '* * * * *',
  uses: { stragglers },
  handle: async ({ log, signal }, { stragglers }) => {
    const count = await stragglers.resume(signal)
    if (count > 0) log.info({ documents: count }, 'indexing resumed')
  },
})
