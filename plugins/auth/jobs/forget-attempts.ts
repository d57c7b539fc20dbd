import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { attempts } from '../services/attempts.ts'

/** Tries that count no more. A row that is still there harms nothing: the count of its pair begins anew by itself. */
export const forgetAttempts = job('auth.forget-attempts', {
  payload: Joi.object({}),
  cron: '20 * * * *',
  uses: { attempts },
  handle: async ({ log }, { attempts }) => {
    const pairs = await attempts.forget()
    if (pairs > 0) log.info({ pairs }, 'old attempts to sign in are forgotten')
  },
})
