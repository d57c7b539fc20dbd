/**
 * Threads that read and write the text of files, a text at a time each: one that takes too much time or memory ends its thread, and nobody else waits
 * for it. A thread that is done waits a while for the next text; one that fails by itself is replaced, once, before anybody hears of it.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { errors } from '../../../core/index.ts'
import type { Answer, Order } from './dsl-thread.ts'
import { Unreadable } from './unreadable.ts'

/** All in milliseconds. */
interface Times {
  /** For one text, from when its thread is there. */
  readonly work: number
  /** In which a thread has to be there: on a busy machine that is seconds. */
  readonly start: number
  /** For which a text waits for one of the threads. */
  readonly wait: number
  /** For which a thread waits for a text. */
  readonly idle: number
}
export interface ThreadLimits {
  readonly times: Times
  /** Of its heap. */
  readonly mb: number
  /** Threads at a time, and texts that may wait for one. */
  readonly threads: number
  readonly waiting: number
}
export interface Threads {
  /** Throws an `Unreadable` where the text is to blame, and 503 where no thread is there for it. */
  ask(order: Order): Promise<string>
  /** Ends all of them, whatever they are at. */
  close(): Promise<void>
}
class Late extends Error {}
const TRIES = 2

/** Its next message. Throws where it fails, ends, or takes longer. */
const heard = async (thread: Worker, ms: number): Promise<unknown> => {
  const over = new AbortController()
  const { signal } = over
  // What was said while this process was at something else was said in time.
  const timer = setTimeout(() => { setImmediate(() => { over.abort() }) }, ms)
  try {
    const [said] = await Promise.race([
      once(thread, 'message', { signal }) as Promise<[unknown]>,
      once(thread, 'exit', { signal }).then(([code]) => { throw new Error(`the thread ended with ${String(code)}`) }),
    ])
    return said
  } catch (error) {
    throw signal.aborted ? new Late(`the thread said nothing for ${ms} ms`) : error
  } finally {
    clearTimeout(timer)
    over.abort()
  }
}

/** @param failed is told of each thread that failed by itself */
export const createThreads = (entry: URL, { times, mb, threads, waiting: most }: ThreadLimits, failed: (error: unknown) => void): Threads => {
  const all = new Set<Worker>()
  const idle = new Map<Worker, NodeJS.Timeout>()
  /** Those who wait for a thread. */
  const line = new Set<() => void>()
  let busy = 0
  let isClosed = false

  const start = async (): Promise<Worker> => {
    const thread = new Worker(entry, { env: {}, stdout: true, stderr: true, resourceLimits: { maxOldGenerationSizeMb: mb, maxYoungGenerationSizeMb: mb / 8 } })
    all.add(thread)
    // Whoever asked hears of it too; while it waits, nobody does.
    thread.on('error', () => undefined)
    thread.once('exit', () => {
      clearTimeout(idle.get(thread))
      idle.delete(thread)
      all.delete(thread)
    })
    try {
      await heard(thread, times.start)
      return thread
    } catch (error) {
      await thread.terminate()
      throw error
    }
  }
  const take = async (): Promise<Worker> => {
    if (isClosed) throw errors.unavailable()
    const [[thread, timer] = []] = idle
    if (!thread) return start()
    clearTimeout(timer)
    idle.delete(thread)
    thread.ref()
    return thread
  }
  const giveBack = (thread: Worker): void => {
    // It may end with its last word: both are told in one.
    if (!all.has(thread)) return
    // Work keeps the process alive, a thread that waits does not.
    thread.unref()
    idle.set(thread, setTimeout(() => {
      // It takes a moment to end, in which nobody is to be given it.
      idle.delete(thread)
      void thread.terminate()
    }, times.idle).unref())
  }
  const attempt = async (thread: Worker, order: Order): Promise<Answer> => {
    try {
      if (!all.has(thread)) throw new Error('the thread has ended')
      thread.postMessage(order)
      const answer = await heard(thread, times.work) as Answer
      giveBack(thread)
      return answer
    } catch (error) {
      await thread.terminate()
      if (error instanceof Late) throw new Unreadable(`The file takes more than ${times.work / 1000} seconds to read. Send a smaller one.`, { cause: error })
      if ((error as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY') throw new Unreadable('The file takes too much memory to read. Send a smaller one.', { cause: error })
      throw error
    }
  }
  /** A thread that fails by itself, or does not start, is replaced once. */
  const answered = async (order: Order): Promise<Answer> => {
    for (let tries = 1; ; tries += 1) {
      let thread: Worker | undefined
      try {
        thread = await take()
        return await attempt(thread, order)
      } catch (error) {
        if (isClosed) throw errors.unavailable()
        if (error instanceof Unreadable) throw error
        failed(error)
        if (tries < TRIES) continue
        throw thread
          ? new Unreadable('What reads the file ended without an answer, twice. Send a simpler file.', { cause: error })
          : errors.unavailable('This server cannot begin to read the file at the moment. Send it again in a minute.', { cause: error })
      }
    }
  }
  const place = async (): Promise<void> => {
    if (busy < threads) {
      busy += 1
      return
    }
    const full = () => errors.unavailable('Too many files of apps are being read at the moment. Send it again in a minute.', { headers: { 'Retry-After': '60' } })
    if (line.size >= most) throw full()
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        line.delete(go)
        reject(full())
      }, times.wait)
      const go = (): void => {
        clearTimeout(timer)
        line.delete(go)
        resolve()
      }
      line.add(go)
    })
  }
  return {
    ask: async (order) => {
      await place()
      try {
        const answer = await answered(order)
        if ('failure' in answer) throw new Unreadable(answer.failure)
        return answer.text
      } finally {
        // Whoever is next has this place.
        const [next] = line
        if (next) next()
        else busy -= 1
      }
    },
    close: async () => {
      isClosed = true
      await Promise.all([...all].map((thread) => thread.terminate()))
    },
  }
}
