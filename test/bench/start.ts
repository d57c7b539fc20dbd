/**
 * How soon a built server serves, and what it takes at rest: `TEST_DATABASE_URL=postgres://… npm run bench:start -- [--rounds 7] [--rest 5] [--built DIR]`.
 * It builds the server as it is delivered (`--built` names such a folder instead), migrates a new database, and starts it again and again: one that
 * serves the web alone, and one that does everything; without Redis, and with where `TEST_REDIS_URL` is set.
 *
 *   ready    milliseconds from the start of the process to an answer of /readyz: median, and the fastest
 *   CPU      milliseconds of the process until `rest` seconds later, median
 *   memory   megabytes that are resident `rest` seconds later: median. Nobody asked anything, and no local model was used
 */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import pg from 'pg'
import { freePort, mortise, root } from '../support/processes.ts'
import { scratch } from '../support/scratch.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, rest: { type: 'string', default: '5' }, built: { type: 'string' } } })
const [rounds, rest] = [Number(values.rounds), Number(values.rest)]
const [server, redis] = [process.env['TEST_DATABASE_URL'], process.env['TEST_REDIS_URL']]
if (server === undefined) throw new Error('Set TEST_DATABASE_URL to a PostgreSQL server.')
const BARS = { ready: 1_500, memory: 150 }

const cache = join(root, 'node_modules/.cache/mortise')
mkdirSync(cache, { recursive: true })
// It lies where packages are found from.
const place = await scratch(cache)
const name = `mortise_bench_${randomUUID().replaceAll('-', '')}`
const asAdmin = async (sql: string): Promise<void> => {
  const admin = new pg.Client({ connectionString: server })
  await admin.connect()
  try { await admin.query(sql) } finally { await admin.end() }
}
const build = async (): Promise<string> => {
  const folder = place.folder
  await promisify(execFile)(process.execPath, [join(root, 'esbuild.config.js'), folder])
  symlinkSync(join(root, 'config'), join(folder, 'config'))
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  return folder
}

interface Seen { readonly ready: number; readonly cpu: number; readonly memory: number }
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] ?? NaN
const ofProcess = (pid: number): Omit<Seen, 'ready'> => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  // The clock of Linux ticks a hundred times a second.
  return { cpu: 10 * (Number(fields[11]) + Number(fields[12])), memory: Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) / 1024 }
}

try {
  const program = [join(values.built ?? await build(), 'dist/core/bin.js')]
  await asAdmin(`CREATE DATABASE ${name}`)
  const env = {
    SECRET_KEY: 'a secret key that only tests would use', NODE_ENV: 'production', LOG_LEVEL: 'warn', HOST: '127.0.0.1',
    DATABASE_URL: Object.assign(new URL(server), { pathname: `/${name}` }).href, DATA_DIR: join(place.folder, 'data'),
  }
  const migrating = mortise(['migrate'], env, program)
  if (await migrating.exit !== 0) throw new Error(`it cannot migrate: ${migrating.output()}`)

  const start = async (args: readonly string[], more: Readonly<Record<string, string>>): Promise<Seen> => {
    const port = await freePort()
    const began = performance.now()
    const running = mortise(['start', ...args], { ...env, ...more, PORT: String(port) }, program)
    place.adopt(running.child)
    while (!await fetch(`http://127.0.0.1:${port}/readyz`).then((response) => response.ok, () => false)) {
      if (running.child.exitCode !== null) throw new Error(`it ended: ${running.output()}`)
      await sleep(5)
    }
    const ready = performance.now() - began
    await sleep(rest * 1_000)
    const seen = { ready, ...ofProcess(running.child.pid ?? 0) }
    running.child.kill('SIGTERM')
    await running.exit
    return seen
  }
  const kinds: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>])[] = [
    ['web', ['--only=web'], {}], ['all roles', [], {}], ...redis === undefined ? [] : [['web, Redis', ['--only=web'], { REDIS_URL: redis }] as const, ['all roles, Redis', [], { REDIS_URL: redis }] as const],
  ]
  const seen = kinds.map((): Seen[] => [])
  // In turns, so that what else the machine does falls upon all alike.
  for (let round = 0; round < rounds; round += 1) for (const [index, [, args, more]] of kinds.entries()) seen[index]?.push(await start(args, more))
  console.log(`${' '.repeat(18)}   ready ms (fastest)     CPU ms   memory MB`)
  for (const [index, [what]] of kinds.entries()) {
    const of = (field: keyof Seen): number[] => (seen[index] ?? []).map((one) => one[field])
    console.log(`${what.padEnd(18)}${median(of('ready')).toFixed(0).padStart(11)} (${Math.min(...of('ready')).toFixed(0).padStart(7)})${median(of('cpu')).toFixed(0).padStart(11)}${median(of('memory')).toFixed(0).padStart(12)}`)
  }
  const web = seen[0] ?? []
  const [ready, memory] = [median(web.map((one) => one.ready)), median(web.map((one) => one.memory))]
  console.log(`bars of web: ready below ${BARS.ready} ms ${ready < BARS.ready ? 'is met' : 'IS NOT MET'}, memory below ${BARS.memory} MB ${memory < BARS.memory ? 'is met' : 'IS NOT MET'}; load average ${loadavg().map((one) => one.toFixed(1)).join(' ')}`)
  process.exitCode = ready < BARS.ready && memory < BARS.memory ? 0 : 1
} finally {
  await place.dispose()
  await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}
