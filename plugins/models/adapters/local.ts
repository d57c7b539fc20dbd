/** What runs in this process, offline: a sentence-embedding model (Universal Sentence Encoder lite, its weights part of a package), a reranker by words, and an llm that quotes. */
import Joi from 'joi'
import { defineAdapter } from '../../../core/index.ts'
import { createEncoder } from '../encoder/encoder.ts'
import { extractive, generateExtract } from '../extractive/generate.ts'
import { modelProvider } from '../ports.ts'
import type { ModelInfo, ModelProvider } from '../ports.ts'
import { lexicalScorer } from '../rerank/lexical.ts'

interface LocalOptions {
  /** Minutes without work after which the model's memory (some 150 MB) is given back. */
  readonly idleMinutes: number
}
const useLite: ModelInfo = { name: 'use-lite', type: 'text-embedding', label: 'Universal Sentence Encoder lite', dimensions: 512, contextSize: 512 }
const lexical: ModelInfo = { name: 'lexical', type: 'rerank', label: 'Words in common' }

export const local = defineAdapter(modelProvider, 'local', {
  options: Joi.object<LocalOptions, true>({ idleMinutes: Joi.number().min(0.01).max(24 * 60).default(10) }),
  create: (_deps, { idleMinutes }): ModelProvider & { close(): Promise<void> } => {
    const encoder = createEncoder({ idleMs: idleMinutes * 60_000 })
    return {
      label: 'Built in',
      models: () => [useLite, lexical, extractive],
      embed: async ({ texts, purpose, signal }) => {
        const answers = await Promise.all(texts.map((text) => encoder.encode(text, { urgent: purpose === 'query', ...(signal ? { signal } : {}) })))
        return { vectors: answers.map(({ vector }) => vector), tokens: answers.reduce((sum, { tokens }) => sum + tokens, 0) }
      },
      rerank: async ({ query, documents }) => ({ scores: documents.map(lexicalScorer(query)), tokens: 0 }),
      generate: generateExtract,
      close: () => encoder.close(),
    }
  },
  dispose: (provider) => (provider as ModelProvider & { close(): Promise<void> }).close(),
})
