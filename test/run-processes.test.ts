/** Runs over several processes: read and stopped from another one, while Redis is away, after one was killed or stood still. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { database } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import { eventually } from '../plugins/platform/contracts/index.ts'
import { redisEvents } from '../plugins/runs/adapters/events-redis.ts'
import { runs } from '../plugins/runs/ports.ts'
import type { RunEvent, RunEvents, RunKind, RunRef, Runs } from '../plugins/runs/ports.ts'
import { alone } from './support/alone.ts'
import { root } from './support/processes.ts'
import { newApp } from './support/run-app.ts'
import type { Told } from './support/run-process.ts'
import { ownRedis, redisProgram } from './support/services.ts'
import type { OwnRedis } from './support/services.ts'

const run = redisProgram() === undefined ? test.skip : test.serial
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }
let own: OwnRedis
if (redisProgram() !== undefined) test.before(async () => { own = await ownRedis() })
test.after.always(() => (own as OwnRedis | undefined)?.remove())

type Settings = Parameters<typeof redisEvents.create>[1]
const open = async (t: ExecutionContext): Promise<RunEvents> => {
  const it = await redisEvents.create({ log, config: { keepMs: 60_000, seconds: 60, leaseMs: 1_000 } } as never, { url: own.url, prefix: 'test', keepBytes: 1e9 } satisfies Settings)
  t.teardown(() => redisEvents.dispose?.(it))
  return it
}
const gather = (it: RunEvents, id: string, signal: AbortSignal = AbortSignal.timeout(20_000)): { readonly all: unknown[]; readonly end: Promise<void> } => {
  const all: unknown[] = []
  return { all, end: (async () => { for await (const list of it.read(id, signal)) for (const { n } of list) all.push(n) })() }
}
const numbered = (from: number, to: number): RunEvent[] => Array.from({ length: to - from }, (_, index) => ({ event: 'n', n: from + index }))
const count = (to: number): number[] => Array.from({ length: to }, (_, index) => index)

run('what one process says another reads, from the beginning, by one connection for all that is read there', async (t) => {
  const [a, b] = [await open(t), await open(t)]
  const ids = Array.from({ length: 40 }, () => randomUUID())
  const early = ids.map((id) => gather(b, id))
  for (const id of ids) await a.append(id, numbered(0, 300))
  await eventually(() => early.every(({ all }) => all.length === 300), 'all have come')
  const late = ids.map((id) => gather(b, id))
  const clients = async (): Promise<number> => String(await own.call('CLIENT', 'LIST')).split('\n').filter((line) => line.includes('name=mortise')).length
  t.is(await clients(), 3, 'two that write, one that follows')
  for (const id of ids) {
    await a.append(id, numbered(300, 301))
    await a.end(id)
  }
  await Promise.all([...early, ...late].map(({ end }) => end))
  t.true([...early, ...late].every(({ all }) => all.length === 301 && all.every((n, index) => n === index)))
  // And when it is over.
  const after = gather(b, ids[0] as string)
  await after.end
  t.deepEqual(after.all, count(301))
  t.true(Number(await own.call('PTTL', `test:run:${ids[0] ?? ''}`)) <= 60_000)
})

run('one that says nothing more is ended by another process, and whoever leaves is forgotten', async (t) => {
  const [a, b, c] = [await open(t), await open(t), await open(t)]
  const id = randomUUID()
  await a.append(id, numbered(0, 2))
  const leaving = new AbortController()
  const [left, stays] = [gather(c, id, leaving.signal), gather(c, id)]
  await eventually(() => stays.all.length === 2 && left.all.length === 2, 'they have read')
  leaving.abort()
  await left.end
  await b.end(id)
  await stays.end
  t.deepEqual(stays.all, [0, 1])
})

run('what a process says last, however much that is, others hear although it closes', async (t) => {
  const [a, b] = [await open(t), await open(t)]
  const ids = Array.from({ length: 3 }, () => randomUUID())
  for (const id of ids) {
    await a.append(id, numbered(0, 12_000))
    await a.end(id)
  }
  await redisEvents.dispose?.(a)
  for (const id of ids) {
    const read = gather(b, id)
    await read.end
    t.deepEqual(read.all, count(12_000))
  }
})

run('while Redis is away the run goes on, is read where it is, and elsewhere once Redis is back; even where it lost everything', async (t) => {
  const [a, b] = [await open(t), await open(t)]
  const id = randomUUID()
  const [here, there] = [gather(a, id), gather(b, id)]
  await a.append(id, numbered(0, 5))
  await eventually(() => there.all.length === 5, 'they come')
  for (const [stop, start] of [[() => own.kill(), () => own.start()], [async () => { own.pause() }, async () => { own.resume() }]] as const) {
    const before = here.all.length
    await stop()
    for (let n = before; n < before + 50; n += 1) await a.append(id, numbered(n, n + 1))
    await eventually(() => here.all.length === before + 50, 'readers beside it have them')
    await start()
    await eventually(() => there.all.length === before + 50, 'readers elsewhere have them')
  }
  await own.kill()
  await a.append(id, numbered(105, 110))
  await a.end(id)
  await here.end
  await own.start()
  await there.end
  t.deepEqual([here.all, there.all], [count(110), count(110)])
})

/** Needs a server: the embedded database is of one process. */
const across = redisProgram() === undefined || process.env['TEST_DATABASE_URL'] === undefined ? test.skip : test.serial
interface Other {
  readonly child: ChildProcess
  /** What it says next. */
  told(): Promise<Told>
  /** Begins a run there. */
  start(): Promise<RunRef>
}
const lost: string[] = []
const kind: RunKind = { lost: async ({ id }, outcome) => { lost.push(`${id} ${outcome}`) } }
/** This process, and whom it looks at. */
const both = async (t: ExecutionContext, settings: Record<string, unknown>, theirs: Record<string, unknown> = settings) => {
  const prefix = `test-${randomUUID()}`
  const adapters = { ...alone.adapters, runEvents: { redis: { url: own.url, prefix } }, signal: { redis: { url: own.url, prefix } }, cache: { none: {} } }
  const config = (runs: Record<string, unknown>) => ({ ...alone, plugins: { ...alone.plugins, runs }, adapters })
  const app = await testApp({ config: config(settings), fakes: { runKind: new Map([['toy', kind]]) } })
  t.teardown(() => app.close())
  const db = app.resolve(database)
  const of = await newApp(db)
  const database1 = app.kernel.config.document.adapters['database']
  const document = { ...config(theirs), adapters: { ...adapters, database: database1, runKind: { toy: {} } } }
  const child = fork(fileURLToPath(new URL('support/run-process.ts', import.meta.url)), [JSON.stringify({ config: document, app: of })], { cwd: root, execArgv: ['--import=@oxc-node/core/register'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const [messages, listeners] = [[] as Told[], [] as ((told: Told) => void)[]]
  child.on('message', (told: Told) => {
    const listener = listeners.shift()
    if (listener) listener(told)
    else messages.push(told)
  })
  const told = async (): Promise<Told> => messages.shift() ?? await new Promise((done) => { listeners.push(done) })
  await told()
  const other: Other = {
    child, told,
    start: async () => {
      child.send('start')
      return { ...of, id: (await told()).id ?? 'none' }
    },
  }
  return { ...other, it: app.resolve(runs), status: async ({ id }: RunRef) => (await db.query<{ status: string }>('SELECT status FROM runs WHERE id = $1', [id]))[0]?.status }
}
const hear = async (it: Runs, ref: RunRef): Promise<unknown[]> => {
  const all: unknown[] = []
  for await (const list of it.events(ref, AbortSignal.timeout(60_000))) all.push(...list.map(({ n }) => n))
  return all
}

across('a run of another process is read and stopped at once; and a process that is told to stop lets its runs end', async (t) => {
  // Only the signal can be so quick.
  const { it, child, told, start, status } = await both(t, { beatMs: 60_000 })
  const first = await start()
  const reading = hear(it, first)
  await it.stop(first, 'end-user:ada')
  t.regex((await told()).stopped ?? '', /stopped by user/)
  t.is((await told()).finished, 'written')
  const heard = await reading
  t.deepEqual(heard, count(heard.length))
  t.is(await status(first), 'succeeded')

  const last = await start()
  const [readingLast, exited] = [hear(it, last), once(child, 'exit')]
  child.kill('SIGTERM')
  child.send('finish')
  t.is((await told()).finished, 'written')
  await exited
  const all = await readingLast
  t.deepEqual(all, count(all.length))
  t.is(await status(last), 'succeeded')
})

across('a process stands still for longer than its lease, then is killed while Redis is away: readers have an end, and what it does later is nothing', async (t) => {
  const { it, child, told, start, status } = await both(t, { beatMs: 100, leaseMs: 500 })
  const paused = await start()
  child.kill('SIGSTOP')
  await hear(it, paused)
  await eventually(async () => await status(paused) === 'failed', 'it is swept')
  child.kill('SIGCONT')
  t.regex((await told()).stopped ?? '', /stopped by server/)
  t.is((await told()).finished, 'nothing')

  const killed = await start()
  const [reading, exited] = [hear(it, killed), once(child, 'exit')]
  child.kill('SIGKILL')
  await exited
  await own.kill()
  const heard = await reading
  t.deepEqual(heard, count(heard.length))
  await eventually(async () => await status(killed) === 'failed', 'it is swept')
  await own.start()
  t.deepEqual(lost, [`${paused.id} failed`, `${killed.id} failed`])
})
