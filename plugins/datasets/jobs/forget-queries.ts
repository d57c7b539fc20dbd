import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { questions } from '../services/questions.ts'

/** Lets the old questions go: what somebody asked is nobody's business for ever. */
export const forgetQueries = job('datasets.forget-queries', {
  payload: Joi.object({}),
  retries: 0,
  cron: '23 4 * * *',
  uses: { questions },
  handle: async ({ log, signal }, { questions }) => {
    const count = await questions.forget(signal)
    if (count > 0) log.info({ queries: count }, 'old questions forgotten')
  },
})
