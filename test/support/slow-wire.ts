/** A network between a client and a server that can be late, and goes on after the client has hung up. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface SlowWire {
  readonly url: string
  /** From now on what the connections of this moment send, or are sent, lies on the wire. By their number, from 0; all unless given. */
  hold(direction: 'requests' | 'replies', which?: number): void
  /** What lay there arrives. */
  release(): void
  close(): void
}
/** To a Redis on this port. */
export const slowWire = async (port: number): Promise<SlowWire> => {
  interface Line { readonly ends: readonly Socket[]; held: { requests?: (() => void)[]; replies?: (() => void)[] } }
  const lines: Line[] = []
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    const line: Line = { ends: [near, far], held: {} }
    lines.push(line)
    const forward = (direction: 'requests' | 'replies', from: Socket, to: Socket): void => {
      const pass = (what: () => void): void => { if (line.held[direction]) line.held[direction].push(what); else what() }
      from.on('data', (data) => { pass(() => { if (to.writable) to.write(data) }) })
      from.on('close', () => { pass(() => { to.end() }) })
      from.on('error', () => undefined)
    }
    forward('requests', near, far)
    forward('replies', far, near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: (direction, which) => { for (const [index, line] of lines.entries()) if (which === undefined || which === index) line.held[direction] ??= [] },
    release: () => {
      for (const line of lines) {
        const { requests = [], replies = [] } = line.held
        line.held = {}
        for (const arrive of [...requests, ...replies]) arrive()
      }
    },
    close: () => {
      server.close()
      for (const { ends } of lines) for (const end of ends) end.destroy()
    },
  }
}
