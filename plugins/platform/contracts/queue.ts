/** The laws of `queue`. They need a server on which the jobs of {@link queueProbes} are enabled and worked on. */
import Joi from 'joi'
import { database, definePlugin, job, queue } from '../../../core/index.ts'
import type { JobCall } from '../../../core/index.ts'
import { assert, defineContract, eventually, freshName, oops, pause, strangeNames, strangeStrings } from './kit.ts'

interface Probe { probe: string; value?: unknown }
const watches = new Map<string, (call: JobCall<Probe>) => unknown>()
const payload = Joi.object<Probe>({ probe: Joi.string().required(), value: Joi.any() })
const handle = async (call: JobCall<Probe>): Promise<void> => { await watches.get(call.payload.probe)?.(call) }
const many = job('queue-contract.run-many', { payload, retries: 0, concurrency: 3, handle })
const single = job('queue-contract.run-single', { payload, retries: 1, handle })
export const queueProbes = definePlugin({ name: 'queue-contract', kernel: '*', jobs: [many, single] })

/** A name to put into payloads, and the values of the jobs with it that ran. */
const watch = (then: (call: JobCall<Probe>) => unknown = () => undefined): { probe: string; ran: unknown[] } => {
  const seen = { probe: freshName(), ran: [] as unknown[] }
  watches.set(seen.probe, (call) => { seen.ran.push(call.payload.value); return then(call) })
  return seen
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
      let open = (): void => undefined
      const [{ probe, ran }, blocker] = [watch(), watch(() => new Promise<void>((done) => { open = done }))]
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
  },
})
