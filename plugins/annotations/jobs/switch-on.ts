import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { switching } from '../services/switching.ts'
import type { SwitchTask } from '../services/switching.ts'

/** Embeds the questions of an app, and lets it give written answers from then on. Enqueued in the transaction that stores the request. */
export const switchOn = job('annotations.switch-on', {
  payload: Joi.object<SwitchTask, true>({ workspace_id: Joi.string().required(), app_id: Joi.string().required(), job_id: Joi.string().required() }),
  retries: 4,
  uses: { switching },
  handle: async ({ payload, attempt, last, signal, progress }, { switching }) => {
    try { await switching.run(payload, signal, progress) } catch (error) {
      // An interrupted run has not failed: it goes back to the queue.
      if (last && !signal.aborted) await switching.fail(payload, `The questions could not be embedded: ${attempt} attempts failed, the last with: ${(error as Error).message}. See to the model, and switch it on again.`)
      throw error
    }
  },
})
