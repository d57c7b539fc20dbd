/** What a request asks of models. What goes wrong at a provider is its own matter: it is logged, and told only as such. */
import { HttpError, logger, service } from '../../../core/index.ts'
import { models } from '../../models/ports.ts'
import type { Embeddings, ModelRef } from '../../models/ports.ts'
import { datasetErrors } from '../errors.ts'

export interface AskedModels {
  /** The vector of a question. Throws `completion_request_error`. */
  embed(workspaceId: string, model: ModelRef, question: string, signal?: AbortSignal): Promise<Float32Array>
  /** The vectors of passages, one for each, in their order; none where there are no passages. Throws `completion_request_error`. */
  embedPassages(workspaceId: string, model: ModelRef, texts: readonly string[], signal?: AbortSignal): Promise<Embeddings>
  /** How well each text answers, 0..1, in their order. Throws `completion_request_error`. */
  rerank(workspaceId: string, model: ModelRef, question: string, texts: readonly string[], signal?: AbortSignal): Promise<readonly number[]>
}

export const askedModels = service('datasets.asked-models', {
  uses: { models, log: logger },
  create: ({ models, log }): AskedModels => {
    const answer = async <T>(kind: 'embedding' | 'reranking', model: ModelRef, signal: AbortSignal | undefined, ask: () => Promise<T>): Promise<T> => {
      try { return await ask() } catch (error) {
        if (error instanceof HttpError || signal?.aborted) throw error
        log.error({ err: error, model }, `a model for ${kind} did not answer`)
        throw datasetErrors.modelFailed(`The ${kind} model did not answer. Ask again; the log of the server has the reason.`, { cause: error })
      }
    }
    return {
      embed: (workspaceId, model, question, signal) => answer('embedding', model, signal, async () => {
        const { vectors: [vector] } = await models.embed(workspaceId, model, { texts: [question], purpose: 'query', ...signal ? { signal } : {} })
        if (!vector) throw new Error('it returned no vector')
        return vector
      }),
      embedPassages: async (workspaceId, model, texts, signal) => texts.length === 0 ? { vectors: [], tokens: 0 } : answer('embedding', model, signal, async () => {
        const made = await models.embed(workspaceId, model, { texts, purpose: 'document', ...signal ? { signal } : {} })
        if (made.vectors.length !== texts.length) throw new Error(`it returned ${made.vectors.length} vectors for ${texts.length} texts`)
        return made
      }),
      rerank: (workspaceId, model, question, texts, signal) => answer('reranking', model, signal, async () =>
        (await models.rerank(workspaceId, model, { query: question, documents: texts, ...signal ? { signal } : {} })).scores),
    }
  },
})
