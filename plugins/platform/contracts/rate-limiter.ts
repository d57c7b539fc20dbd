/** The laws of `rateLimiter`. Windows are of whole seconds, as every adapter can count them. */
import { rateLimiter } from '../../../core/index.ts'
import { assert, defineContract, freshName, pause, strangeNames } from './kit.ts'

const MINUTE = 60_000
const isWait = (wait: number, ms: number): boolean => wait > 0 && wait <= ms

export const rateLimiterContract = defineContract(rateLimiter, {
  laws: {
    'gives as many uses as there are, and then says how long to wait': async (subject) => {
      const key = freshName()
      for (let use = 0; use < 3; use++) assert.equal(await subject.take(key, 3, MINUTE), 0)
      for (let more = 0; more < 3; more++) {
        const wait = await subject.take(key, 3, MINUTE)
        assert(isWait(wait, MINUTE), `after all were taken it said ${wait}`)
      }
    },
    'counts each key by itself, whatever it is called': async (subject) => {
      const keys = strangeNames()
      for (const key of keys) assert.equal(await subject.take(key, 1, MINUTE), 0, 'another key took its use')
      for (const key of keys) assert(await subject.take(key, 1, MINUTE) > 0, 'it was not counted')
    },
    'gives no more where many ask at once': async (subject) => {
      const key = freshName()
      const waits = await Promise.all(Array.from({ length: 50 }, () => subject.take(key, 10, MINUTE)))
      assert.equal(waits.filter((wait) => wait === 0).length, 10)
    },
    'has room again once the wait is over, and not for more than before': async (subject) => {
      const key = freshName()
      assert.deepEqual([await subject.take(key, 2, 1_000), await subject.take(key, 2, 1_000)], [0, 0])
      const wait = await subject.take(key, 2, 1_000)
      assert(isWait(wait, 1_000), `it said ${wait}`)
      await pause(wait + 20)
      assert.deepEqual([await subject.take(key, 2, 1_000), await subject.take(key, 2, 1_000)], [0, 0])
      assert(await subject.take(key, 2, 1_000) > 0)
    },
    'holds uses against another limit, and windows of another length apart': async (subject) => {
      const key = freshName()
      for (let use = 0; use < 3; use++) assert.equal(await subject.take(key, 3, MINUTE), 0)
      assert.equal(await subject.take(key, 10, MINUTE), 0, 'the limit was raised')
      assert(await subject.take(key, 2, MINUTE) > 0, 'the limit was lowered')
      assert.equal(await subject.take(key, 1, 2 * MINUTE), 0)
    },
  },
})
