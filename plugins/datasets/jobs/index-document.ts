import Joi from 'joi'
import { job, queue } from '../../../core/index.ts'
import type { Queue } from '../../../core/index.ts'
import { DocumentFault } from '../errors.ts'
import { indexing } from '../services/indexing.ts'
import type { Task } from '../services/indexing.ts'

/** Enqueued in the transaction that stores a document, and by itself where a run did not come to the end. */
export const indexDocument = job('datasets.index-document', {
  payload: Joi.object<Task, true>({ workspace_id: Joi.string().required(), document_id: Joi.string().required(), generation: Joi.number().required() }),
  retries: 4,
  concurrency: 2,
  uses: { indexing, queue },
  handle: async ({ payload, attempt, last, signal, log, once }, { indexing, queue }) => {
    try {
      if (await indexing.run(payload, signal)) await once(() => enqueueIndexing(queue, payload))
    } catch (error) {
      const { message } = error as Error
      if (error instanceof DocumentFault) {
        log.info({ document: payload.document_id, reason: message }, 'a document cannot be indexed')
        await indexing.fail(payload, message)
        return
      }
      // An interrupted run has not failed: it goes back to the queue.
      if (last && !signal.aborted) {
        await indexing.fail(payload, `Indexing failed ${attempt} times, the last time with: ${message}. Send the document again once that is put right.`)
      }
      throw error
    }
  },
})

/** Dropped where a job of this content waits already; workspaces take turns. */
export const enqueueIndexing = (queue: Queue, task: Task): Promise<string> =>
  queue.enqueue(indexDocument, task, { key: `${task.document_id}:${task.generation}`, group: task.workspace_id })
