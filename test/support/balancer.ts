/** A small HTTP balancer: it asks each server whether it is ready, sends requests only to those that are, and repeats none. */
import { Agent, createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Balancer {
  readonly url: string
  add(server: string): void
  remove(server: string): void
  /** Resolves when this server is sent requests. */
  until(server: string, isReady: boolean): Promise<void>
  close(): Promise<void>
}
/** Milliseconds between two questions; a server must say for longer that it is about to stop. */
const POLL = 100

export const balancer = async (): Promise<Balancer> => {
  const ready = new Map<string, boolean>()
  // Shorter than a server keeps a connection that is not used, so that none is used at the moment at which it is closed.
  const agent = new Agent({ keepAlive: true, timeout: 2_000 })
  let turn = 0
  let open = true

  const forward = (req: IncomingMessage, res: ServerResponse): void => {
    const servers = [...ready].filter(([, isReady]) => isReady).map(([server]) => server)
    const target = servers[turn++ % servers.length]
    const fail = (status: number, why: string): void => {
      if (res.headersSent) res.destroy()
      else res.writeHead(status).end(why)
    }
    if (target === undefined) { fail(503, 'no server is ready'); return }
    const sent = request(new URL(req.url ?? '/', target), { agent, method: req.method ?? 'GET', headers: { ...req.headers, connection: 'keep-alive' } }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, { ...answer.headers, connection: 'keep-alive' })
      answer.on('error', () => res.destroy())
      answer.pipe(res)
    })
    sent.on('error', (error) => { fail(502, `${target}: ${error.message}`) })
    req.pipe(sent)
  }
  const ask = async (server: string): Promise<void> => {
    const isReady = await fetch(`${server}/readyz`, { signal: AbortSignal.timeout(1_000) }).then(async (response) => { await response.arrayBuffer(); return response.ok }, () => false)
    if (ready.has(server)) ready.set(server, isReady)
  }
  const asking = async (): Promise<void> => {
    while (open) {
      await Promise.all([...ready.keys()].map(ask))
      await sleep(POLL)
    }
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, forward)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const polling = asking()
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add: (one) => { ready.set(one, false) },
    remove: (one) => { ready.delete(one) },
    until: async (one, isReady) => {
      for (let tries = 0; ready.get(one) !== isReady; tries++) {
        if (tries > 600) throw new Error(`${one} is ${isReady ? 'not' : 'still'} ready after 30 s`)
        await sleep(50)
      }
    },
    close: async () => {
      open = false
      await polling
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
      agent.destroy()
    },
  }
}
