/** Events in this process, so that only who asks here reads them. A slow reader is a place in a list: it costs nothing and holds nobody up. */
import Joi from 'joi'
import { defineAdapter } from '../../../core/index.ts'
import { runsConfig } from '../config.ts'
import { runEvents } from '../ports.ts'
import type { RunEvents } from '../ports.ts'
import { createEventLogs } from '../services/event-logs.ts'

interface Settings {
  /** Bytes, roughly, that the events of all runs that have ended may take up; those that ended first are dropped first. */
  readonly keepBytes: number
}
/** One for all: it is asked thousands of times a second. */
const DONE = Promise.resolve()
interface MemoryEvents extends RunEvents { close(): void }

export const memoryEvents = defineAdapter(runEvents, 'memory', {
  options: Joi.object<Settings, true>({ keepBytes: Joi.number().integer().min(0).default(64 * 1024 * 1024) }),
  uses: { config: runsConfig },
  create: ({ config }, { keepBytes }): MemoryEvents => {
    const logs = createEventLogs({ keepMs: config.keepMs, keepBytes })
    return {
      append: (runId, events) => {
        logs.append(runId, events)
        return DONE
      },
      end: async (runId) => { logs.end(runId) },
      read: logs.read,
      close: logs.close,
    }
  },
  dispose: (it) => { (it as MemoryEvents).close() },
})
