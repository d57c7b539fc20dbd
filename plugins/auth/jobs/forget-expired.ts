import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { codes } from '../services/codes.ts'
import { sessions } from '../services/sessions.ts'

/** Sessions and mailed codes that are over. A row that is still there opens nothing. */
export const forgetExpired = job('auth.forget-expired', {
  payload: Joi.object({}),
  cron: '25 * * * *',
  uses: { codes, sessions },
  handle: async ({ log }, { codes, sessions }) => {
    const forgotten = { sessions: await sessions.forget(), codes: await codes.forget() }
    if (forgotten.sessions + forgotten.codes > 0) log.info(forgotten, 'expired sessions and codes are forgotten')
  },
})
