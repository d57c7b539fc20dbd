/**
 * The laws of `runs`. Runs are of apps, and apps are another plugin's: whoever puts an adapter to these laws enables `runProbes(newApp)`, and
 * names `probe` under `adapters.runKind`.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { database, defineAdapter, defineContract, definePlugin, definePort, HttpError } from '../../../core/index.ts'
import type { Database, Plugin } from '../../../core/index.ts'
import { runKind, runs, RunStopped } from '../ports.ts'
import type { NewRun, RunCall, RunEvent, RunRef, Runs } from '../ports.ts'

type OfApp = Pick<NewRun, 'workspaceId' | 'appId'>
export interface RunProbe {
  newApp(): Promise<OfApp>
  /** What `lost` was called with, by run. */
  readonly lost: Map<string, { readonly subjectId: string; readonly outcome: string }>
}
export const runProbe = definePort<RunProbe>('runProbe')
/** @param newApp makes an app that runs may be of */
export const runProbes = (newApp: (db: Database) => Promise<OfApp>): Plugin => {
  const lost: RunProbe['lost'] = new Map()
  return definePlugin({
    name: 'run-probes', kernel: '^1', ports: [runProbe],
    adapters: [
      defineAdapter(runProbe, 'probe', { uses: { db: database }, create: ({ db }) => ({ lost, newApp: () => newApp(db) }) }),
      defineAdapter(runKind, 'probe', { create: () => ({ lost: async ({ id, subjectId }, outcome) => { lost.set(id, { subjectId, outcome }) } }) }),
    ],
  })
}

const ADA = 'end-user:ada'
const of = (app: OfApp, limit = 0): NewRun => ({ ...app, kind: 'probe', subjectId: randomUUID(), startedBy: ADA, limit })
const nothing = async (): Promise<void> => undefined
const within = <T>(what: string, work: Promise<T>): Promise<T> => Promise.race([work, sleep(5_000, undefined, { ref: false }).then(() => { throw new Error(`in vain we waited until ${what}`) })])
const read = async (subject: Runs, ref: RunRef): Promise<RunEvent[]> => {
  const all: RunEvent[] = []
  for await (const list of subject.events(ref, AbortSignal.timeout(5_000))) all.push(...list)
  return all
}
const names = async (subject: Runs, ref: RunRef): Promise<string[]> => (await read(subject, ref)).map(({ event }) => event)
const stopped = (signal: AbortSignal): Promise<void> => new Promise((done) => { if (signal.aborted) done(); else signal.addEventListener('abort', () => { done() }) })
/** Runs until it is stopped, and tells by whom. */
const untilStopped = async (call: RunCall): Promise<void> => {
  await stopped(call.signal)
  await call.finish('stopped', nothing)
  call.emit({ event: call.signal.reason instanceof RunStopped ? `stopped by ${call.signal.reason.by}` : 'stopped' })
}
const isBusy = (error: unknown): boolean => error instanceof HttpError && error.status === 429 && error.code === 'too_many_requests'

