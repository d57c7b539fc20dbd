/** A server that hears, speaks and judges in the protocol of OpenAI, and goes wrong where it is told to. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Heard { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: Buffer }
export interface SpeechFake {
  /** With `/v1`. */
  readonly url: string
  readonly heard: Heard[]
  /** Each meets one request, in this order; then all is well again. `cut`: the sound breaks off. */
  next(...mishaps: ({ readonly status: number; readonly body?: string; readonly type?: string; readonly headers?: Record<string, string> } | 'cut' | 'silence')[]): void
  close(): Promise<void>
}

export const speechServer = async (): Promise<SpeechFake> => {
  const heard: Heard[] = []
  const mishaps: Parameters<SpeechFake['next']>[0][] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const path = request.url ?? ''
    heard.push({ path, headers: request.headers, body })
    const mishap = mishaps.shift()
    if (mishap === 'silence') return
    if (typeof mishap === 'object') {
      response.writeHead(mishap.status, { 'content-type': mishap.type ?? 'application/json', ...mishap.headers }).end(mishap.body ?? '{"error": {"message": "a mishap with sk-key"}}')
      return
    }
    if (request.headers.authorization !== 'Bearer sk-key') { response.writeHead(401).end('{}'); return }
    const send = (value: unknown): void => { response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value)) }
    if (path === '/v1/moderations') {
      const { input } = JSON.parse(body.toString()) as { input: string }
      send({ id: 'm', results: [{ flagged: input.includes('forbidden'), categories: {} }] })
    } else if (path === '/v1/audio/transcriptions') {
      const form = body.toString('latin1')
      const model = /name="model"\r\n\r\n(.*)\r\n/.exec(form)?.[1]
      const [, name, type, content] = /name="file"; filename="(.*)"\r\nContent-Type: (.*)\r\n\r\n([^]*?)\r\n--/.exec(form) ?? []
      send({ text: `${model} heard ${content?.length} bytes of ${type} called ${name}` })
    } else if (path === '/v1/audio/speech') {
      const { input, voice } = JSON.parse(body.toString()) as { input: string; voice: string }
      response.writeHead(200, { 'content-type': 'audio/mpeg' }).write(`${voice}:`)
      setTimeout(() => { if (mishap === 'cut') response.destroy(); else response.end(`${input}|`) }, 5)
    } else response.writeHead(404).end('{}')
  }
  const server = createServer((request, response) => { void answer(request, response) })
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, heard,
    next: (...more) => { mishaps.push(...more) },
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => { server.close(done) })
    },
  }
}
