/**
 * All programs that measure, one after another, each in a process of its own, and what they say in one file:
 *
 *   TEST_DATABASE_URL=postgres://… TEST_REDIS_URL=redis://… npm run bench -- [--quick] [--only auth,read] [--data DIR] [--minutes 30] [--out test/bench/RESULTS.md]
 *
 * It wants a machine that does nothing else. `--quick` measures little: it shows that all of them run, not how fast anything is. Relevance is measured
 * where `--data` names the collections (see relevance.ts). Those that fail, or miss a bar of theirs, are told as such, and the others are run all the same.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import pg from 'pg'
import { root } from '../support/processes.ts'

const { values } = parseArgs({ options: {
  quick: { type: 'boolean', default: false }, only: { type: 'string' }, data: { type: 'string' }, minutes: { type: 'string', default: '30' }, out: { type: 'string', default: 'test/bench/RESULTS.md' },
} })
const [database, redis] = [process.env['TEST_DATABASE_URL'], process.env['TEST_REDIS_URL']]
if (database === undefined || redis === undefined) throw new Error('Set TEST_DATABASE_URL to a PostgreSQL server, and TEST_REDIS_URL to a Redis.')

/** `quick`: what is measured less of; `program`: its file, where it is not called as it is; `node`: what Node is started with, as by `npm start`. */
interface Bench { readonly name: string; readonly of: string; readonly program?: string; readonly node?: readonly string[]; readonly args?: readonly string[]; readonly quick: readonly string[] }
const { quick, data } = values
const servers = ['--database', database, '--redis', redis]
const roomy = ['--max-semi-space-size=32']
const all: readonly Bench[] = [
  { name: 'start', of: 'how soon a built server serves, and what it takes at rest', quick: ['--rounds', '2', '--rest', '2'] },
  { name: 'auth', of: 'what it costs to recognise a key', args: ['--redis', redis], quick: ['--rounds', '3', '--calls', '500'] },
  { name: 'read', of: 'requests a second, beside servers written by hand', quick: ['--rounds', '1', '--seconds', '1'] },
  { name: 'stream', of: 'many answers at once', node: roomy, args: ['--database', database], quick: ['--streams', '50', '--tokens', '20', '--ramp', '2'] },
  { name: 'stream-redis', program: 'stream', of: 'many answers at once, whose events any process may read', node: roomy, args: servers, quick: ['--streams', '50', '--tokens', '20', '--ramp', '2'] },
  { name: 'queue', of: 'jobs', args: servers, quick: ['--waiting', '500', '--jobs', '50'] },
  { name: 'retrieve', of: 'searches, beside the best that is written by hand', quick: ['--chunks', '2000', '--questions', '10', '--spreads', '1', '--recall', '500'] },
  { name: 'ingest', of: 'documents taken in', quick: ['--chunks', '500', '--documents', '1', '--mb', '2', '--crowd', '20'] },
  { name: 'text', of: 'the text index', quick: ['--passages', '2000', '--questions', '20'] },
  ...data === undefined ? [] : [{ name: 'relevance', of: 'how good the ranking is', args: ['--data', data], quick: ['--limit', '20'] }],
]
const chosen = values.only?.split(',')
const unknown = chosen?.filter((name) => !all.some((bench) => bench.name === name)) ?? []
if (unknown.length > 0) throw new Error(`--only names ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}${data === undefined ? ', and relevance with --data' : ''}`)

const load = (): string => loadavg().map((one) => one.toFixed(2)).join(' ')
/** What it printed, however it ended, and how that was. */
const run = async ({ name, program = name, node = [], args = [], quick: less }: Bench): Promise<{ readonly output: string; readonly how: string; readonly failed: boolean; readonly seconds: number }> => {
  const began = performance.now()
  const child = spawn(process.execPath, [...node, '--import=@oxc-node/core/register', `test/bench/${program}.ts`, ...args, ...quick ? less : []], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  // An interrupt ends whatever is measured.
  const end = (): void => { child.kill('SIGTERM') }
  process.once('exit', end)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      process.stdout.write(text)
    })
  }
  const late = setTimeout(() => { child.kill('SIGKILL') }, Number(values.minutes) * 60_000)
  const [code, signal] = await once(child, 'close') as [number | null, string | null]
  clearTimeout(late)
  process.off('exit', end)
  const how = code === 0 ? '' : signal === null ? `ended with code ${code ?? 'none'}: it failed, or missed a bar of its own` : `was ended by ${signal}${signal === 'SIGKILL' ? `, after ${values.minutes} minutes at most` : ''}`
  return { output, how, failed: code !== 0, seconds: Math.round((performance.now() - began) / 1_000) }
}
const machine = async (): Promise<readonly (readonly [string, string])[]> => {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  const { rows: [row] } = await client.query<{ version: string }>('SELECT current_setting(\'server_version\') AS version')
  await client.end()
  const cache = new Redis(redis)
  const version = /^redis_version:(\S+)/m.exec(await cache.info('server'))?.[1] ?? 'unknown'
  cache.disconnect()
  const [cpu] = cpus()
  const commit = await new Promise<string>((tell) => {
    const git = spawn('git', ['rev-parse', '--short', 'HEAD'], { cwd: root })
    let text = ''
    git.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
    git.on('error', () => { tell('unknown') }).on('close', () => { tell(text.trim() || 'unknown') })
  })
  return [
    ['date', new Date().toISOString().slice(0, 16).replace('T', ' ')], ['commit', commit], ['cores', `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`], ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['Node', process.version], ['PostgreSQL', row?.version ?? 'unknown'], ['Redis', version], ['mortise', (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version],
    ['load average before', load()],
  ]
}

// An interrupt ends this process like any other end, and what it has started ends with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
const about = await machine()
const parts: string[] = []
let failures = 0
for (const bench of all.filter(({ name }) => chosen?.includes(name) ?? true)) {
  console.log(`\n== ${bench.name}: ${bench.of}`)
  const before = load()
  const { output, how, failed, seconds } = await run(bench)
  failures += failed ? 1 : 0
  if (failed) console.log(`${bench.name} ${how}`)
  parts.push(`## ${bench.name}: ${bench.of}\n\n${failed ? `**${bench.name} ${how}.**\n\n` : ''}\`\`\`\n${output.trimEnd()}\n\`\`\`\n\n${seconds} s; load average before ${before}, after ${load()}\n`)
}
writeFileSync(resolve(root, values.out), [
  '# Results\n\nWritten by `npm run bench`; what each program measures stands at the top of its file.\n',
  ...quick ? ['**Quick: this shows that all of them run, and not how fast anything is.**\n'] : [],
  `${['| | |', '|---|---|', ...about.map(([what, value]) => `| ${what} | ${value} |`)].join('\n')}\n`, ...parts,
].join('\n'))
console.log(`\n${values.out} is written${failures === 0 ? '' : `; ${failures} failed`}`)
process.exit(failures === 0 ? 0 : 1)
