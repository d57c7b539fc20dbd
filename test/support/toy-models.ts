/** A model provider without a model: words are hashed into a vector, so that texts with the same words are near each other. */
import { createHash } from 'node:crypto'
import type { EmbedRequest, ModelProvider } from '../../plugins/models/ports.ts'

const DIMENSIONS = 64

export const toyVector = (text: string): Float32Array => {
  const vector = new Float32Array(DIMENSIONS)
  // So that no text is without direction.
  vector[0] = 0.01
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    const place = createHash('md5').update(word).digest().readUInt16LE() % DIMENSIONS
    vector[place] = (vector[place] ?? 0) + 1
  }
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

/** The cosine of two texts' vectors, as a reranker would score them. */
export const toyScore = (query: string, document: string): number => {
  const [a, b] = [toyVector(query), toyVector(document)]
  return Math.min(1, a.reduce((sum, value, index) => sum + value * (b[index] as number), 0))
}
const cosines: ModelProvider['rerank'] = async ({ query, documents, signal }) => {
  signal?.throwIfAborted()
  return { scores: documents.map((document) => toyScore(query, document)), tokens: 0 }
}

/**
 * @param before runs before every answer: it may wait, or throw
 * @param rerank adds the reranking model `cosines`, which scores by the same vectors unless told otherwise
 */
export const toyModels = (before: (request: EmbedRequest) => void | Promise<void> = () => undefined, rerank?: ModelProvider['rerank'] | true): ModelProvider => ({
  label: 'Toy',
  models: () => [
    ...['words', 'words-2'].map((name) => ({ name, type: 'text-embedding' as const, label: name, dimensions: DIMENSIONS })),
    ...rerank ? [{ name: 'cosines', type: 'rerank' as const, label: 'cosines' }] : [],
  ],
  ...rerank ? { rerank: rerank === true ? cosines : rerank } : {},
  embed: async (request) => {
    await before(request)
    request.signal?.throwIfAborted()
    return { vectors: request.texts.map(toyVector), tokens: request.texts.reduce((sum, text) => sum + text.split(/\s+/).length, 0) }
  },
})
