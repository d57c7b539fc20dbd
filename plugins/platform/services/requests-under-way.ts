/** How many requests are being answered. A stream counts until it begins. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { service } from '../../../core/index.ts'
import type { Traffic } from '../ports.ts'

export interface RequestsUnderWay extends Traffic {
  during(answer: () => Promise<unknown>): Promise<void>
}

/** Milliseconds without any after which there are none: who asks now and again is not there only while it is answered. */
const QUIET = 60

export const requestsUnderWay = service('platform.requests-under-way', {
  create: (): RequestsUnderWay => {
    let count = 0
    let ended = -QUIET
    return {
      during: async (answer) => {
        count += 1
        try { await answer() } finally {
          count -= 1
          ended = performance.now()
        }
      },
      gap: async (limit) => {
        // What has just arrived is read first.
        await nextTurn()
        const until = performance.now() + limit
        for (;;) {
          const now = performance.now()
          const left = Math.min(until - now, count > 0 ? QUIET : ended + QUIET - now)
          if (left <= 0) return
          await sleep(left)
        }
      },
    }
  },
})
