/** Runs: started once, read by anybody, stopped from anywhere, ended whatever dies. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { database, HttpError, queue } from '../core/index.ts'
import type { Database, Signal } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { forgetRuns } from '../plugins/runs/jobs/forget-runs.ts'
import { eventually } from '../plugins/platform/contracts/index.ts'
import { runs, RunStopped } from '../plugins/runs/ports.ts'
import type { NewRun, RunCall, RunEvent, RunKind, RunRef, Runs } from '../plugins/runs/ports.ts'
import { runTable } from '../plugins/runs/services/run-table.ts'
import { sweeper } from '../plugins/runs/services/sweeper.ts'
import { alone } from './support/alone.ts'
import { limitedQuota } from './support/limited-quota.ts'
import { newApp } from './support/run-app.ts'

/** What `lost` was told, and what it does beside. */
const lost: { readonly run: RunRef & { readonly subjectId: string }; readonly outcome: string }[] = []
let onLost: (run: RunRef) => Promise<void> = async () => undefined
const kind: RunKind = { lost: async (run, outcome) => { lost.push({ run, outcome }); await onLost(run) } }

const options = (settings: object = {}, more: Partial<TestAppOptions['config']> = {}): TestAppOptions => ({
  config: { ...alone, plugins: { ...alone.plugins, runs: { beatMs: 50, ...settings } }, ...more, adapters: { ...alone.adapters, ...more.adapters } },
  fakes: { runKind: new Map([['toy', kind]]) },
})
interface Place { readonly app: TestApp; readonly db: Database; readonly it: Runs }
const placeOf = (app: TestApp): Place => ({ app, db: app.resolve(database), it: app.resolve(runs) })
const of = (app: Pick<NewRun, 'workspaceId' | 'appId'>, more: Partial<NewRun> = {}): NewRun => ({ ...app, kind: 'toy', subjectId: randomUUID(), startedBy: 'end-user:ada', limit: 0, ...more })
const nothing = async (): Promise<void> => undefined
const never = new AbortController().signal
const read = async (it: Runs, ref: RunRef, signal: AbortSignal = never): Promise<RunEvent[]> => {
  const all: RunEvent[] = []
  for await (const list of it.events(ref, signal)) all.push(...list)
  return all
}
const rowOf = async (db: Database, { id }: RunRef) => (await db.query<{ status: string; finished_at: Date | null }>('SELECT * FROM runs WHERE id = $1', [id]))[0]
const aborted = (signal: AbortSignal): Promise<unknown> => new Promise((done) => {
  if (signal.aborted) done(signal.reason)
  signal.addEventListener('abort', () => { done(signal.reason) })
})
const untilStopped = async (call: RunCall): Promise<void> => {
  await aborted(call.signal)
  await call.finish('stopped', nothing)
  call.emit({ event: 'stopped', by: (call.signal.reason as RunStopped).by })
}

let here: Place
test.before(async () => { here = placeOf(await testApp(options())) })
test.after.always(() => here.app.close())

test('a run goes on by itself, and tells everybody all of it from the beginning', async (t) => {
  const { it, db } = here
  let go: () => void = () => undefined
  const ref = await it.start(of(await newApp(db)), nothing, async (call) => {
    call.emit({ event: 'a' }, { event: 'b' })
    await new Promise<void>((done) => { go = done })
    t.is(await call.finish('succeeded', async () => 5), 5)
    t.is(await call.finish('failed', async () => 6), undefined)
    call.emit({ event: 'c' })
  })
  t.is((await rowOf(db, ref))?.status, 'running')
  const early = read(it, ref)
  await sleep(5)
  go()
  t.deepEqual((await early).map(({ event }) => event), ['a', 'b', 'c'])
  t.deepEqual((await read(it, ref)).map(({ event }) => event), ['a', 'b', 'c'])
  t.is((await rowOf(db, ref))?.status, 'succeeded')
  t.deepEqual(await read(it, { ...ref, appId: randomUUID() }), [])
})

test('it is stopped by whoever started it, and by nobody else', async (t) => {
  const { it, db } = here
  const ref = await it.start(of(await newApp(db)), nothing, untilStopped)
  for (const other of [{ ...ref, workspaceId: randomUUID() }, { ...ref, appId: randomUUID() }, { ...ref, id: randomUUID() }, { ...ref, id: 'x\0\ud800' }]) await it.stop(other, 'end-user:ada')
  await it.stop(ref, 'end-user:bob')
  await sleep(120)
  t.is((await rowOf(db, ref))?.status, 'running')
  await it.stop({ ...ref, id: ref.id.toUpperCase() }, 'end-user:ada')
  t.deepEqual(await read(it, ref), [{ event: 'stopped', by: 'user' }])
  t.is((await rowOf(db, ref))?.status, 'stopped')
  await it.stop(ref, 'end-user:ada')
})

