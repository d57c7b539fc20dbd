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
      if (first !== 'ping') {
        if (first.done) return
        yield first.value
        next = iterator.next()
      }
      // Whatever comes never keeps it back for long.
      if (performance.now() >= due) {
        yield 'ping'
        due = performance.now() + everyMs
      }
    }
  } finally {
    clearTimeout(ticking)
    await iterator.return?.()
  }
}
