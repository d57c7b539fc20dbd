/** Reranking, which OpenAI itself does not have: the request of Cohere and Jina, as vLLM, LocalAI and others took it over, and each one's answer. */
import type { Reranking } from '../ports.ts'
import type { Ask, Place, Question } from './connection.ts'
import { sayable, tokensOf } from './embedding.ts'

export interface RerankingRequest {
  readonly model: string
  readonly query: string
  readonly documents: readonly string[]
  readonly asked: Pick<Question, 'patience' | 'timeout' | 'signal'>
}

/** Throws as `Ask` does, and an `Error` where the answer is not what was asked for. */
export const rerankDocuments = async (ask: Ask, place: Place, { model, query, documents, asked }: RerankingRequest): Promise<Reranking> => {
  const json = { model, query: sayable(query), documents: documents.map(sayable), top_n: documents.length, return_documents: false }
  const answer = await ask(place, { ...asked, path: '/rerank', model, json })
  const { results, data, usage } = (Array.isArray(answer) ? { data: answer } : answer ?? {}) as { results?: unknown; data?: unknown; usage?: Parameters<typeof tokensOf>[0] }
  return { scores: scoresOf(results ?? data, documents.length, `${place.label}/${model}`), tokens: tokensOf(usage) }
}

/** In the order of the documents. What the server leaves out is not relevant to it. */
const scoresOf = (results: unknown, count: number, who: string): number[] => {
  if (!Array.isArray(results)) throw new Error(`${who} answered without scores. Check that the base URL leads to a reranking server.`)
  const found = new Map<number, number>()
  for (const result of results as readonly unknown[]) {
    const { index, relevance_score, score = relevance_score } = (result ?? {}) as { index?: unknown; relevance_score?: unknown; score?: unknown }
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || found.has(index)) {
      throw new Error(`${who} scored a document that it was not asked about: one has the index ${String(index)}.`)
    }
    if (typeof score !== 'number' || !Number.isFinite(score)) throw new Error(`${who} returned a score that is no number.`)
    found.set(index, score)
  }
  // Some servers give the model's bare output, whose logistic function is the probability that the model was trained to give.
  const logits = [...found.values()].some((score) => score < 0 || score > 1)
  return Array.from({ length: count }, (_, index) => {
    const score = found.get(index)
    return score === undefined ? 0 : logits ? 1 / (1 + Math.exp(-score)) : score
  })
}
