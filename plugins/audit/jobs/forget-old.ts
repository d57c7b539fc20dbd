import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { auditConfig } from '../config.ts'
import { entries } from '../services/entries.ts'

const BATCH = 5_000

/** Entries that are older than `days`. A batch that was removed stays removed, whatever becomes of the rest. */
export const forgetOld = job('audit.forget-old', {
  payload: Joi.object({}),
  cron: '40 3 * * *',
  uses: { config: auditConfig, entries },
  handle: async ({ log, signal }, { config, entries }) => {
    let removed = 0
    for (let last = BATCH; last === BATCH;) {
      signal.throwIfAborted()
      last = await entries.forget(config.days, BATCH)
      removed += last
    }
    if (removed > 0) log.info({ removed }, 'old entries of the audit log are removed')
  },
})
