/** A Redis of a test's own: to be stopped, frozen, filled up and started again from old data. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0

export interface OwnRedis {
  readonly url: string
  readonly port: number
  /** Runs one command on a connection of its own. */
  call(command: string, ...words: (string | number)[]): Promise<unknown>
  start(): Promise<void>
  /** As by a power cut: nothing is saved. */
  kill(): Promise<void>
  freeze(): void
  thaw(): void
  /** Kills it and removes its data. */
  remove(): Promise<void>
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** @param started false for one that is only a port so far */
export const ownRedis = async ({ password, started = true, settings = [] }: { password?: string; started?: boolean; settings?: readonly string[] } = {}): Promise<OwnRedis> => {
  const [port, dir] = [await freePort(), await mkdtemp(join(tmpdir(), 'mortise-redis-'))]
  const url = `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`
  let child: ChildProcess | undefined
  const call: OwnRedis['call'] = async (command, ...words) => {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: null })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return await client.call(command, ...words)
    } finally { client.disconnect() }
  }
  const self: OwnRedis = {
    url, port, call,
    start: async () => {
      child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir, ...password === undefined ? [] : ['--requirepass', password], ...settings], { stdio: 'ignore' })
      for (const end = Date.now() + 10_000; ;) {
        try { await call('PING'); return } catch (error) { if (Date.now() > end) throw error }
        await sleep(20)
      }
    },
    kill: async () => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    freeze: () => { child?.kill('SIGSTOP') },
    thaw: () => { child?.kill('SIGCONT') },
    remove: async () => {
      await self.kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
  if (started) await self.start()
  return self
}

export interface SlowWire {
  readonly url: string
  /** From now on what the connections of this moment send, or are sent, lies on the wire. By their number, from 0; all unless given. */
  hold(direction: 'requests' | 'replies', which?: number): void
  /** What lay there arrives. */
  release(): void
  close(): void
}
/** A network between a client and a Redis that can be late, and goes on after the client has hung up. */
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
