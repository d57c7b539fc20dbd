/** The events of runs in this process: a list a run, and readers that are places in it. Who writes waits for nobody. */
import type { RunEvent } from '../ports.ts'

export interface EventLog {
  readonly runId: string
  readonly events: RunEvent[]
  ended: boolean
  /** Whether the run is appended to in this process. */
  own: boolean
  readers: number
  /** Of readers that have read all there is; mostly one. Made anew each time: an old set that is cleared leaves its garbage among what is old. */
  waiting: readonly (() => void)[]
  /** Of what has ended: roughly what it takes up. */
  bytes: number
  forgetting: NodeJS.Timeout | undefined
}
export interface EventLogs {
  find(runId: string): EventLog | undefined
  append(runId: string, events: readonly RunEvent[], own?: boolean): EventLog
  end(runId: string): EventLog
  read(runId: string, signal: AbortSignal): AsyncIterable<readonly RunEvent[]>
  close(): void
}
interface Settings {
  /** Milliseconds for which a run that has ended is kept. */
  readonly keepMs: number
  /** Bytes, roughly, of all runs that have ended; those that ended first go first. */
  readonly keepBytes: number
  /** Called with the first reader of a run of which this process knows nothing, and after its last. */
  readonly wanted?: (log: EventLog) => void
  readonly unwanted?: (log: EventLog) => void
  readonly forgotten?: (log: EventLog) => void
}

const OVERHEAD = 64
const NOBODY: readonly (() => void)[] = []
/** Roughly the bytes that a value takes up: enough to keep a bound by. */
export const sizeOf = (value: unknown): number => {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  let size = OVERHEAD
  for (const key in value) size += 8 + sizeOf((value as Record<string, unknown>)[key])
  return size
}

export const createEventLogs = ({ keepMs, keepBytes, wanted, unwanted, forgotten }: Settings): EventLogs => {
  const logs = new Map<string, EventLog>()
  /** In the order in which they ended. */
  const ended = new Set<EventLog>()
  let kept = 0

  const open = (runId: string): EventLog => {
    const known = logs.get(runId)
    if (known) return known
    const log: EventLog = { runId, events: [], ended: false, own: false, readers: 0, waiting: NOBODY, bytes: 0, forgetting: undefined }
    logs.set(runId, log)
    return log
  }
  const wake = (log: EventLog): void => {
    const { waiting } = log
    log.waiting = NOBODY
    for (const go of waiting) go()
  }
  /** Whoever reads it now reads on: they hold it. */
  const forget = (log: EventLog): void => {
    clearTimeout(log.forgetting)
    if (logs.get(log.runId) === log) logs.delete(log.runId)
    if (ended.delete(log)) kept -= log.bytes
    forgotten?.(log)
  }
  const enter = (runId: string): EventLog => {
    const log = open(runId)
    log.readers += 1
    if (log.readers === 1 && !log.own && !log.ended) wanted?.(log)
    return log
  }
  const leave = (log: EventLog): void => {
    log.readers -= 1
    if (log.readers > 0 || log.own || logs.get(log.runId) !== log) return
    // A copy of what lies elsewhere, or nothing at all.
    if (unwanted) unwanted(log)
    if (unwanted || (log.events.length === 0 && !log.ended)) forget(log)
  }

  return {
    find: (runId) => logs.get(runId),
    append: (runId, events, own = true) => {
      const log = open(runId)
      if (own) log.own = true
      if (log.ended || events.length === 0) return log
      for (const event of events) log.events.push(event)
      if (log.waiting.length > 0) wake(log)
      return log
    },
    end: (runId) => {
      const log = open(runId)
      if (log.ended) return log
      log.ended = true
      log.bytes = OVERHEAD + log.events.reduce((sum, event) => sum + sizeOf(event), 0)
      kept += log.bytes
      ended.add(log)
      log.forgetting = setTimeout(() => { forget(log) }, keepMs).unref()
      for (const oldest of ended) {
        if (kept <= keepBytes) break
        forget(oldest)
      }
      wake(log)
      return log
    },
    read: (runId, signal) => ({ [Symbol.asyncIterator]: () => createReader(enter(runId), signal, leave) }),
    close: () => { for (const log of ended) clearTimeout(log.forgetting) },
  }
}

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined }
/** No async generator: thousands of these wait at once, and each event goes through one. */
const createReader = (log: EventLog, signal: AbortSignal, leave: (log: EventLog) => void): AsyncIterator<readonly RunEvent[], undefined> => {
  let at = 0
  let over = false
  let waiting: (() => void) | undefined
  const stop = (): void => {
    if (over) return
    over = true
    signal.removeEventListener('abort', stop)
    leave(log)
    log.waiting = log.waiting.filter((go) => go !== waiting)
    waiting?.()
  }
  const take = (): IteratorResult<readonly RunEvent[], undefined> | undefined => {
    if (over) return OVER
    if (at < log.events.length) {
      const value = at === 0 ? [...log.events] : log.events.slice(at)
      at = log.events.length
      return { done: false, value }
    }
    if (!log.ended) return undefined
    stop()
    return OVER
  }
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  return {
    next: () => {
      const now = take()
      if (now) return Promise.resolve(now)
      return new Promise((resolve) => {
        waiting = () => {
          waiting = undefined
          resolve(take() ?? OVER)
        }
        log.waiting = [...log.waiting, waiting]
      })
    },
    return: () => {
      stop()
      return Promise.resolve(OVER)
    },
  }
}
