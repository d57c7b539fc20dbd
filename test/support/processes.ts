/** The server as processes of their own. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export interface Running {
  readonly child: ChildProcess
  /** What it wrote, to either stream; of much, the end. */
  output(): string
  readonly exit: Promise<number | null>
}
/** What `node` runs; the sources unless given. */
export const sources: readonly string[] = ['--import=@oxc-node/core/register', 'core/bin.ts']
const KEPT = 500_000

/**
 * Runs one command. Of this process' environment it gets what finds programs, and no more. Messages can be sent to `child`.
 * @param within what runs it, such as `['unshare', '--pid']`
 */
export const mortise = (args: readonly string[], env: Readonly<Record<string, string>>, program = sources, within: readonly string[] = []): Running => {
  const [first = '', ...words] = [...within, process.execPath, ...program, ...args]
  const child = spawn(first, words, {
    cwd: root, env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { output = (output + chunk.toString()).slice(-KEPT) })
  return { child, output: () => output, exit: once(child, 'exit').then(([code]) => code as number | null) }
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

/** Waits until it is ready. @param patience seconds */
export const serving = async (url: string, running: Running, patience = 30): Promise<void> => {
  for (let tries = 0; tries < 10 * patience; tries++) {
    if (running.child.exitCode !== null) throw new Error(`it ended: ${running.output()}`)
    if (await fetch(`${url}/readyz`).then((response) => response.ok, () => false)) return
    await sleep(100)
  }
  throw new Error(`it does not serve: ${running.output()}`)
}
