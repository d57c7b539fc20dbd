import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { codes } from '../services/codes.ts'
import { invitations } from '../services/invitations.ts'
import { sessions } from '../services/sessions.ts'

/** Sessions, mailed codes and invitations that are over. A row that is still there opens nothing. */
export const forgetExpired = job('auth.forget-expired', {
  payload: Joi.object({}),
  cron: '25 * * * *',
  uses: { codes, invitations, sessions },
  handle: async ({ log }, { codes, invitations, sessions }) => {
    const forgotten = { sessions: await sessions.forget(), codes: await codes.forget(), invitations: await invitations.forget() }
    if (Object.values(forgotten).some((count) => count > 0)) log.info(forgotten, 'expired sessions, codes and invitations are forgotten')
  },
})