test('limits: of the app and of the server, whichever is less; a run whose process died takes no place', async (t) => {
  const { it, db } = here
  const app = await newApp(db)
  const busy = { instanceOf: HttpError, code: 'too_many_requests' }
  const refs = await Promise.all([it.start(of(app), nothing, untilStopped), it.start(of(app, { limit: 5 }), nothing, untilStopped)])
  await t.throwsAsync(it.start(of(app, { limit: 2 }), nothing, untilStopped), { ...busy, message: /at a time/ })
  await db.query(`UPDATE runs SET seen_at = now() - interval '1 hour', process = 'dead' WHERE id = $1`, [refs[0].id])
  refs.push(await it.start(of(app, { limit: 2 }), nothing, untilStopped))
  for (const ref of refs) await it.stop(ref, 'end-user:ada')
})

test('quota: a start takes a unit, one that comes to nothing gives it back, and who cannot be asked stops nobody', async (t) => {
  const limited = limitedQuota(2)
  let away = false
  const quota = { ...limited, reserve: async (...asked: Parameters<typeof limited.reserve>) => away ? Promise.reject(new Error('billing is away')) : limited.reserve(...asked) }
  const { app, db, it } = placeOf(await testApp({ ...options(), fakes: { ...options().fakes, quota } }))
  t.teardown(() => app.close())
  const of1 = await newApp(db)
  await t.throwsAsync(it.start(of(of1), async () => { throw new Error('oops') }, untilStopped), { message: 'oops' })
  t.is(limited.left(of1.workspaceId), 2)
  const done = async (call: RunCall): Promise<void> => { await call.finish('succeeded', nothing) }
  for (let run = 0; run < 2; run += 1) await it.start(of(of1), nothing, done)
  await t.throwsAsync(it.start(of(of1), nothing, done), { instanceOf: HttpError, code: 'rate_limit_error' })
  away = true
  await read(it, await it.start(of(of1), nothing, done))
})

test('a run ends when its time is over, when it says too much, and when it does not hear that it should', async (t) => {
  const { app, db, it } = placeOf(await testApp(options({ seconds: 0.2, leaseMs: 200, eventBytes: 10_000 })))
  t.teardown(() => app.close())
  const of1 = await newApp(db)
  t.deepEqual(await read(it, await it.start(of(of1), nothing, untilStopped)), [{ event: 'stopped', by: 'limit' }])

  let said = 0
  const loud = await it.start(of(of1), nothing, async (call) => {
    for (; !call.signal.aborted && said < 1_000; said += 1) call.emit({ event: 'message', text: 'x'.repeat(100) })
    t.regex(String(call.signal.reason), /more than 10000 bytes/)
    call.emit({ event: 'error' }, { event: 'too much', text: 'x'.repeat(20_000) }, { event: 'more' })
    call.emit({ event: 'more' })
    await call.finish('failed', nothing)
  })
  const heard = await read(it, loud)
  t.true(said < 100 && heard.length === said + 1)
  t.is(heard.at(-1)?.event, 'error')

  let late: Promise<unknown> | undefined
  const deaf = await it.start(of(of1), nothing, async (call) => {
    call.emit({ event: 'a' })
    await new Promise<void>((done) => { setTimeout(done, 800) })
    late = call.finish('succeeded', async () => 'written')
    call.emit({ event: 'late' })
    await late
  })
  t.deepEqual(await read(it, deaf), [{ event: 'a' }])
  t.is((await rowOf(db, deaf))?.status, 'stopped')
  t.like(lost.find(({ run }) => run.id === deaf.id), { outcome: 'stopped' })
  await eventually(() => late !== undefined, 'it comes to its end')
  t.is(await late, undefined)
})

