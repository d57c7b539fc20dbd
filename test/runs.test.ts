/** Runs: started once, read by anybody, stopped from anywhere, ended whatever dies. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { database, HttpError, signal } from '../core/index.ts'
import type { Database, Signal } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { eventually } from '../plugins/platform/contracts/index.ts'
import { runEvents, runs, RunStopped } from '../plugins/runs/ports.ts'
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
