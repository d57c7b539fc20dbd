/** Signs of life between events, so that whoever waits, and whatever stands between, knows that the answer goes on. */

/** What comes, with a `ping` at once and then every so many milliseconds, whether or not anything comes. */
export const pinged = async function* <T>(source: AsyncIterable<T>, everyMs: number): AsyncGenerator<T | 'ping'> {
  const iterator = source[Symbol.asyncIterator]()
  let ticking: NodeJS.Timeout | undefined
  try {
    yield 'ping'
    let due = performance.now() + everyMs
    let next = iterator.next()
    for (;;) {
      const first = await Promise.race([next, new Promise<'ping'>((done) => { ticking = setTimeout(done, Math.max(0, due - performance.now()), 'ping') })])
      clearTimeout(ticking)
      if (first !== 'ping' && first.done) return
      // Before what comes, never after it: nothing follows the last event. And whatever comes fast does not keep it back.
      if (performance.now() >= due || first === 'ping') {
        yield 'ping'
        due = performance.now() + everyMs
      }
      if (first === 'ping') continue
      yield first.value
      next = iterator.next()
    }
  } finally {
    clearTimeout(ticking)
    await iterator.return?.()
  }
}
