/**
 * Owns the threads in which packed files are read, one file at a time each. A thread that is done with its file waits a while for the next one; one
 * that ran out of memory or time, or was not listened to until the end, is ended, and with it all that it did.
 */
import { on } from 'node:events'
import type { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import type { ExtractOptions } from '../ports.ts'
import { refuseOther } from './sniff.ts'
import type { Kind } from './sniff.ts'
import type { Answer, Order, Piece } from './thread.ts'
import { tooMuchMemory, unreadable } from './unreadable.ts'

export interface ReaderLimits {
  /** Milliseconds of work; while a piece waits to be taken, nothing counts. */
  readonly extractMs: number
  readonly extractMb: number
  readonly unpackedBytes: number
}
export interface Reader {
  /** The pieces that the parser of `kind` makes of a file. Throws an error for whoever sent it. */
  read<K extends Kind>(kind: K, file: Readable, options: ExtractOptions): AsyncGenerator<Piece<K>>
  /** Ends the threads that wait. */
  close(): Promise<void>
}
const entry = new URL(`./thread${import.meta.url.slice(-3)}`, import.meta.url)

export const createReader = ({ extractMs, extractMb, unpackedBytes }: ReaderLimits, idleMs = 30_000): Reader => {
  const waiting = new Map<Worker, NodeJS.Timeout>()

  const start = (): Worker => {
    const thread = new Worker(entry, {
      // Parsers need no secrets of the server, and what they print is for nobody.
      env: {}, stdout: true, stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: extractMb, maxYoungGenerationSizeMb: Math.min(64, extractMb / 4) },
    })
    // Whoever reads hears of it too; while it waits, nobody does.
    thread.on('error', () => undefined)
    thread.once('exit', () => {
      clearTimeout(waiting.get(thread))
      waiting.delete(thread)
    })
    return thread
  }
  const take = (): Worker => {
    const [[thread, timer] = []] = waiting
    if (!thread) return start()
    clearTimeout(timer)
    waiting.delete(thread)
    thread.ref()
    return thread
  }
  const giveBack = (thread: Worker): void => {
    // It said its last word and died of something else: nobody is to be given it.
    if (thread.threadId === -1) return
    // Work keeps the process alive, a thread that waits does not.
    thread.unref()
    waiting.set(thread, setTimeout(() => {
      // It takes a moment to end, in which nobody is to be given it.
      waiting.delete(thread)
      void thread.terminate()
    }, idleMs).unref())
  }

  const read = async function* <K extends Kind>(kind: K, file: Readable, { name, signal }: ExtractOptions): AsyncGenerator<Piece<K>> {
    const bytes = await collect(file, name, unpackedBytes)
    await refuseOther(kind, bytes, name)
    signal?.throwIfAborted()
    const thread = take()
    const answers = on(thread, 'message', { close: ['exit'], ...signal && { signal } })
    thread.postMessage({ kind, bytes, name, unpackedBytes, mb: extractMb } satisfies Order, [bytes.buffer])
    let left = extractMs
    const late = { is: false }
    let isDone = false
    try {
      for (;;) {
        const began = Date.now()
        const timer = setTimeout(() => {
          late.is = true
          void thread.terminate()
        }, Math.max(left, 1))
        const { value, done } = await answers.next().finally(() => { clearTimeout(timer) }) as IteratorResult<[Answer<Piece<K>>], undefined>
        left -= Date.now() - began
        if (done) throw late.is ? tooSlow(name, extractMs) : unreadable(`"${name}" cannot be read: what reads it ended without an answer. Upload it again, or save it in another format.`)
        const [answer] = value
        isDone = 'done' in answer || 'failure' in answer && answer.isSound
        if ('failure' in answer) throw unreadable(answer.failure)
        if ('done' in answer) return
        yield answer.piece
        thread.postMessage('more')
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw (error as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuchMemory(name, extractMb, error) : error
    } finally {
      await answers.return?.()
      if (isDone) giveBack(thread)
      else await thread.terminate()
    }
  }
  return { read, close: async () => { await Promise.all([...waiting.keys()].map((thread) => thread.terminate())) } }
}

const tooSlow = (name: string, ms: number): Error =>
  unreadable(`"${name}" takes more than ${ms / 1000} seconds to read. Split it into several files, save it in a simpler format, or raise extractMs of the datasets plugin.`)

/** In a buffer of its own, which can be given away to the thread. */
const collect = async (file: Readable, name: string, most: number): Promise<Uint8Array<ArrayBuffer>> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of file as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > most) throw unreadable(`"${name}" has more than ${most} bytes. Split it into several files, or raise unpackedBytes of the datasets plugin.`)
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
