/**
 * What the kernel costs: `TEST_DATABASE_URL=postgres://… npm run bench:read -- [--rounds 5] [--seconds 3] [--connections 32]`. One dataset is read
 * with a remembered key, from a server of ours, from a handler that is written by hand on Koa, and from one on bare `node:http`, in turns. Requests
 * a second and CPU of the server for each request, both also as the median of the ratios of each turn.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { freePort, root } from '../support/processes.ts'
import { served } from './served.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' }, connections: { type: 'string', default: '32' } } })
const [rounds, seconds, connections] = [Number(values.rounds), Number(values.seconds), Number(values.connections)]
const server = process.env['TEST_DATABASE_URL']
if (server === undefined) throw new Error('Set TEST_DATABASE_URL to a PostgreSQL server.')

/** Seconds of CPU that a process has used; the clock of Linux ticks a hundred times a second. */
const cpu = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}
/** Asks again and again on one connection, until told to end. Resolves to the number of answers, each 200. */
const ask = (port: number, request: string, until: number): Promise<number> => new Promise((resolve, reject) => {
  let [count, buffer] = [0, '']
  const socket = connect(port, '127.0.0.1', () => { socket.write(request) })
  socket.setNoDelay(true)
  socket.on('error', reject)
  socket.on('data', (chunk: Buffer) => {
    buffer += chunk.toString('latin1')
    const head = buffer.indexOf('\r\n\r\n')
    if (head < 0 || buffer.length < head + 4 + Number(/content-length: (\d+)/i.exec(buffer)?.[1] ?? NaN)) return
    if (!buffer.startsWith('HTTP/1.1 200')) { reject(new Error(buffer.slice(0, 500))); return }
    count += 1
    buffer = ''
    if (performance.now() < until) socket.write(request)
    else { socket.end(); resolve(count) }
  })
})

const ours = await served(server, { plugins: { bootstrap: null } })
const children: ReturnType<typeof spawn>[] = []
try {
  const { body: dataset } = await ours.clients[0].send('POST', '/v1/datasets', { name: 'bench', indexing_technique: 'economy' })
  const { body: made } = await ours.clients[0].send('POST', `/v1/datasets/${String(dataset.id)}/document/create-by-text`, {
    name: 'one.txt', text: 'A bench is long.', indexing_technique: 'economy', process_rule: { mode: 'automatic' },
  })
  await ours.clients[0].indexed(String(dataset.id), String(made.batch))
  const client = new pg.Client({ connectionString: ours.database })
  await client.connect()
  const { rows: [row] } = await client.query<{ workspace_id: string }>('SELECT workspace_id FROM datasets WHERE id = $1', [dataset.id])
  await client.end()
  const plain = async (kind: string): Promise<{ port: number; pid: number }> => {
    const port = await freePort()
    const child = spawn(process.execPath, ['--import=@oxc-node/core/register', 'test/bench/read-plain.ts', kind], {
      cwd: root, stdio: 'inherit', env: { ...process.env, NODE_ENV: 'production', PORT: String(port), DATABASE_URL: ours.database, TOKEN: ours.tokens[0], WORKSPACE: row?.workspace_id ?? '' },
    })
    children.push(child)
    for (let tries = 0; tries < 100; tries += 1) {
      if (await fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false)) break
      await sleep(100)
    }
    return { port, pid: child.pid ?? 0 }
  }
  const sides = { mortise: { port: Number(new URL(ours.url).port), pid: ours.pid }, koa: await plain('koa'), node: await plain('node') }
  const request = `GET /v1/datasets/${String(dataset.id)} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${ours.tokens[0]}\r\n\r\n`
  const run = async ({ port, pid }: { port: number; pid: number }, time: number): Promise<{ rate: number; cost: number }> => {
    const [before, began] = [cpu(pid), performance.now()]
    const counts = await Promise.all(Array.from({ length: connections }, () => ask(port, request, began + 1_000 * time)))
    const count = counts.reduce((sum, one) => sum + one, 0)
    return { rate: 1_000 * count / (performance.now() - began), cost: 1e6 * (cpu(pid) - before) / count }
  }
  type Side = keyof typeof sides
  const seen: Record<Side, { rate: number; cost: number }[]> = { mortise: [], koa: [], node: [] }
  for (const side of Object.values(sides)) await run(side, 2)
  for (let round = 0; round < rounds; round += 1) for (const [name, side] of Object.entries(sides)) seen[name as Side].push(await run(side, seconds))
  const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] ?? NaN
  for (const name of Object.keys(sides) as Side[]) {
    console.log(`${name.padEnd(9)}${median(seen[name].map(({ rate }) => rate)).toFixed(0).padStart(7)} requests a second, ${median(seen[name].map(({ cost }) => cost)).toFixed(0).padStart(5)} µs of CPU each`)
  }
  for (const other of ['koa', 'node'] as const) {
    const ratio = (of: 'rate' | 'cost'): number => median(seen.mortise.map((one, round) => of === 'rate' ? one.rate / (seen[other][round]?.rate ?? NaN) : (seen[other][round]?.cost ?? NaN) / one.cost))
    console.log(`mortise against ${other}: ${ratio('rate').toFixed(2)} of its requests a second, ${ratio('cost').toFixed(2)} by CPU`)
  }
} finally {
  for (const child of children) child.kill()
  await ours.close()
}
