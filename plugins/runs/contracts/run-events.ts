/** The laws of `runEvents`. A run is appended to by one process, and each law has runs of its own. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineContract } from '../../../core/index.ts'
import { runEvents } from '../ports.ts'
import type { RunEvent, RunEvents } from '../ports.ts'

const numbered = (from: number, count: number): RunEvent[] => Array.from({ length: count }, (_, index) => ({ event: 'n', n: from + index }))
const numbers = (events: readonly RunEvent[]): unknown[] => events.map(({ n }) => n)
/** All of it; fails where the end does not come. */
const readAll = async (subject: RunEvents, runId: string, signal?: AbortSignal): Promise<RunEvent[]> => {
  const all: RunEvent[] = []
  const late = new AbortController()
  const timer = setTimeout(() => { late.abort() }, 5_000)
  try {
    for await (const list of subject.read(runId, signal ?? late.signal)) {
      assert(list.length > 0, 'it gave a list without an event')
      all.push(...list)
    }
  } finally { clearTimeout(timer) }
  assert(!late.signal.aborted, 'the end of a run did not come within 5 s')
  return all
}

export const runEventsContract = defineContract(runEvents, {
  laws: {
    'gives each reader all events from the beginning, in their order, whenever it comes': async (subject) => {
      const [id, other] = [randomUUID(), randomUUID()]
      const early = readAll(subject, id)
      await subject.append(id, numbered(0, 3))
      await subject.append(other, numbered(100, 1))
      await subject.append(id, [])
      const middle = readAll(subject, id)
      await Promise.all([subject.append(id, numbered(3, 1)), subject.append(id, numbered(4, 2))])
      await subject.end(id)
      for (const reader of [early, middle, readAll(subject, id)]) assert.deepEqual(numbers(await reader), [0, 1, 2, 3, 4, 5])
      await subject.end(other)
      assert.deepEqual(numbers(await readAll(subject, other)), [100])
    },
    'gives what waits as one list, however long the reader took': async (subject) => {
      const id = randomUUID()
      await subject.append(id, numbered(0, 1))
      const lists: number[] = []
      for await (const list of subject.read(id, AbortSignal.timeout(5_000))) {
        lists.push(list.length)
        if (lists.length > 1) continue
        for (let n = 1; n < 100; n += 1) await subject.append(id, numbered(n, 1))
        await subject.end(id)
        await sleep(100)
      }
      assert.equal(lists.reduce((sum, length) => sum + length, 0), 100)
      assert(lists.length <= 3, `100 events came in ${lists.length} lists`)
    },
    'never waits for a reader': async (subject) => {
      const id = randomUUID()
      const stuck = subject.read(id, AbortSignal.timeout(5_000))[Symbol.asyncIterator]()
      await subject.append(id, numbered(0, 1))
      await stuck.next()
      for (let n = 1; n < 2_000; n += 1) await Promise.race([subject.append(id, numbered(n, 1)), sleep(2_000).then(() => { throw new Error('it waited') })])
      await subject.end(id)
      assert.equal((await readAll(subject, id)).length, 2_000)
      await stuck.return?.()
    },
    'takes any event, and gives it as it was': async (subject) => {
      const id = randomUUID()
      const events: RunEvent[] = [
        ...['', '\0', '\ud800', 'é\u2028\n\n', '知识', '__proto__', 'x'.repeat(100_000)].map((text) => ({ event: 'text', text, [`key ${text.slice(0, 9)}`]: [text] })),
        { event: 'values', values: [null, true, -0.5, 1e300, {}, [], [[{ a: { b: null } }]]] },
      ]
      await subject.append(id, events)
      await subject.end(id)
      assert.deepEqual(await readAll(subject, id), events)
    },
    'ends when it is told to, also twice, also before anything was said, and takes nothing after it': async (subject) => {
      const [id, empty, unasked] = [randomUUID(), randomUUID(), randomUUID()]
      const waiting = readAll(subject, empty)
      await subject.append(id, numbered(0, 2))
      for (const run of [id, empty, unasked]) {
        await subject.end(run)
        await subject.end(run)
      }
      await subject.append(id, numbered(2, 1))
      assert.deepEqual(numbers(await readAll(subject, id)), [0, 1])
      assert.deepEqual([await waiting, await readAll(subject, unasked)], [[], []])
    },
    'ends without an error where the signal aborts, and leaves the others': async (subject) => {
      const id = randomUUID()
      const [one, unknown, before] = [new AbortController(), new AbortController(), new AbortController()]
      const reading = readAll(subject, id, one.signal)
      const other = readAll(subject, id)
      const inVain = readAll(subject, randomUUID(), unknown.signal)
      for (const each of [reading, other, inVain]) each.catch(() => undefined)
      await subject.append(id, numbered(0, 1))
      await sleep(20)
      one.abort(new Error('enough'))
      unknown.abort()
      before.abort()
      assert.deepEqual(await Promise.race([inVain, sleep(2_000, 'it went on')]), [])
      assert.deepEqual(await Promise.race([readAll(subject, id, before.signal), sleep(2_000, 'it went on')]), [])
      assert.deepEqual(await Promise.race([reading.then(numbers), sleep(2_000, 'it went on')]), [0])
      await subject.append(id, numbered(1, 1))
      await subject.end(id)
      assert.deepEqual(numbers(await other), [0, 1])
    },
  },
})
