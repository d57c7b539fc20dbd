/** The laws of `queue`. They need a server on which the jobs of {@link queueProbes} are enabled and worked on. After the last one it takes no more. */
import Joi from 'joi'
import { database, definePlugin, job, queue } from '../../../core/index.ts'
import type { JobCall, JobInfo, Queue } from '../../../core/index.ts'
import { assert, defineContract, eventually, freshName, oops, pause, strangeNames, strangeStrings } from './kit.ts'

interface Probe { probe: string; value?: unknown }
const watches = new Map<string, (call: JobCall<Probe>) => unknown>()
const payload = Joi.object<Probe>({ probe: Joi.string().required(), value: Joi.any() })
const handle = async (call: JobCall<Probe>): Promise<void> => { await watches.get(call.payload.probe)?.(call) }
const many = job('queue-contract.run-many', { payload, retries: 0, concurrency: 3, handle })
const single = job('queue-contract.run-single', { payload, retries: 1, handle })
const stubborn = job('queue-contract.run-stubborn', { payload, retries: 9, handle })
export const queueProbes = definePlugin({ name: 'queue-contract', kernel: '*', jobs: [many, single, stubborn] })

/** A name to put into payloads, and the values of the jobs with it that ran. */
const watch = (then: (call: JobCall<Probe>) => unknown = () => undefined): { probe: string; ran: unknown[] } => {
  const seen = { probe: freshName(), ran: [] as unknown[] }
  watches.set(seen.probe, (call) => { seen.ran.push(call.payload.value); return then(call) })
  return seen
}
const found = async (subject: Queue, id: string): Promise<JobInfo | undefined> => (await subject.find({ id }))[0]
/** Something to hold a job with. */
const gate = () => {
  let open = (): void => undefined
  const opened = new Promise<void>((done) => { open = done })
  return { open, opened }
}

