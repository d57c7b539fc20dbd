/** A question to one dataset, as clients and the console ask it: searched, and kept. */
import { service } from '../../../core/index.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { presentFound } from '../presenters/segment.ts'
import type { RetrieveAnswer, RetrieveRequest } from '../schemas/segment.ts'
import type { Owner } from './dataset-records.ts'
import { modelChoice } from './model-choice.ts'
import { questions } from './questions.ts'
import { retrieval } from './retrieval.ts'
import { searchSettings } from './search-settings.ts'

export interface Asking {
  /** Throws 400 where a model or an external service that is needed is not there or does not answer, and 404 where the dataset is gone meanwhile. */
  ask(owner: Owner, dataset: DatasetRow, request: RetrieveRequest, signal: AbortSignal): Promise<RetrieveAnswer>
}

export const asking = service('datasets.asking', {
  uses: { modelChoice, retrieval, questions },
  create: ({ modelChoice, retrieval, questions }): Asking => ({
    ask: async (owner, dataset, { query, retrieval_model: model, external_retrieval_model: external }, signal) => {
      await modelChoice.checkReranking(owner.workspaceId, model)
      const found = await retrieval.search(owner.workspaceId, [dataset], query, searchSettings(dataset, model, external), signal)
      await questions.keep(owner, dataset.id, query)
      return presentFound(query, found)
    },
  }),
})
