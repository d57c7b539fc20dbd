import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { segmentImporting } from '../services/segment-importing.ts'
import type { ImportTask } from '../services/segment-importing.ts'

/** Makes the rows of a table segments of a document. Enqueued in the transaction that stores the import. */
export const importSegments = job('datasets.import-segments', {
  payload: Joi.object<ImportTask, true>({ workspace_id: Joi.string().required(), import_id: Joi.string().required(), key: Joi.string().required() }),
  retries: 4,
  uses: { importing: segmentImporting },
  handle: async ({ payload, attempt, last, signal }, { importing }) => {
    try { await importing.run(payload, signal) } catch (error) {
      // An interrupted run has not failed: it goes back to the queue.
      if (last && !signal.aborted) await importing.fail(payload, `The import failed ${attempt} times, the last time with: ${(error as Error).message}.`)
      throw error
    }
  },
})