export const queueContract = defineContract(queue, {
  uses: { db: database },
  laws: {
    'delivers each payload as it was sent, and runs as many at a time as the job allows': async (subject) => {
      const [at, values] = [{ now: 0, most: 0 }, strangeStrings.map((text) => JSON.stringify([text, { text }, null, 1.5]))]
      const { probe, ran } = watch(async () => { at.most = Math.max(at.most, at.now += 1); await eventually(() => at.most > 2, 'three run'); at.now -= 1 })
      for (const value of values) await subject.enqueue(many, { probe, value: JSON.parse(value) as unknown })
      await eventually(() => ran.length >= values.length && at.now === 0, 'all jobs run')
      assert.deepEqual([ran.map((value) => JSON.stringify(value)).sort(), at.most], [values.sort(), many.concurrency])
    },
    'delivers a job of a transaction when that commits, not before, and never when it rolls back': async (subject, { db }) => {
      const [committed, rolledBack] = [watch(), watch()]
      await assert.rejects(db.transaction(async () => { await subject.enqueue(many, { probe: rolledBack.probe }); oops() }))
      await db.transaction(async () => {
        await subject.enqueue(many, { probe: committed.probe })
        await pause(100)
        assert.equal(committed.ran.length, 0, 'it ran before the commit')
      })
      await eventually(() => committed.ran.length === 1, 'it runs after the commit')
      assert.equal(rolledBack.ran.length, 0, 'it ran although its transaction was rolled back')
    },
    'tries a failed job again, tells it the attempt and which is the last, and keeps it as failed': async (subject) => {
      const [{ failed }, calls] = [await subject.counts(), [] as unknown[]]
      const { probe } = watch(({ attempt, last }) => { calls.push([attempt, last]); throw new Error('always fails\0') })
      await subject.enqueue(single, { probe })
      await eventually(async () => (await subject.counts()).failed === failed + 1, 'it is kept as failed')
      assert.deepEqual(calls, [[1, false], [2, true]])
    },
    'lets a delayed job wait, and meanwhile drops others of its name and key': async (subject) => {
      const [{ probe, ran }, keys, start] = [watch(), strangeNames(), Date.now()]
      for (const key of keys.flatMap((key) => [key, key])) await subject.enqueue(many, { probe }, { key, delay: 1_000 })
      await eventually(() => ran.length >= keys.length, 'each runs')
      assert.ok(Date.now() - start >= 1_000, 'none waited')
      for (const key of keys.slice(0, 1)) await subject.enqueue(many, { probe }, { key })
      await eventually(() => ran.length > keys.length, 'the key is free again')
      await pause(100)
      assert.equal(ran.length, keys.length + 1)
    },
    'takes higher priorities first, and lets groups take turns': async (subject) => {
      const { open, opened } = gate()
      const [{ probe, ran }, blocker] = [watch(), watch(() => opened)]
      await subject.enqueue(single, { probe: blocker.probe })
      await eventually(() => blocker.ran.length === 1, 'the first runs')
      for (const value of ['a1', 'a2', 'a3', 'b1', 'b2']) await subject.enqueue(single, { probe, value }, { group: probe + value.charAt(0) })
      await subject.enqueue(single, { probe, value: 'b0' }, { group: `${probe}b`, priority: 1 })
      // A queue may need a moment to hear of a job.
      await pause(100)
      open()
      await eventually(() => ran.length === 6, 'all run')
      assert.deepEqual(ran, ['b0', 'a1', 'b1', 'a2', 'b2', 'a3'])
    },
    'waits longer after each failure': async (subject) => {
      const [waits, failedAt]: [number[], number[]] = [[], []]
      const { probe } = watch(() => { failedAt.push(Date.now()); throw new Error('fails') })
      const id = await subject.enqueue(stubborn, { probe })
      for (const times of [1, 2]) {
        await eventually(async () => failedAt.length === times && (await found(subject, id))?.state === 'waiting', 'it waits again')
        waits.push(Number((await found(subject, id))?.dueAt) - Number(failedAt.at(-1)))
      }
      assert.ok(waits[0] as number > 0 && waits[1] as number > (waits[0] as number), `it waits ${waits.join(', then ')} ms`)
    },
    'shows a job that waits and one that runs, and how far it says that it is': async (subject) => {
      const { open, opened } = gate()
      const progress = { passages: [1, 2.5, null], ...Object.fromEntries(strangeStrings.map((text, index) => [String(index), text])) }
      let told = false
      const { probe } = watch(async (call) => {
        await call.progress('begun')
        await call.progress(progress)
        told = true
        await opened
      })
      const [before, id] = [Date.now(), await subject.enqueue(single, { probe, value: 1 }, { delay: 500, group: 'a group', priority: 7 })]
      const waiting = await found(subject, id)
      assert.deepEqual({ ...waiting, createdAt: 0, dueAt: 0 }, {
        id, name: single.name, state: 'waiting', payload: { probe, value: 1 }, group: 'a group', priority: 7, attempts: 0, createdAt: 0, dueAt: 0, progress: undefined, error: undefined,
      })
      assert.ok(Math.abs(Number(waiting?.dueAt) - before - 500) < 400, 'it is due when it was said to be')
      await eventually(() => told, 'it tells how far it is')
      const [active, all, others] = [await found(subject, id), await subject.find({ state: 'active', name: single.name }), await subject.find({ state: 'waiting', id })]
      open()
      assert.deepEqual([active?.state, active?.attempts, active?.progress], ['active', 1, progress])
      assert.deepEqual([all.map((info) => info.id), others], [[id], []])
      await eventually(async () => await found(subject, id) === undefined, 'a completed job is gone')
    },
    'keeps what failed for good with its error, runs it again where that is asked for, or removes it': async (subject) => {
      let fails = true
      const attempts: unknown[] = []
      const { probe } = watch(({ attempt, last }) => { attempts.push([attempt, last]); if (fails) throw new Error(`what went wrong\0`) })
      const ids = [await subject.enqueue(many, { probe }), await subject.enqueue(many, { probe })] as const
      await eventually(async () => (await Promise.all(ids.map((id) => found(subject, id)))).every((info) => info?.state === 'failed'), 'both are kept as failed')
      const [info] = await subject.find({ state: 'failed', name: many.name, id: ids[0], limit: 1 })
      assert.match(info?.error ?? '', /what went wrong/)
      assert.deepEqual([info?.attempts, info?.payload], [1, { probe }])
      assert.equal((await subject.find({ state: 'failed', limit: 1 })).length, 1)
      fails = false
      assert.deepEqual([await subject.discard(ids[1]), await found(subject, ids[1])], [true, undefined], 'a discarded job is gone')
      assert.equal(await subject.retry(ids[0]), true)
      assert.notEqual((await found(subject, ids[0]))?.state, 'failed', 'it is tried again')
      await eventually(async () => attempts.length === 3 && await found(subject, ids[0]) === undefined, 'it runs again and is done')
      assert.deepEqual(attempts, [[1, true], [1, true], [1, true]])
      for (const id of [...ids, '00000000-0000-4000-8000-000000000000', ...strangeStrings.slice(0, 24)]) {
        assert.deepEqual([await subject.retry(id), await subject.discard(id)], [false, false])
      }
      assert.equal(attempts.length, 3)
    },
    'ends a job in the transaction of once, whatever its handler does afterwards': async (subject, { db }) => {
      const seen: unknown[] = []
      const { open, opened } = gate()
      const effect = watch(async ({ payload: { value } }) => { seen.push(await found(subject, String(value))) })
      const { probe, ran } = watch(async (call) => {
        await db.transaction(() => call.once(async () => oops())).catch((error: unknown) => seen.push(/transaction/.test(String(error))))
        assert.equal(await call.once(async () => {
          await subject.enqueue(many, { probe: effect.probe, value: call.id })
          await call.progress('nearly done')
          return 'result'
        }), 'result')
        seen.push(call.signal.aborted)
        await call.once(async () => { await subject.enqueue(many, { probe: effect.probe }) }).catch((error: unknown) => seen.push(/once/.test(String(error))))
        await opened
        throw new Error('too late')
      })
      const { failed } = await subject.counts()
      const id = await subject.enqueue(single, { probe })
      await eventually(() => seen.length >= 4, 'the effect is there')
      open()
      // Its end is seen as soon as its effect is.
      assert.deepEqual(seen.sort(), [false, true, true, undefined])
      await pause(100)
      assert.deepEqual([ran.length, effect.ran, await found(subject, id), (await subject.counts()).failed], [1, [id], undefined, failed])
    },
    'leaves nothing of a once that failed, and tries the job again': async (subject) => {
      const effect = watch()
      const { probe, ran } = watch(async (call) => call.once(async () => {
        await subject.enqueue(many, { probe: effect.probe, value: call.attempt })
        if (!call.last) oops()
      }))
      const id = await subject.enqueue(single, { probe })
      await eventually(async () => effect.ran.length > 0 && await found(subject, id) === undefined, 'the effect is there')
      await pause(50)
      assert.deepEqual([ran.length, effect.ran], [2, [2]])
    },
    'puts back at a drain what does not end, and leaves nothing of a once that comes after that': async (subject) => {
      let refused: unknown
      const [effect, { open, opened }] = [watch(), gate()]
      const { probe, ran } = watch(async (call) => {
        await opened
        refused = await call.once(async () => { await subject.enqueue(many, { probe: effect.probe }) }).then(() => 'it was done', () => true)
      })
      const id = await subject.enqueue(single, { probe })
      await eventually(() => ran.length === 1, 'it runs')
      await subject.drain(50)
      const info = await found(subject, id)
      open()
      assert.deepEqual([info?.state, info?.attempts], ['waiting', 0], 'it waits as if it had not run')
      await eventually(() => refused !== undefined, 'it tries to end')
      assert.equal(refused, true)
      const effects = (await subject.find({ name: many.name, state: 'waiting' })).filter((other) => (other.payload as Probe).probe === effect.probe)
      assert.deepEqual([effects, (await found(subject, id))?.state], [[], 'waiting'])
    },
  },
})
