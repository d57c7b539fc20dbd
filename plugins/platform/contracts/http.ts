/** For suites that need a real exchange: a Koa application on this machine, and a client that sends headers as they are. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { Transform } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import zlib from 'node:zlib'
import Koa from 'koa'
import { strangeStrings } from './kit.ts'

export interface Sent { readonly method?: string; readonly path?: string; readonly headers?: Record<string, string | string[]>; readonly body?: string }
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** As the server meant it: decoded where it was compressed. */
  readonly text: string
}
export interface Exchange {
  send(sent?: Sent): Promise<Answer>
  /** Resolves with the headers, and hands out the body as it comes. */
  open(sent?: Sent): Promise<IncomingMessage>
}

// Later versions of Node know one more.
const { createZstdDecompress: zstd } = zlib as { readonly createZstdDecompress?: () => Transform }
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: zlib.createGunzip, deflate: zlib.createInflate, br: zlib.createBrotliDecompress, ...zstd ? { zstd } : {},
}

/** Serves with these middleware, the first outermost, while `run` runs. */
export const withServer = async <T>(chain: readonly Koa.Middleware[], run: (exchange: Exchange) => Promise<T>): Promise<T> => {
  const app = new Koa({ proxy: false })
  // Koa prints what clients cause, such as a connection that was cut.
  app.silent = true
  for (const one of chain) app.use(one)
  const server = app.listen(0, '127.0.0.1')
  await new Promise((done) => { server.once('listening', done) })
  const { port } = server.address() as AddressInfo
  const open = ({ method = 'GET', path = '/', headers = {}, body }: Sent = {}): Promise<IncomingMessage> => new Promise((done, fail) => {
    const sending = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, done)
    sending.setTimeout(10_000, () => { sending.destroy(new Error(`no answer to ${method} ${JSON.stringify(headers).slice(0, 200)} within 10 s`)) })
    sending.on('error', fail).end(body)
  })
  try {
    return await run({
      open,
      send: async (sent) => {
        const answer = await open(sent)
        const coding = answer.headers['content-encoding']
        const bytes = await buffer(answer)
        const decode = coding === undefined ? undefined : DECODERS[coding]
        assert(coding === undefined || decode, `nobody knows the encoding "${coding}"`)
        const text = !decode || bytes.length === 0 ? bytes : await buffer(Readable.from([bytes]).pipe(decode()))
        return { status: answer.statusCode ?? 0, headers: answer.headers, text: text.toString() }
      },
    })
  } finally {
    const closed = new Promise((done) => { server.close(done) })
    server.closeAllConnections()
    await closed
  }
}

/** Values that a header can carry: bytes of any text, without what would end the line, and no longer than a server reads. */
export const strangeHeaders: readonly string[] = [
  ...strangeStrings.filter((text) => !/[\0\r\n]/.test(text) && text.length < 4_000).map((text) => Buffer.from(text).toString('latin1')),
  'x'.repeat(4_000), ',', ',,,', ';', ';;q=x', '*;q=9', 'gzip;q=0.000', 'a=b; c=d', '"', 'http://[', 'http://a b', 'file:///', '0', '-1', 'NaN', 'true', '\xff\xfe', ' x ', '\t',
]
