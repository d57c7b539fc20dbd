/** Works on several items at once and gives what came of them in their order. Whoever stops early, or a failure, ends the others too. */
export const ahead = async function* <T, R>(items: AsyncIterable<T>, atOnce: number, signal: AbortSignal, work: (item: T, signal: AbortSignal) => Promise<R>): AsyncGenerator<R> {
  const abandon = new AbortController()
  const both = AbortSignal.any([signal, abandon.signal])
  const running: Promise<R>[] = []
  try {
    for await (const item of items) {
      const one = work(item, both)
      one.catch(() => undefined)
      running.push(one)
      if (running.length >= atOnce) yield await running.shift() as R
    }
    while (running.length > 0) yield await running.shift() as R
  } finally {
    abandon.abort(new Error('what comes before it failed, or nobody waits for it any more'))
    await Promise.allSettled(running)
  }
}
