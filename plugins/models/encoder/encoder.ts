/** Owns the worker thread: starts it when it is first needed, hands it one text at a time, lets it go when it has been idle. */
import { Worker } from 'node:worker_threads'
import type { Answer, Question } from './thread.ts'

interface Task {
  readonly text: string
  readonly signal: AbortSignal | undefined
  resolve(answer: { vector: Float32Array; tokens: number }): void
  reject(error: unknown): void
}
export interface Encoder {
  /** Questions overtake documents: they wait for one text at most. */
  encode(text: string, options: { readonly urgent: boolean; readonly signal?: AbortSignal }): Promise<{ vector: Float32Array; tokens: number }>
  /** Ends the thread; what still waits is refused. */
  close(): Promise<void>
}

const entry = new URL(`./thread${import.meta.url.slice(-3)}`, import.meta.url)

export const createEncoder = ({ idleMs, file = entry }: { readonly idleMs: number; readonly file?: URL }): Encoder => {
  const urgent: Task[] = []
  const patient: Task[] = []
  let worker: Worker | undefined
  let running: Task | undefined
  let idle: NodeJS.Timeout | undefined
  let closed = false

  const takeAll = (): Task[] => {
    const tasks = [...running ? [running] : [], ...urgent.splice(0), ...patient.splice(0)]
    running = undefined
    return tasks
  }
  const start = (): Worker => {
    const thread = new Worker(file)
    let why: Error | undefined
    thread.on('message', (answer: Answer) => {
      const task = running
      running = undefined
      if ('failure' in answer) task?.reject(new Error(`the embedding model failed: ${answer.failure}`))
      else task?.resolve(answer)
      next()
    })
    thread.on('error', (error) => { why = error })
    thread.on('exit', () => {
      if (worker !== thread) return
      worker = undefined
      const lost = takeAll()
      const message = `the thread of the embedding model ended (${why?.message ?? 'no reason given'}); the next call starts it again`
      for (const task of lost) task.reject(new Error(message, { cause: why }))
    })
    return thread
  }
  const next = (): void => {
    if (running) return
    const task = urgent.shift() ?? patient.shift()
    if (!task) { rest(); return }
    if (task.signal?.aborted) { task.reject(task.signal.reason); next(); return }
    clearTimeout(idle)
    running = task
    worker ??= start()
    // Work keeps the process alive, an idle thread does not.
    worker.ref()
    worker.postMessage({ text: task.text } satisfies Question)
  }
  const rest = (): void => {
    worker?.unref()
    clearTimeout(idle)
    idle = setTimeout(() => { void letGo() }, idleMs).unref()
  }
  const letGo = async (): Promise<void> => {
    const thread = worker
    worker = undefined
    await thread?.terminate()
  }
  return {
    encode: (text, options) => new Promise((resolve, reject) => {
      if (closed) { reject(new Error('the embedding model is closed: the server is stopping')); return }
      ;(options.urgent ? urgent : patient).push({ text, signal: options.signal, resolve, reject })
      next()
    }),
    close: async () => {
      closed = true
      clearTimeout(idle)
      for (const task of takeAll()) task.reject(new Error('the embedding model is closed: the server is stopping'))
      await letGo()
    },
  }
}
