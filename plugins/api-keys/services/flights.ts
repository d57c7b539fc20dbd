/**
 * Many who ask the same at once share one read. Nobody is given the answer of a read that began before it was asked for: what changed
 * in between would be overlooked. So whoever comes while one runs shares the next, which begins when that one has ended.
 */
export interface Flights<T> {
  /** @param read of those who share a flight the first one's is run; `waited`: whether another flight of this key ended meanwhile */
  ask(key: string, read: (waited: boolean) => Promise<T>): Promise<T>
  /** Keys that are being read. */
  readonly size: number
}
interface Flight<T> { readonly ended: Promise<unknown>; next: Promise<T> | undefined }

export const flights = <T>(): Flights<T> => {
  const underway = new Map<string, Flight<T>>()
  const begin = (key: string, read: () => Promise<T>): Promise<T> => {
    const answer = (async () => read())()
    const ended = answer.then(() => undefined, () => undefined)
    const flight: Flight<T> = { ended, next: undefined }
    underway.set(key, flight)
    // The first who waits for the end: whoever asks later than this begins a flight of its own.
    void ended.then(() => { if (!flight.next) underway.delete(key) })
    return answer
  }
  return {
    get size() { return underway.size },
    ask: (key, read) => {
      const flight = underway.get(key)
      if (!flight) return begin(key, () => read(false))
      return flight.next ??= flight.ended.then(() => begin(key, () => read(true)))
    },
  }
}