export const runsContract = defineContract(runs, {
  uses: { probe: runProbe, db: database },
  laws: {
    'lets the work go on by itself, and tells whoever reads all of it from the beginning': async (subject, { probe }) => {
      let go: () => void = () => undefined
      const ref = await within('a start has an answer while its work goes on', subject.start(of(await probe.newApp()), nothing, async (call) => {
        call.emit({ event: 'a' }, { event: 'b' })
        await new Promise<void>((done) => { go = done })
        call.emit({ event: 'c' })
        await call.finish('succeeded', nothing)
        call.emit({ event: 'd' })
      }))
      const early = names(subject, ref)
      // One who leaves disturbs nobody.
      const left = new AbortController()
      const leaving = (async () => { for await (const list of subject.events(ref, left.signal)) if (list.length > 0) left.abort() })()
      await within('a reader has left', leaving)
      go()
      assert.deepEqual(await within('a reader is at the end', early), ['a', 'b', 'c', 'd'])
      assert.deepEqual(await names(subject, ref), ['a', 'b', 'c', 'd'])
    },
    'tells nothing of a run to another app or workspace': async (subject, { probe }) => {
      const ref = await subject.start(of(await probe.newApp()), nothing, async (call) => { call.emit({ event: 'a' }); await untilStopped(call) })
      for (const other of [{ appId: randomUUID() }, { workspaceId: randomUUID() }, { id: randomUUID() }]) {
        assert.deepEqual(await within('a reader of nothing is at the end', names(subject, { ...ref, ...other })), [])
      }
      await subject.stop(ref, ADA)
    },
    'leaves nothing where it could not be prepared, and starts nothing before that': async (subject, { probe, db }) => {
      const app = await probe.newApp()
      const happened: string[] = []
      const oops = new Error('oops')
      await assert.rejects(subject.start(of(app, 1), async () => { db.afterCommit(() => { happened.push('committed') }); throw oops }, async () => { happened.push('worked') }), oops)
      await sleep(20)
      assert.equal(happened.length, 0, `${happened.join()} all the same`)
      const ref = await subject.start(of(app, 1), async () => {
        db.afterCommit(() => { happened.push('committed') })
        await sleep(20)
        happened.push('prepared')
      }, async (call) => { happened.push('worked'); await call.finish('succeeded', nothing) })
      await names(subject, ref)
      assert.deepEqual(happened, ['prepared', 'committed', 'worked'])
    },
    'has as many runs of an app at a time as it may, and a place again when one has ended': async (subject, { probe }) => {
      const app = await probe.newApp()
      const asked = await Promise.allSettled(Array.from({ length: 8 }, () => subject.start(of(app, 3), nothing, untilStopped)))
      const started = asked.flatMap((one) => one.status === 'fulfilled' ? [one.value] : [])
      assert.equal(started.length, 3)
      for (const one of asked) assert(one.status === 'fulfilled' || isBusy(one.reason), 'it refused with something else than 429 too_many_requests')
      const other = await subject.start(of(await probe.newApp(), 3), nothing, untilStopped)
      await subject.stop(started[0] as RunRef, ADA)
      await names(subject, started[0] as RunRef)
      const next = await subject.start(of(app, 3), nothing, untilStopped)
      await assert.rejects(subject.start(of(app, 3), nothing, untilStopped), isBusy)
      const free = await subject.start(of(app), nothing, untilStopped)
      for (const ref of [...started, other, next, free]) await subject.stop(ref, ADA)
    },
    'is stopped by whoever started it and by nobody else, and says by whom': async (subject, { probe }) => {
      for (const by of ['user', 'client'] as const) {
        const ref = await subject.start(of(await probe.newApp()), nothing, untilStopped)
        const reading = names(subject, ref)
        for (const wrong of [{ appId: randomUUID() }, { workspaceId: randomUUID() }, { id: randomUUID() }, { id: 'no id' }]) await subject.stop({ ...ref, ...wrong }, ADA)
        await subject.stop(ref, 'end-user:bob')
        assert.equal(await Promise.race([reading, sleep(100, 'goes on')]), 'goes on')
        await subject.stop(ref, ADA, by)
        assert.deepEqual(await within('it has stopped', reading), [`stopped by ${by}`])
        await subject.stop(ref, ADA, by)
      }
    },
    'ends once, together with what the work writes': async (subject, { probe, db }) => {
      const told: unknown[] = []
      const ref = await subject.start(of(await probe.newApp()), nothing, async (call) => {
        await call.finish('succeeded', async () => { db.afterCommit(() => { told.push('never') }); throw new Error('oops') }).catch(() => { told.push('rolled back') })
        told.push(await call.finish('succeeded', async () => { db.afterCommit(() => { told.push('committed') }); return 5 }))
        told.push(await call.finish('failed', async () => { told.push('again'); return 6 }))
      })
      await names(subject, ref)
      assert.deepEqual(told, ['rolled back', 'committed', 5, undefined])
      assert.equal(probe.lost.get(ref.id), undefined)
    },
    'has its kind end what nothing brought to an end': async (subject, { probe }) => {
      const app = await probe.newApp()
      const [failed, forgot, gone] = [of(app), of(app), of(app)]
      const refs = [
        await subject.start(failed, nothing, async () => { throw new Error('oops') }),
        await subject.start(forgot, nothing, async (call) => { call.emit({ event: 'a' }) }),
        await subject.start(gone, nothing, async ({ signal }) => { await stopped(signal); signal.throwIfAborted() }),
      ]
      await subject.stop(refs[2] as RunRef, ADA)
      for (const ref of refs) await names(subject, ref)
      assert.deepEqual(refs.map(({ id }) => probe.lost.get(id)), [
        { subjectId: failed.subjectId, outcome: 'failed' }, { subjectId: forgot.subjectId, outcome: 'failed' }, { subjectId: gone.subjectId, outcome: 'stopped' },
      ])
    },
  },
})
