/** The laws of `quota`. How much there is is the adapter's own: each law asks for one unit at a time, of workspaces of its own. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { defineContract, HttpError } from '../../../core/index.ts'
import { quota } from '../ports.ts'
import type { Quota, Reservation } from '../ports.ts'

/** So many at most are asked for: who has more has no limit that a law could reach. */
const ENOUGH = 50
const isRefusal = (error: unknown): boolean => error instanceof HttpError && error.status === 429 && error.code === 'rate_limit_error' && error.message !== ''

/** Takes units until there are none left. */
const takeAll = async (subject: Quota, workspaceId: string): Promise<Reservation[]> => {
  const taken: Reservation[] = []
  while (taken.length < ENOUGH) {
    try { taken.push(await subject.reserve(workspaceId, 'run', 1)) } catch (error) {
      assert(isRefusal(error), `it refused with ${String(error)}, not 429 rate_limit_error`)
      break
    }
  }
  return taken
}

export const quotaContract = defineContract(quota, {
  laws: {
    'gives a reservation of its own to everybody who asks': async (subject) => {
      const workspaceId = randomUUID()
      const one = await subject.reserve(workspaceId, 'run', 1)
      const other = await subject.reserve(randomUUID(), 'run', 1)
      assert(one.id !== '' && one.id !== other.id)
      for (const reservation of [one, other]) await subject.release(reservation)
    },
    'refuses with 429 what is not there, to many at once too': async (subject) => {
      const [size, workspaceId] = [(await takeAll(subject, randomUUID())).length, randomUUID()]
      if (size === ENOUGH) return
      const asked = await Promise.allSettled(Array.from({ length: ENOUGH }, () => subject.reserve(workspaceId, 'run', 1)))
      assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, size)
      for (const one of asked) assert(one.status === 'fulfilled' || isRefusal(one.reason))
    },
    'counts each workspace by itself': async (subject) => {
      const size = (await takeAll(subject, randomUUID())).length
      assert.equal((await takeAll(subject, randomUUID())).length, size)
    },
    'has again what was released, once however often it is': async (subject) => {
      const workspaceId = randomUUID()
      const all = await takeAll(subject, workspaceId)
      for (const one of [...all, ...all]) await subject.release(one)
      assert.equal((await takeAll(subject, workspaceId)).length, all.length)
    },
    'has no more what was committed, whatever is said of it later; and gives the rest back': async (subject) => {
      const workspaceId = randomUUID()
      const all = await takeAll(subject, workspaceId)
      const [first, second, ...others] = all
      if (all.length === ENOUGH || !first || !second) return
      for (let time = 0; time < 2; time += 1) {
        await subject.commit(first, 1)
        await subject.release(first)
        // All of it was given back.
        await subject.commit(second, 0)
        await subject.release(second)
      }
      for (const one of others) await subject.release(one)
      assert.equal((await takeAll(subject, workspaceId)).length, all.length - 1)
    },
  },
})
