/** An external knowledge service, which is asked at `<url>/retrieval`. It answers what it is told to. */
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: any }
/** A body with its status, or nothing at all. */
export type Says = { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown } | 'silence' | 'drops'
export interface RetrievalServer {
  readonly url: string
  readonly asked: Asked[]
  /** From now on. */
  says: Says
  close(): Promise<void>
}

export const retrievalServer = async (): Promise<RetrievalServer> => {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      asked.push({ path: request.url ?? '', headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString() || 'null') as unknown })
      const { says } = self
      if (says === 'silence') response.writeHead(200).flushHeaders()
      else if (says === 'drops') {
        // Something now and then, and never the end.
        const timer = setInterval(() => response.write(' '), 20)
        response.on('close', () => { clearInterval(timer) })
      } else {
        const { status = 200, headers = {}, body } = says
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body))
      }
    })
  })
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done) })
  const self: RetrievalServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, says: { body: { records: [] } },
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => { server.close(done) })
    },
  }
  return self
}