test('what lost its process is ended by whoever finds it first, with what its kind does then, or not at all', async (t) => {
  const { app, it, db } = here
  const of1 = await newApp(db)
  const [table, sweep] = [app.resolve(runTable), app.resolve(sweeper)]
  const ages = async (more: Partial<NewRun> = {}): Promise<RunRef> => {
    const ref = { ...of1, id: randomUUID() }
    await table.insert(ref, of(of1, more))
    await db.query(`UPDATE runs SET seen_at = now() - interval '1 hour', process = 'dead' WHERE id = $1`, [ref.id])
    return ref
  }
  const [failed, stopped, unknown, poison] = [await ages(), await ages(), await ages({ kind: 'nobody knows' }), await ages()]
  await it.stop(stopped, 'end-user:ada')
  onLost = async ({ id }) => { if (id === poison.id) throw new Error('not now') }
  const alive = await it.start(of(of1), nothing, untilStopped)
  await Promise.all([sweep.sweep(), sweep.sweep()])
  t.deepEqual(await Promise.all([failed, stopped, unknown, poison, alive].map(async (ref) => (await rowOf(db, ref))?.status)), ['failed', 'stopped', 'failed', 'running', 'running'])
  t.deepEqual([failed, stopped].map(({ id }) => lost.filter(({ run }) => run.id === id).map(({ outcome }) => outcome)), [['failed'], ['stopped']])
  t.deepEqual(await read(it, failed), [])
  onLost = async () => undefined
  await sweep.sweep()
  t.is((await rowOf(db, poison))?.status, 'failed')
  await it.stop(alive, 'end-user:ada')
})

test('a process that was given up writes nothing when it comes back, and stops what it does', async (t) => {
  const { it, db } = here
  const done: unknown[] = []
  const ref = await it.start(of(await newApp(db)), nothing, async (call) => {
    call.emit({ event: 'a' })
    done.push(await aborted(call.signal), await call.finish('succeeded', async () => { done.push('written') }))
    call.emit({ event: 'b' })
  })
  await db.query(`UPDATE runs SET status = 'failed', finished_at = now() WHERE id = $1`, [ref.id])
  t.deepEqual(await read(it, ref), [{ event: 'a' }])
  await eventually(() => done.length >= 2, 'it notices')
  t.deepEqual(done.map((one) => one instanceof RunStopped ? one.by : one), ['server', undefined])
  t.false(lost.some(({ run }) => run.id === ref.id))
  // So does one whose app is deleted meanwhile.
  const gone = await it.start(of(await newApp(db)), nothing, untilStopped)
  await db.query('DELETE FROM apps WHERE id = $1', [gone.appId])
  t.deepEqual(await read(it, gone), [])
})

test('a stop reaches the run without the signal too, within a beat', async (t) => {
  const silent: Signal = { publish: nothing, subscribe: async () => nothing }
  const { app, db, it } = placeOf(await testApp({ ...options({ perApp: 1 }), fakes: { ...options().fakes, signal: silent } }))
  t.teardown(() => app.close())
  const app1 = await newApp(db)
  const ref = await it.start(of(app1), nothing, untilStopped)
  await t.throwsAsync(it.start(of(app1, { limit: 9 }), nothing, untilStopped), { code: 'too_many_requests' }, 'the server allows one')
  // As another process does it: the row and nothing else.
  await app.resolve(runTable).askToStop(ref, 'end-user:ada', 'client')
  t.deepEqual(await read(it, ref), [{ event: 'stopped', by: 'client' }])
})

test('a process that stops lets its runs end, and stops those that do not', async (t) => {
  const place = placeOf(await testApp(options({}, { server: { drainMs: 300 } })))
  const of1 = await newApp(place.db)
  const ends: string[] = []
  const run = (name: string, work: (call: RunCall) => Promise<void>): Promise<RunRef> => place.it.start(of(of1), nothing, async (call) => {
    await work(call)
    ends.push(`${name} ${String(await call.finish('succeeded', async () => 'written'))}`)
  })
  await run('quick', async () => { await sleep(100) })
  await run('long', async ({ signal }) => { await aborted(signal); t.is((signal.reason as RunStopped).by, 'server') })
  const closing = place.app.close()
  await sleep(30)
  await t.throwsAsync(place.it.start(of(of1), nothing, untilStopped), { instanceOf: HttpError, code: 'service_unavailable' })
  await closing
  t.deepEqual(ends, ['quick written', 'long written'])
})

test('runs that ended long ago are forgotten, and no others', async (t) => {
  const { app, it, db } = here
  const of1 = await newApp(db)
  const finish = async (call: RunCall): Promise<void> => { await call.finish('succeeded', nothing) }
  const [old, recent, running] = [await it.start(of(of1), nothing, finish), await it.start(of(of1), nothing, finish), await it.start(of(of1), nothing, untilStopped)]
  for (const ref of [old, recent]) await read(it, ref)
  await db.query(`UPDATE runs SET finished_at = now() - interval '8 days' WHERE id = $1`, [old.id])
  await app.resolve(queue).enqueue(forgetRuns, {})
  await app.runJobs()
  t.deepEqual((await Promise.all([old, recent, running].map((ref) => rowOf(db, ref)))).map((row) => row?.status), [undefined, 'succeeded', 'running'])
  await it.stop(running, 'end-user:ada')
})
