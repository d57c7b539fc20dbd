/** A server that speaks the protocol of OpenAI, and goes wrong in the ways in which such servers do. Its models hash words. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { toyScore, toyVector } from './toy-models.ts'

export interface Received {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingMessage['headers']
  readonly body: any
  readonly at: number
}
/** What one request meets instead of a good answer. */
export type Mishap =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** The connection ends before the answer, or in the middle of it. */
  | 'cut' | 'half'
  /** A page instead of JSON. */
  | 'page'
  /** A vector or score too few; the indexes of another request; a value that is no number. */
  | 'too few' | 'strange index' | 'no numbers' | 'zeros'
  /** Nothing is answered. */
  | 'silence'
/** How it answers, well. */
export interface Manner {
  /** Lists of numbers, whatever was asked for. */
  floats?: boolean
  /** In any order but that of the request. */
  shuffled?: boolean
  scores?: 'results' | 'data' | 'bare' | 'logits' | 'best alone'
  /** Milliseconds before it answers. */
  delay?: number
}
export interface OpenAiServer {
  /** With `/v1`. */
  readonly url: string
  readonly received: Received[]
  readonly manner: Manner
  /** Requests that it worked on at the same time, at most. */
  readonly busiest: number
  /** Each meets one request, in this order; then all is well again. */
  next(...mishaps: Mishap[]): void
  close(): Promise<void>
}

/** So that texts of like meaning are near each other, as with a model that has learnt it. */
const meanings: Readonly<Record<string, string>> = { refunds: 'money back', paid: 'get' }
export const DIMENSIONS = 64
const vectorOf = (text: string): Float32Array => toyVector(text.replace(/\w+/g, (word) => meanings[word.toLowerCase()] ?? word)).map((value) => 3 * value)
const base64 = (vector: Float32Array): string => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')

/** @param keys that it takes; none: it asks for none */
export const openAiServer = async (keys: readonly string[] = []): Promise<OpenAiServer> => {
  const received: Received[] = []
  const manner: Manner = {}
  const mishaps: Mishap[] = []
  let [busy, busiest] = [0, 0]

  const embeddings = ({ model, input, encoding_format: format }: { model: string; input: string[]; encoding_format?: string }, mishap: Mishap | undefined): unknown => {
    if (model !== 'toy-embed') return undefined
    const data = input.map((text, index) => {
      const vector = vectorOf(text)
      const embedding = mishap === 'no numbers' ? ['a', null] : mishap === 'zeros' ? [...vector].map(() => 0) : manner.floats || format !== 'base64' ? [...vector] : base64(vector)
      return { object: 'embedding', index: mishap === 'strange index' ? index + 7 : index, embedding }
    })
    if (manner.shuffled) data.reverse()
    if (mishap === 'too few') data.pop()
    return { object: 'list', model, data, usage: { prompt_tokens: 2 * input.length, total_tokens: 2 * input.length } }
  }
  const rerank = ({ model, query, documents }: { model: string; query: string; documents: string[] }, mishap: Mishap | undefined): unknown => {
    if (model !== 'toy-rerank') return undefined
    const scored = documents.map((document, index) => {
      const score = toyScore(query, document)
      return { index: mishap === 'strange index' ? index + 7 : index, score: mishap === 'no numbers' ? null : manner.scores === 'logits' ? 10 * (score - 0.5) : score }
    }).sort((a, b) => Number(b.score) - Number(a.score))
    if (mishap === 'too few' || manner.scores === 'best alone') scored.splice(1)
    if (manner.scores === 'bare') return scored
    const results = scored.map(({ index, score }) => ({ index, relevance_score: score, document: { text: documents[index] } }))
    return manner.scores === 'data' ? { data: scored } : { results, usage: { total_tokens: 7 } }
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
    const body: any = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : undefined
    received.push({ method: request.method ?? '', path: pathname, query: Object.fromEntries(searchParams), headers: request.headers, body, at: Date.now() })
    const send = (status: number, value: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof value === 'string' ? value : JSON.stringify(value))
    }
    const mishap = mishaps.shift()
    if (manner.delay !== undefined) await sleep(manner.delay)
    if (mishap === 'cut') { request.socket.destroy(); return }
    if (mishap === 'half') { response.writeHead(200, { 'content-length': '1000' }).write('{"data": ['); setTimeout(() => request.socket.destroy(), 20); return }
    if (mishap === 'silence') return
    if (mishap === 'page') { send(200, '<!doctype html><p>Welcome to our API</p>', { 'content-type': 'text/html' }); return }
    if (typeof mishap === 'object') { send(mishap.status, mishap.body ?? { error: { message: 'a mishap' } }, mishap.headers); return }
    const key = String(request.headers['api-key'] ?? request.headers.authorization?.replace('Bearer ', '') ?? '')
    if (keys.length > 0 && !keys.includes(key)) { send(401, { error: { message: `Incorrect API key provided: ${key}. You can find it somewhere.` } }); return }
    if (pathname === '/v1/models') { send(200, { data: [{ id: 'toy-embed' }, { id: 'toy-rerank' }] }); return }
    if (pathname === '/v1/embeddings' && (body.input as string[]).some((text) => text === '')) { send(400, { error: { message: 'input cannot be an empty string' } }); return }
    const made = pathname === '/v1/embeddings' ? embeddings(body, mishap) : pathname === '/v1/rerank' ? rerank(body, mishap) : undefined
    if (made === undefined) send(404, { error: { message: `there is no ${body?.model ?? pathname}` } })
    else send(200, made)
  }
  const server = createServer((request, response) => {
    busiest = Math.max(busiest, busy += 1)
    response.on('close', () => { busy -= 1 })
    void answer(request, response)
  })
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    received, manner,
    get busiest() { return busiest },
    next: (...more) => { mishaps.push(...more) },
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => { server.close(done) })
    },
  }
}
