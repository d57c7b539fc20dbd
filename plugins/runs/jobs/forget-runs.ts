import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { runsConfig } from '../config.ts'
import { runTable } from '../services/run-table.ts'

const BATCH = 5_000

/** Runs that ended more than `keepDays` ago. What they were about, such as a message, stays. */
export const forgetRuns = job('runs.forget-runs', {
  payload: Joi.object({}),
  cron: '50 3 * * *',
  uses: { config: runsConfig, table: runTable },
  handle: async ({ log, signal }, { config, table }) => {
    let removed = 0
    for (let last = BATCH; last === BATCH;) {
      signal.throwIfAborted()
      last = await table.forget(config.keepDays, BATCH)
      removed += last
    }
    if (removed > 0) log.info({ removed }, 'old runs are removed')
  },
})
