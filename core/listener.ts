/** The listening socket: open before the server is, closed before it stops. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { StartupError } from './errors.ts'
import type { ServerConfig } from './server-config.ts'

export type Answer = (req: IncomingMessage, res: ServerResponse) => unknown
export interface Door {
  address(): AddressInfo | undefined
  /** From now on requests are answered by this. */
  open(answer: Answer): void
  close(): Promise<void>
}

/** Listens, and answers by `early` until it is opened. Throws a StartupError where the address cannot be had. */
export const listen = async ({ host, port, drainMs }: ServerConfig, early: Answer, running: ReadonlySet<AbortController>): Promise<Door> => {
  let answer = early
  // Browsers and balancers open connections ahead of their need; nobody waits for an answer there.
  const unasked = new Set<Socket>()
  const server = createServer({ headersTimeout: 15_000, requestTimeout: 300_000, connectionsCheckingInterval: 5_000 }, (req, res) => {
    unasked.delete(req.socket)
    void answer(req, res)
  })
  server.on('connection', (socket) => { unasked.add(socket.once('close', () => { unasked.delete(socket) })) })
  await new Promise<void>((done, fail) => {
    // Later ones concern a connection that could not be taken, and nobody waits here any more.
    server.on('error', (error: NodeJS.ErrnoException) => { fail(listenProblem(error, host, port)) })
    server.listen(port, host, done)
  })
  return {
    address: () => (server.address() ?? undefined) as AddressInfo | undefined,
    open: (now) => { answer = now },
    close: () => {
      for (const socket of unasked) socket.destroy()
      return close(server, drainMs, running)
    },
  }
}

const listenProblem = (error: NodeJS.ErrnoException, host: string, port: number): StartupError => {
  const why = error.code === 'EADDRINUSE' ? 'is taken by another process' : error.code === 'EACCES' ? 'needs more rights than this user has' : `cannot be opened (${error.message})`
  return new StartupError([{ path: 'server.port', message: `${host}:${port} ${why}`, fix: 'Stop what listens there, or set PORT to a free one.' }], { exitCode: 1, cause: error })
}

/** Takes no new requests, lets the running ones end, and after `drainMs` ends them. */
const close = async (server: Server, drainMs: number, running: ReadonlySet<AbortController>): Promise<void> => {
  const closed = new Promise<void>((done) => { server.close(() => { done() }) })
  server.closeIdleConnections()
  const impatience = setTimeout(() => {
    for (const request of running) request.abort(new Error('the server is stopping'))
    setTimeout(() => { server.closeAllConnections() }, 250)
  }, drainMs)
  await closed
  clearTimeout(impatience)
}
