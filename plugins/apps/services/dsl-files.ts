/**
 * Reads and writes the text of files, in threads of their own: a text that takes too much time or memory ends its thread, and nobody else waits.
 * A thread that is done waits a while for the next text.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { service } from '../../../core/index.ts'
import { appsConfig } from '../config.ts'
import type { Answer, Order } from './dsl-thread.ts'

export interface DslFiles {
  /** Throws an `Unreadable` for whoever sent it. */
  read(text: string): Promise<unknown>
  write(value: unknown): Promise<string>
  /** Ends the threads that wait. */
  close(): Promise<void>
}
/** What is wrong with a file rather than with the server. */
export class Unreadable extends Error { override readonly name = 'Unreadable' }

const entry = new URL(`./dsl-thread${import.meta.url.slice(-3)}`, import.meta.url)
const MS = 10_000
const IDLE_MS = 30_000
const MB = 256
/** Threads at a time. */
const MOST = 2

export const dslFiles = service('apps.dslFiles', {
  uses: { config: appsConfig },
  create: ({ config }): DslFiles => {
    const waiting = new Map<Worker, NodeJS.Timeout>()
    /** Those who wait for one of the threads. */
    const line: (() => void)[] = []
    let busy = 0
    const start = async (): Promise<Worker> => {
      const thread = new Worker(entry, { env: {}, stdout: true, stderr: true, resourceLimits: { maxOldGenerationSizeMb: MB, maxYoungGenerationSizeMb: MB / 8 } })
      // Whoever asked hears of it too; while it waits, nobody does.
      thread.on('error', () => undefined)
      thread.once('exit', () => {
        clearTimeout(waiting.get(thread))
        waiting.delete(thread)
      })
      await once(thread, 'message')
      return thread
    }
    const take = async (): Promise<Worker> => {
      const [[thread, timer] = []] = waiting
      if (!thread) return start()
      clearTimeout(timer)
      waiting.delete(thread)
      thread.ref()
      return thread
    }
    const giveBack = (thread: Worker): void => {
      thread.unref()
      waiting.set(thread, setTimeout(() => {
        waiting.delete(thread)
        void thread.terminate()
      }, IDLE_MS).unref())
    }
    const answered = async (thread: Worker, order: Order): Promise<Answer> => {
      const [late, over] = [AbortSignal.timeout(MS), new AbortController()]
      const signal = AbortSignal.any([late, over.signal])
      try {
        thread.postMessage(order)
        const [answer] = await Promise.race([
          once(thread, 'message', { signal }) as Promise<[Answer]>,
          once(thread, 'exit', { signal }).then(() => { throw new Unreadable('What reads the file ended without an answer. Send a simpler file.') }),
        ])
        giveBack(thread)
        return answer
      } catch (error) {
        await thread.terminate()
        if (late.aborted) throw new Unreadable(`The file takes more than ${MS / 1000} seconds to read. Send a smaller one.`, { cause: error })
        throw (error as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY' ? new Unreadable('The file takes too much memory to read. Send a smaller one.', { cause: error }) : error
      } finally {
        over.abort()
      }
    }
    const ask = async (order: Order): Promise<string> => {
      if (busy >= MOST) await new Promise<void>((done) => { line.push(done) })
      else busy += 1
      try {
        const answer = await answered(await take(), order)
        if ('failure' in answer) throw new Unreadable(answer.failure)
        return answer.text
      } finally {
        // Whoever is next has this place.
        const next = line.shift()
        if (next) next()
        else busy -= 1
      }
    }
    return {
      read: async (text) => JSON.parse(await ask({ read: text, mostBytes: 2 * config.importBytes })) as unknown,
      write: (value) => ask({ write: JSON.stringify(value) }),
      close: async () => { await Promise.all([...waiting.keys()].map((thread) => thread.terminate())) },
    }
  },
  dispose: (files) => files.close(),
})
