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

/** @param before runs before every answer: it may wait, or throw */
export const toyModels = (before: (request: EmbedRequest) => void | Promise<void> = () => undefined): ModelProvider => ({
  label: 'Toy',
  models: () => ['words', 'words-2'].map((name) => ({ name, type: 'text-embedding' as const, label: name, dimensions: DIMENSIONS })),
  embed: async (request) => {
    await before(request)
    request.signal?.throwIfAborted()
    return { vectors: request.texts.map(toyVector), tokens: request.texts.reduce((sum, text) => sum + text.split(/\s+/).length, 0) }
  },
})
