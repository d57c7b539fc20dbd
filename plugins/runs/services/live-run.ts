/** A run in this process: what it says on its way to its readers, and how it is told to stop. */
import type { Logger } from '../../../core/index.ts'
import { RunStopped } from '../ports.ts'
import type { NewRun, RunEvent, RunEvents, RunRef } from '../ports.ts'
import { sizeOf } from './event-logs.ts'

export interface LiveRun {
  readonly ref: RunRef
  readonly run: NewRun
  readonly signal: AbortSignal
  /** Set once the row says how it ended. */
  finished: boolean
  /** Calls of `finish` that have no answer yet. */
  finishing: number
  /** The list is its own from now on. */
  emit(events: RunEvent[]): void
  /** Aborts its signal; the first reason holds. */
  stop(reason: Error): void
  /** Resolves when its events have been handed over; what it says from now on is dropped. */
  hush(): Promise<void>
  /** Set once: what ends it here. */
  closing: Promise<void> | undefined
}
interface Surroundings {
  readonly events: RunEvents
  readonly log: Logger
  readonly eventBytes: number
  /** Called when its signal aborts. */
  stopped(live: LiveRun): void
}

/** Runs that have said something since the last turn of the event loop: one turn hands over all that was said in it. */
let loud: (() => unknown)[] = []
const handOver = (): void => {
  const all = loud
  loud = []
  for (const flush of all) flush()
}

export const createLiveRun = (ref: RunRef, run: NewRun, { events, log, eventBytes, stopped }: Surroundings): LiveRun => {
  const controller = new AbortController()
  let waiting: RunEvent[] = []
  let size = 0
  let isLoud = false
  let hushed = false
  let sending: Promise<void> | undefined

  const sent = (): Promise<void> | undefined => {
    sending = undefined
    return flush()
  }
  const lost = (error: unknown): Promise<void> | undefined => {
    log.error({ err: error, run: ref.id }, 'events of a run were lost')
    return sent()
  }
  /** One call at a time, so that order does not depend on the adapter; what is said meanwhile goes together. */
  const flush = (): Promise<void> | undefined => {
    isLoud = false
    if (sending || waiting.length === 0) return sending
    const batch = waiting
    waiting = []
    return sending = events.append(ref.id, batch).then(sent, lost)
  }

  const live: LiveRun = {
    ref, run, signal: controller.signal, finished: false, finishing: 0, closing: undefined,
    emit: (some) => {
      if (hushed) return
      let told = 0
      for (const event of some) {
        size += sizeOf(event)
        if (size > eventBytes) live.stop(new Error(`the run said more than ${eventBytes} bytes`))
        // Its last words are still told.
        if (size > eventBytes + eventBytes / 16) break
        told += 1
      }
      if (told < some.length) some.length = told
      if (told === 0) return
      if (waiting.length === 0) waiting = some
      else waiting.push(...some)
      if (isLoud) return
      isLoud = true
      if (loud.length === 0) setImmediate(handOver)
      loud.push(flush)
    },
    stop: (reason) => {
      if (controller.signal.aborted) return
      controller.abort(reason)
      stopped(live)
    },
    hush: async () => {
      hushed = true
      await flush()
    },
  }
  return live
}

/** What becomes of a run that nothing brought to an end. */
export const outcomeOf = ({ signal }: LiveRun): 'stopped' | 'failed' => signal.reason instanceof RunStopped ? 'stopped' : 'failed'
