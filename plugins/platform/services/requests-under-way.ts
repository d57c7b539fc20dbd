/** How many requests are being answered. A stream counts until it begins. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { service } from '../../../core/index.ts'
import type { Traffic } from '../ports.ts'

export interface RequestsUnderWay extends Traffic {
  during(answer: () => Promise<unknown>): Promise<void>
}

export const requestsUnderWay = service('platform.requests-under-way', {
  create: (): RequestsUnderWay => {
    let count = 0
    const waiting = new Set<() => void>()
    return {
      during: async (answer) => {
        count += 1
        try { await answer() } finally {
          count -= 1
          if (count === 0) for (const go of waiting) go()
        }
      },
      gap: async (limit) => {
        // What has just arrived is read first.
        await nextTurn()
        if (count === 0) return
        await new Promise<void>((resolve) => {
          const go = (): void => {
            clearTimeout(timer)
            waiting.delete(go)
            resolve()
          }
          const timer = setTimeout(go, limit)
          waiting.add(go)
        })
      },
    }
  },
})
