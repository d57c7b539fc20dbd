import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { ingestRequests } from '../services/ingest-requests.ts'

/** Lets the old idempotency keys go: a request that comes so late is a new one. */
export const forgetRequests = job('datasets.forget-requests', {
  payload: Joi.object({}),
  retries: 0,
  cron: '7 * * * *',
  uses: { ingestRequests },
  handle: async ({ log }, { ingestRequests }) => {
    const count = await ingestRequests.forget()
    if (count > 0) log.info({ requests: count }, 'old idempotency keys forgotten')
  },
})
