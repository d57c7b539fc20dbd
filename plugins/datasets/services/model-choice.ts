/** Which models a dataset may name, and which one it gets where nobody named one. */
import { service } from '../../../core/index.ts'
import { models } from '../../models/ports.ts'
import type { ModelRef } from '../../models/ports.ts'
import { datasetErrors } from '../errors.ts'
import { embeddingModelOf } from '../models/dataset.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { RetrievalModel } from '../schemas/retrieval-model.ts'
import { rerankerOf } from './search-settings.ts'

export interface ModelChoice {
  /** The model that somebody named, or undefined. Throws 400 where it is not there, or only half of its name was given. */
  named(workspaceId: string, given: { embedding_model?: string | null; embedding_model_provider?: string | null }): Promise<ModelRef | undefined>
  /** Undefined where no provider offers one. */
  fallback(workspaceId: string): Promise<ModelRef | undefined>
  /** Throws 400 where the retrieval model names a reranking model that is not there. */
  checkReranking(workspaceId: string, retrieval: RetrievalModel | null | undefined): Promise<void>
  /** Those of the datasets whose embedding model cannot be used: one question for each model, however many datasets. */
  unavailable(workspaceId: string, datasets: readonly DatasetRow[]): Promise<ReadonlySet<DatasetRow>>
}

export const modelChoice = service('datasets.model-choice', {
  uses: { models },
  create: ({ models }): ModelChoice => ({
    named: async (workspaceId, { embedding_model: model, embedding_model_provider: provider }) => {
      if (!model && !provider) return undefined
      if (!model || !provider) {
        throw datasetErrors.modelUnknown('A model is named by embedding_model and embedding_model_provider together; send both, or neither for the default.')
      }
      if (!await models.find(workspaceId, { provider, model }, 'text-embedding')) {
        const offers = (await models.list(workspaceId, 'text-embedding')).flatMap((one) => one.models.map(({ name }) => `${one.provider}/${name}`))
        const known = offers.length > 0 ? `There are: ${offers.join(', ')}.` : 'None is configured.'
        throw datasetErrors.modelUnknown(`The embedding model ${provider}/${model} is not available. ${known}`)
      }
      return { provider, model }
    },
    fallback: (workspaceId) => models.defaultModel(workspaceId, 'text-embedding'),
    checkReranking: async (workspaceId, retrieval) => {
      const named = retrieval && rerankerOf(retrieval)
      if (named && !await models.find(workspaceId, named, 'rerank')) {
        throw datasetErrors.modelUnknown(`The reranking model ${named.provider}/${named.model} is not available. Name one that is, or send reranking_enable false.`)
      }
    },
    unavailable: async (workspaceId, datasets) => {
      // `find` is asked, and not the list compared: a provider may be written in more than one way.
      const known = new Map<string, boolean>()
      const missing = new Set<DatasetRow>()
      for (const dataset of datasets.filter(({ indexing_technique: technique }) => technique === 'high_quality')) {
        const model = embeddingModelOf(dataset)
        const key = JSON.stringify(model)
        if (!known.has(key)) known.set(key, model !== undefined && await models.find(workspaceId, model, 'text-embedding') !== undefined)
        if (!known.get(key)) missing.add(dataset)
      }
      return missing
    },
  }),
})
