/** Which models a dataset may name, and which one it gets where nobody named one. */
import { service } from '../../../core/index.ts'
import { models } from '../../models/ports.ts'
import type { ModelRef } from '../../models/ports.ts'
import { datasetErrors } from '../errors.ts'
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
  /** Tells of each dataset whether its embedding model can be used: one question, however many datasets. */
  availability(workspaceId: string): Promise<(dataset: DatasetRow) => boolean>
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
    availability: async (workspaceId) => {
      const offers = await models.list(workspaceId, 'text-embedding')
      const known = new Set(offers.flatMap((one) => one.models.map(({ name }) => JSON.stringify([one.provider, name]))))
      return ({ indexing_technique: technique, embedding_model_provider: provider, embedding_model: model }) =>
        technique !== 'high_quality' || known.has(JSON.stringify([provider, model]))
    },
  }),
})
