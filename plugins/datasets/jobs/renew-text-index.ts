import Joi from 'joi'
import { job, queue } from '../../../core/index.ts'
import { textRenewal } from '../text/renewal.ts'
import type { Outdated } from '../text/renewal.ts'

/** Analyses the texts of a dataset anew. What is left to do follows from the rows, so that an interrupted run goes on where it stopped. */
export const renewDataset = job('datasets.renew-text-index-of', {
  payload: Joi.object<Outdated, true>({ workspace_id: Joi.string().required(), dataset_id: Joi.string().required(), until: Joi.number().required() }),
  retries: 10,
  uses: { textRenewal },
  handle: async ({ payload, signal }, { textRenewal }) => {
    while (await textRenewal.renew(payload)) signal.throwIfAborted()
  },
})

/** Looks for datasets whose texts were indexed by the rules of an earlier release. Enqueued at every start. */
export const renewTextIndex = job('datasets.renew-text-index', {
  payload: Joi.object({}),
  uses: { queue, textRenewal },
  handle: async ({ log }, { queue, textRenewal }) => {
    const outdated = await textRenewal.outdated()
    for (const dataset of outdated) await queue.enqueue(renewDataset, dataset, { key: dataset.dataset_id, group: dataset.workspace_id })
    if (outdated.length > 0) log.info({ datasets: outdated.length }, 'texts are being indexed anew')
  },
})
