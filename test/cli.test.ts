/** The command line: what each command prints, its exit codes, and how a server ends that was told to, or that failed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { parse } from 'yaml'
import { run } from '../core/cli.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const key = { SECRET_KEY: 'a secret key that only tests would use' }
const nowhere = 'postgres://someone:hunter2@127.0.0.1:1/none'

const folder = async (t: ExecutionContext, files: Record<string, string> = {}): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'mortise-cli-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return path
}
const mortise = async (root: string, env: Record<string, string>, ...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
  let [out, err] = ['', '']
  const code = await run(argv, { root, env: { MORTISE_PROFILE: 'test', ...env }, out: (text) => { out += text }, err: (text) => { err += text } })
  return { code, out, err }
}

test('help, version and mistakes in the command itself', async (t) => {
  const root = await folder(t)
  const help = await mortise(root, {}, '--help')
  t.is(help.code, 0)
  for (const word of ['start', 'migrate', 'config', 'explain', 'new']) t.regex(help.out, new RegExp(`^  ${word}\\b`, 'm'))
  t.like(await mortise(root, {}, '--version'), { code: 0, err: '' })
  for (const argv of [['strat'], ['start', '--only=web,wroker'], ['start', '--ony=web'], ['config', 'chekc']]) {
    const { code, out, err } = await mortise(root, {}, ...argv)
    t.is(code, 2, argv.join(' '))
    t.is(out, '')
    t.regex(err, /^error: .*(strat|wroker|ony|chekc)/)
  }
})

test('a command of a plugin runs by its word, and one that could not be made says why', async (t) => {
  const root = await folder(t, {
    'greet.ts': `
import { command, defineAdapter, definePlugin } from '${new URL('../core/index.ts', import.meta.url).href}'
const greet = defineAdapter(command, 'greet', { create: () => ({ summary: 'Greets.', usage: '<name>', run: async ([name]) => ['Hello, ' + name + '!'] }) })
const broken = defineAdapter(command, 'broken', { create: () => { throw new Error('it has no voice') } })
export default definePlugin({ name: 'acme', kernel: '^1', adapters: [greet, broken] })`,
    'own.yaml': 'plugins: {./greet.ts: {$optional: true}}\nadapters: {command: {greet: {}, broken: {}}}',
  })
  const env = { ...key, DATA_DIR: root, MORTISE_CONFIG: 'own.yaml' }
  t.deepEqual(await mortise(root, env, 'greet', 'Ada'), { code: 0, out: 'Hello, Ada!\n', err: '' })
  t.like(await mortise(root, env, 'greet'), { code: 2, out: '' })
  t.regex((await mortise(root, env, '--help')).out, /Commands of plugins \(each knows --help\): greet, broken\n/)
  t.deepEqual(await mortise(root, env, 'broken'), { code: 1, out: '', err: 'adapters.command.broken: could not be made: it has no voice\n' })
})

test('new plugin: makes a folder, once', async (t) => {
  const root = await folder(t)
  const made = await mortise(root, {}, 'new', 'plugin', '@acme/thing')
  t.like(made, { code: 0, err: '' })
  t.regex(made.out, /^made .*\/thing\n.*npm install.*npm test.*npm start/)
  t.regex(await readFile(join(root, 'thing/package.json'), 'utf8'), /"name": "@acme\/thing"/)
  const again = await mortise(root, {}, 'new', 'plugin', '@acme/thing')
  t.like(again, { code: 2, out: '' })
  t.regex(again.err, /thing: is there already\n {4}Empty or remove it/)
  t.like(await mortise(root, {}, 'new', 'plugin', 'Thing'), { code: 2, out: '' })
  t.regex((await mortise(root, {}, 'new', 'plugin')).err, /missing required argument 'name'/)
})

test('config check: ok, or every problem at once with the way out', async (t) => {
  const root = await folder(t, {
    'wrong.yaml': `
plugins:
  datasets: {}
  api-keys: {limt: 3}
  nonesuch:
  ./broken.ts:
adapters:
  cache: {redsi: {}}
  vectorIndx: {exact: {}}
server:
  port: 99999
  publicUrl: '\${GONE}'
sever: {}
`,
    'broken.ts': 'export default { name: "Broken Name" }',
  })
  const good = await mortise(root, key, 'config', 'check')
  t.is(good.code, 0, good.err)
  t.regex(good.out, /^ok {2}plugins: .*platform.*datasets/)
  t.is(good.err, '')

  const { code, out, err } = await mortise(root, { ...key, MORTISE_CONFIG: 'wrong.yaml' }, 'config', 'check')
  t.is(code, 2)
  t.is(out, '')
  for (const part of [
    /plugins\.api-keys\.limt: is not known here \(from wrong\.yaml:4\)\n {4}did you mean "limit"\?/,
    /plugins\.nonesuch: cannot be loaded.*wrong\.yaml:5/, /plugins\.\.\/broken\.ts: is not a plugin/,
    /adapters\.cache\.redsi: .*no adapter "redsi".*memory.*wrong\.yaml:8/, /adapters\.vectorIndx: .*\n {4}did you mean "vectorIndex"\?/,
    /server\.port: must be a valid port \(from wrong\.yaml:11\)/, /server\.publicUrl: the environment has no GONE/, /sever: is not known here.*\n {4}did you mean "server"\?/,
  ]) t.regex(err, part)
  t.notRegex(err, /^\s+at /m, 'no stack trace')
  const shared = await mortise(root, { DATABASE_URL: nowhere }, 'config', 'check')
  t.is(shared.code, 2)
  t.regex(shared.err, /server\.secretKey.*\n.*openssl rand -base64 42/)
})

test('config show: the whole configuration, where each value is from, and no secret', async (t) => {
  const root = await folder(t, {
    'own.yaml': `
plugins:
  datasets: {apiKey: hunter2, limit: 5, urls: ['https://u:hunter2@h/x?token=hunter2&a=b', 'postgres://u:a/hunter2#b@h/x', plain]}
adapters:
  modelProvider: {acme: {url: '\${URL:-http://h}', password: 12345, accessKey: '\${hunter}', maxTokens: 7}}
provision:
  accounts:
    - email: a@example.com
      password: hunter2
`,
  })
  const { code, out, err } = await mortise(root, { SECRET_KEY: 'hunter2'.repeat(9), DATABASE_URL: nowhere, PORT: '5002', hunter: 'x', MORTISE_CONFIG: 'own.yaml' }, 'config', 'show')
  t.is(code, 0, err)
  t.notRegex(out, /hunter2|12345/)
  for (const line of [
    'platform: # .*config/default\\.yaml:\\d+', 'limit: 5 # own\\.yaml:3', 'apiKey: "\\*{3}" # own\\.yaml:3', '- https://u:\\*{3}@h/x\\?token=\\*{3}&a=b # own\\.yaml:3',
    'url: \\$\\{URL:-http://h\\} # own\\.yaml:5', 'maxTokens: 7 # own\\.yaml:5', 'password: "\\*{3}" # own\\.yaml:9', '- email: a@example\\.com # own\\.yaml:8',
    'port: "5002" # environment PORT', 'url: postgres://someone:\\*{3}@127\\.0\\.0\\.1:1/none # environment DATABASE_URL', 'secretKey: "\\*{3}" # environment SECRET_KEY',
  ]) t.regex(out, new RegExp(`^\\s*${line}$`, 'm'))
  t.like(parse(out), { plugins: { auth: null }, server: { port: '5002', bootstrap: false }, adapters: { logger: { pino: { level: 'silent' } } } }, 'it is YAML again')
  const wrong = await mortise(root, { MORTISE_CONFIG: 'own.yaml' }, 'config', 'show')
  t.is(wrong.code, 2, 'shown nevertheless')
  t.regex(wrong.out, /^plugins:/)
  t.regex(wrong.err, /no hunter\b/)
  t.like(await mortise(root, { MORTISE_CONFIG: 'none.yaml' }, 'config', 'show'), { code: 2, out: '' })
})

test('explain: what there is, with a database and without', async (t) => {
  const root = await folder(t)
  const { code, out } = await mortise(root, { ...key, DATABASE_URL: nowhere }, 'explain', '--json')
  t.is(code, 0)
  const parts = JSON.parse(out) as Record<string, any>
  t.deepEqual(parts['plugins'][0], { name: 'kernel', source: 'kernel' })
  const order = (parts['plugins'] as { name: string }[]).map(({ name }) => name)
  t.true(order.indexOf('platform') < order.indexOf('datasets') && order.indexOf('datasets') < order.indexOf('bootstrap'))
  t.deepEqual((parts['adapters'] as object[])[0], { port: 'database', instance: 'postgres', adapter: 'postgres', plugin: 'platform' })
  t.true((parts['routes'] as { path: string }[]).some(({ path }) => path === '/v1/datasets/{dataset_id}'))
  t.is(parts['permissions']['dataset:create'] !== undefined, true)
  t.regex(parts['pending'] as string, /^the database is not reachable: /)
  t.notRegex(out, /hunter2/)

  const env = { ...key, DATA_DIR: join(root, 'data') }
  const before = await mortise(root, env, 'explain')
  t.is(before.code, 0, before.err)
  for (const part of [/^Plugins.*\n {2}kernel\n/m, /^ {2}database +embedded +by platform$/m, /^ {2}GET +\/v1\/datasets +dataset +dataset:list +dataset: filtered$/m, /^Jobs\n {2}audit\./m, /^ {2}datasets +of datasets$/m]) t.regex(before.out, part)
  t.regex(before.out, /^Pending migrations\n {2}auth\/\d{8}T\d{4}-auth-/m)
  const first = await mortise(root, env, 'migrate')
  t.is(first.code, 0, first.err)
  t.regex(first.out, /^applied auth\/\d{8}T\d{4}-auth-/)
  t.deepEqual(await mortise(root, env, 'migrate'), { code: 0, out: 'nothing to do\n', err: '' })
  t.regex((await mortise(root, env, 'explain')).out, /^Pending migrations\n {2}none$/m)
})

/** A server as a process: a database and a queue that do nothing, so that it starts at once, and a plugin that tells what happens to it. */
const server = async (t: ExecutionContext, start: string) => {
  const root = await folder(t, {
    'probe.ts': `
import { writeFileSync } from 'node:fs'
const tell = (what) => writeFileSync(process.env.TELL + '/' + what, '')
const adapter = (id, value) => ({ port: { kind: 'port', id, version: 1, many: false }, name: 'idle', uses: {}, create: () => value })
const idle = async () => []
export default {
  name: 'probe', kernel: '^1', start: ${start}, stop: async () => { await new Promise((done) => setTimeout(done, 500)); tell('stopped') },
  adapters: [
    adapter('database', { query: idle, transaction: (work) => work(), afterCommit: (work) => { void work() }, exclusive: true }),
    adapter('queue', { enqueue: idle, work: idle, schedule: idle, drain: idle }),
  ],
}
`,
    'own.yaml': `
plugins: {./probe.ts: , auth: null, models: null, datasets: null, api-keys: null, apps: null, runs: null, annotations: null, chat: null, mcp: null, dify-import: null, audit: null, mail: null, provision: null, bootstrap: null}
adapters: {authenticator: {}, middleware: {request-id: }, modelProvider: {}, extractor: {}, datasetLifecycle: {}, appLifecycle: {}, appParameter: {}, fileReferences: {}, runKind: {}, memberLifecycle: {}, command: {jobs: }, database: {idle: }, queue: {idle: }, logger: {pino: {level: info}}}
`,
  })
  await mkdir(join(root, 'told'))
  const child = spawn(process.execPath, ['--import=@oxc-node/core/register', 'core/bin.ts', 'start'], {
    cwd: project, stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...key, MORTISE_PROFILE: 'test', MORTISE_CONFIG: join(root, 'own.yaml'), DATA_DIR: join(root, 'data'), TELL: join(root, 'told') },
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString() })
  const exit = once(child, 'exit').then(([code]) => code as number | null)
  const told = (what: string): Promise<boolean> => readFile(join(root, 'told', what)).then(() => true, () => false)
  const until = async (what: string): Promise<void> => {
    while (!await told(what)) {
      if (child.exitCode !== null) throw new Error(`it ended: ${output}`)
      await sleep(50)
    }
  }
  return { child, exit, told, until, output: () => output }
}

