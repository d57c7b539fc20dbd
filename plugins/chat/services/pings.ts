/** Signs of life between events, so that whoever waits, and whatever stands between, knows that the answer goes on. */
import type { ServerEvent } from '../../../core/index.ts'

const PING: ServerEvent = Object.freeze({ event: 'ping' })
/** Events that are asked for before whoever reads has taken them. */
const AHEAD = 1_000

/**
 * What comes, one by one, with a ping at once and then every so many milliseconds, whether or not anything comes; never after the last. A failure
 * is an event too. Written by hand: for each event a generator more, or a timer, costs more than the event itself.
 */
export const pinged = (source: AsyncIterable<readonly object[]>, everyMs: number, failure: (error: unknown) => object): AsyncIterableIterator<ServerEvent> => {
  const iterator = source[Symbol.asyncIterator]()
  let ready: ServerEvent[] = [PING]
  let at = 0
  let ended = false
  let asking = false
  let ticking: NodeJS.Timeout | undefined
  let wake: (() => void) | undefined

  const end = (): void => {
    ended = true
    clearInterval(ticking)
  }
  const add = (events: readonly object[]): void => { for (const data of events) ready.push({ data }) }
  const ask = (): void => {
    if (asking || ended || ready.length - at > AHEAD) return
    asking = true
    iterator.next().then(({ done, value }) => {
      if (done) end()
      else add(value)
    }, (error: unknown) => {
      if (!ended) add([failure(error)])
      end()
    }).finally(() => {
      asking = false
      wake?.()
      ask()
    })
  }
  const take = (): ServerEvent | undefined => {
    const event = ready[at]
    if (event) at += 1
    if (at === ready.length) [ready, at] = [[], 0]
    return event
  }
  const self: AsyncIterableIterator<ServerEvent> = {
    [Symbol.asyncIterator]: () => self,
    next: () => {
      ticking ??= setInterval(() => {
        // Before what waits to be read: nothing follows the last event.
        if (ready[at] !== PING) [ready, at] = [[PING, ...ready.slice(at)], 0]
        wake?.()
      }, everyMs)
      const event = take()
      if (event) return Promise.resolve({ done: false, value: event })
      if (ended) return Promise.resolve({ done: true, value: undefined })
      ask()
      return new Promise((done) => {
        wake = () => {
          if (ready.length === 0 && !ended) return
          wake = undefined
          done(self.next())
        }
      })
    },
    return: async () => {
      end();
      [ready, at] = [[], 0]
      wake?.()
      await iterator.return?.()
      return { done: true, value: undefined }
    },
  }
  return self
}
