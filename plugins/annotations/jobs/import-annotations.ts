import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { importing } from '../services/importing.ts'
import type { SwitchTask } from '../services/switching.ts'

/** Makes the rows of a file written answers. Enqueued in the transaction that stores the import. */
export const importAnnotations = job('annotations.import', {
  payload: Joi.object<SwitchTask, true>({ workspace_id: Joi.string().required(), app_id: Joi.string().required(), job_id: Joi.string().required() }),
  retries: 4,
  uses: { importing },
  handle: async ({ payload, attempt, last, signal, once }, { importing }) => {
    try { await importing.run(payload, once) } catch (error) {
      // An interrupted run has not failed: it goes back to the queue.
      if (last && !signal.aborted) await importing.fail(payload, `The import failed ${attempt} times, the last time with: ${(error as Error).message}. Send the file again.`)
      throw error
    }
  },
})
