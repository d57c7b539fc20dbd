import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { vectorRemoval } from '../services/vector-removal.ts'

interface Payload { readonly workspace_id: string; readonly dataset_id: string }
/** Removes the vectors of a dataset that is searched by words alone from now on. Enqueued in the transaction that changes it. */
export const dropVectors = job('datasets.drop-vectors', {
  payload: Joi.object<Payload, true>({ workspace_id: Joi.string().required(), dataset_id: Joi.string().required() }),
  retries: 10,
  uses: { vectors: vectorRemoval },
  handle: ({ payload, signal }, { vectors }) => vectors.remove(payload.workspace_id, payload.dataset_id, signal),
})