test('a signal stops the server once; the second does not wait', async (t) => {
  const patient = await server(t, "() => { setTimeout(tell, 1000, 'started') }")
  await patient.until('started')
  patient.child.kill('SIGTERM')
  t.is(await patient.exit, 0, patient.output())
  t.true(await patient.told('stopped'))
  const hasty = await server(t, "() => { setTimeout(tell, 1000, 'started') }")
  await hasty.until('started')
  hasty.child.kill('SIGINT')
  await sleep(100)
  hasty.child.kill('SIGINT')
  t.is(await hasty.exit, 1)
  t.false(await hasty.told('stopped'))
})

test('an error that nobody caught is logged, and the server stops in order', async (t) => {
  for (const start of ["() => { setTimeout(() => { throw new Error('late trouble') }, 1500) }", "() => { setTimeout(() => { void Promise.reject(new Error('late trouble')) }, 1500) }"]) {
    const { exit, told, output } = await server(t, start)
    t.is(await exit, 1)
    t.regex(output(), /late trouble/)
    t.true(await told('stopped'), output())
  }
})

test('what fails without being foreseen is told in one line, with a stack only when asked', async (t) => {
  const root = await folder(t, {
    'own.yaml': 'plugins: {./broken.ts: }\nadapters: {logger: {broken: }}',
    'broken.ts': `
import Joi from '${project}node_modules/joi/lib/index.js'
const options = Joi.object({ level: Joi.string() })
const create = () => { throw new Error('no such luck') }
export default { name: 'broken', kernel: '^1', adapters: [{ port: { kind: 'port', id: 'logger', version: 1 }, name: 'broken', uses: {}, options, create }] }
`,
  })
  const env = { ...key, MORTISE_CONFIG: 'own.yaml', DATA_DIR: join(root, 'data') }
  t.deepEqual(await mortise(root, env, 'migrate'), { code: 1, out: '', err: 'no such luck\nSet LOG_LEVEL=debug to see where that was.\n' })
  const wordy = await mortise(root, { ...env, LOG_LEVEL: 'debug' }, 'migrate')
  t.is(wordy.code, 1)
  t.regex(wordy.err, /^Error: no such luck\n\s+at .*create/)
})
