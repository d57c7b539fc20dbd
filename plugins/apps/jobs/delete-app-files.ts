import Joi from 'joi'
import { job, storage } from '../../../core/index.ts'

/** Removes stored files whose rows are gone. Enqueued in the transaction that deletes the rows, so it runs only after its commit. */
export const deleteAppFiles = job('apps.delete-app-files', {
  payload: Joi.object<{ keys: string[] }, true>({ keys: Joi.array().items(Joi.string()).required() }),
  retries: 10,
  uses: { storage },
  handle: async ({ payload, signal }, { storage }) => {
    for (const key of payload.keys) {
      signal.throwIfAborted()
      await storage.delete(key)
    }
  },
})
