/**
 * Who reads a run of another process waits for events that may never come: the process may have died, or the way from there be cut. So the
 * table is asked about the runs for which somebody here waits, all in one question a beat.
 */
import { logger, service } from '../../../core/index.ts'
import { runsConfig } from '../config.ts'
import { runEvents } from '../ports.ts'
import type { RunEvent, RunRef } from '../ports.ts'
import { runner } from './runner.ts'
import { runTable } from './run-table.ts'

export interface Readers {
  read(ref: RunRef, signal: AbortSignal): AsyncIterable<readonly RunEvent[]>
  stop(): void
}
interface Waiting { readonly id: string; readonly end: AbortController; asked: number }

/** Times that a run has to be found over while nothing comes: what is on its way arrives between them. */
const SURE = 2

export const readers = service('runs.readers', {
  uses: { table: runTable, events: runEvents, runner, config: runsConfig, log: logger },
  create: ({ table, events, runner, config, log }): Readers => {
    const waiting = new Set<Waiting>()
    let timer: NodeJS.Timeout | undefined
    let asking = false

    const ask = async (): Promise<void> => {
      if (waiting.size === 0 || asking) return
      asking = true
      try {
        const some = [...waiting]
        const running = new Set(await table.running([...new Set(some.map(({ id }) => id))]))
        for (const one of some) {
          one.asked = running.has(one.id) ? 0 : one.asked + 1
          if (one.asked >= SURE && waiting.has(one)) one.end.abort()
        }
      } catch (error) { log.debug({ err: error }, 'the runs that somebody waits for could not be looked up') } finally { asking = false }
    }

    return {
      read: (ref, signal) => runner.find(ref) ? events.read(ref.id, signal) : elsewhere(ref, signal),
      stop: () => { clearInterval(timer) },
    }

    async function* elsewhere(ref: RunRef, signal: AbortSignal): AsyncGenerator<readonly RunEvent[]> {
      if (!await table.knows(ref)) return
      timer ??= setInterval(() => { void ask() }, config.beatMs).unref()
      const end = new AbortController()
      const iterator = events.read(ref.id, AbortSignal.any([signal, end.signal]))[Symbol.asyncIterator]()
      try {
        for (;;) {
          const one: Waiting = { id: ref.id, end, asked: 0 }
          waiting.add(one)
          const next = await iterator.next().finally(() => { waiting.delete(one) })
          if (next.done) return
          yield next.value
        }
      } finally { await iterator.return?.() }
    }
  },
})
