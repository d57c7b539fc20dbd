/** Embeddings: texts in batches, some at a time, and vectors back in the order of the texts. */
import { unit } from '../encoder/vector.ts'
import type { Embeddings } from '../ports.ts'
import type { Ask, Place, Question } from './connection.ts'

export interface EmbeddingRequest {
  readonly model: string
  /** Length of a vector, where it is known. */
  readonly dimensions: number | undefined
  readonly texts: readonly string[]
  readonly batchSize: number
  readonly concurrency: number
  readonly asked: Pick<Question, 'patience' | 'timeout' | 'signal'>
}

/** More than any model has, and than an index of vectors takes. */
const MOST_DIMENSIONS = 16_000
/** Bytes of an answer: vectors as decimals take some 20 a number, so that those of 4,096 numbers are 80 KB; and at most so many. */
const [BYTES_PER_TEXT, MOST_BYTES] = [400_000, 64 * 1024 * 1024]

/** Half a surrogate pair is no character that they could read. */
export const readable = (text: string): string => text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
/** Servers refuse an empty text; one that says nothing takes its place. */
export const sayable = (text: string): string => text.trim() === '' ? '.' : readable(text)

/** Throws as `Ask` does, and an `Error` where the answer is not what was asked for. */
export const embedTexts = async (ask: Ask, place: Place, { model, dimensions, texts, batchSize, concurrency, asked }: EmbeddingRequest): Promise<Embeddings> => {
  // The first failure ends the others too: nothing would be done with their answers.
  const abandon = new AbortController()
  const signal = asked.signal ? AbortSignal.any([asked.signal, abandon.signal]) : abandon.signal
  const batches = Array.from({ length: Math.ceil(texts.length / batchSize) }, (_, index) => texts.slice(index * batchSize, (index + 1) * batchSize))
  const answers: Embeddings[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < batches.length; index = next++) {
      const batch = batches[index] ?? []
      // Base64, as OpenAI's own clients ask for it, is a quarter of the size; servers that do not know it send numbers.
      const json = { model, input: batch.map(sayable), encoding_format: 'base64' }
      const answer = await ask(place, { ...asked, signal, path: '/embeddings', model, json, maxBytes: Math.min(MOST_BYTES, (1 + batch.length) * BYTES_PER_TEXT) })
      answers[index] = read(answer, batch.length, dimensions, `${place.label}/${model}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, batches.length) }, work))
  } catch (error) {
    abandon.abort(error)
    throw error
  }
  const vectors = answers.flatMap((answer) => answer.vectors)
  const other = vectors.find(({ length }) => length !== vectors[0]?.length)
  if (other) throw new Error(`${place.label}/${model} returned vectors of ${vectors[0]?.length ?? 0} and of ${other.length} dimensions, which cannot be compared.`)
  return { vectors, tokens: answers.reduce((sum, { tokens }) => sum + tokens, 0) }
}

interface Answer { readonly data?: unknown; readonly usage?: { readonly total_tokens?: unknown; readonly prompt_tokens?: unknown } | null }
const read = (answer: unknown, count: number, dimensions: number | undefined, who: string): Embeddings => {
  const { data, usage } = (answer ?? {}) as Answer
  if (!Array.isArray(data)) throw new Error(`${who} answered without vectors. Check that the base URL leads to an embedding server.`)
  if (data.length !== count) throw new Error(`${who} returned ${data.length} vectors for ${count} texts. Try a smaller batchSize.`)
  const vectors: Float32Array[] = []
  data.forEach((item: unknown, position) => {
    const { index = position, embedding } = (item ?? {}) as { index?: unknown; embedding?: unknown }
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || vectors[index]) {
      throw new Error(`${who} returned vectors that cannot be told apart: one has the index ${String(index)}.`)
    }
    vectors[index] = vectorOf(embedding, dimensions, who)
  })
  return { vectors, tokens: tokensOf(usage) }
}

/** Of unit length. Base64 holds 32-bit floats, little-endian. */
const vectorOf = (embedding: unknown, dimensions: number | undefined, who: string): Float32Array => {
  const numbers = typeof embedding === 'string' ? floats(Buffer.from(embedding, 'base64'))
    : Array.isArray(embedding) ? Float32Array.from(embedding, Number) : new Float32Array()
  if (numbers.length === 0 || !numbers.every(Number.isFinite)) throw new Error(`${who} returned a vector that is no list of numbers.`)
  if (numbers.length > MOST_DIMENSIONS) throw new Error(`${who} returned a vector of ${numbers.length} dimensions; at most ${MOST_DIMENSIONS} are taken.`)
  if (dimensions !== undefined && numbers.length !== dimensions) {
    throw new Error(`${who} returned vectors of ${numbers.length} dimensions instead of ${dimensions}. Correct its dimensions where the model is configured.`)
  }
  if (!numbers.some((number) => number !== 0)) throw new Error(`${who} returned a vector of zeros, which is near to nothing.`)
  return unit(numbers)
}
const floats = (bytes: Buffer): Float32Array =>
  bytes.length % 4 === 0 ? Float32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index)) : new Float32Array()

export const tokensOf = (usage: Answer['usage']): number => {
  const tokens = usage?.total_tokens ?? usage?.prompt_tokens
  return typeof tokens === 'number' && Number.isFinite(tokens) ? Math.max(0, Math.round(tokens)) : 0
}
