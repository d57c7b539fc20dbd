/**
 * Events that pass through Redis: a stream a run, written by the process in which it runs and followed by those in which somebody reads it.
 *
 * What a process says itself its own readers have from memory, so Redis is in nobody's way there, and memory is also what is sent again: an
 * entry is called by the number of events up to its end. Redis refuses one that it has, and a follower knows which it has heard.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../../core/index.ts'
import { reasonOf } from '../../platform/ports.ts'
import type { RedisServer } from '../../platform/ports.ts'
import type { RunEvent, RunEvents } from '../ports.ts'
import { createEventLogs } from './event-logs.ts'
import type { EventLog } from './event-logs.ts'
import { entryWriter } from './stream-entries.ts'
import type { Entry } from './stream-entries.ts'
import { streamFollower } from './stream-follower.ts'

export interface RedisEvents extends RunEvents {
  health(): Promise<void>
  /** Resolves once Redis has what was said, or does not answer. */
  close(): Promise<void>
}
interface Settings {
  readonly log: Logger
  readonly prefix: string
  readonly keepMs: number
  readonly keepBytes: number
  /** Milliseconds after which a stream is gone that nobody has ended: more than a run may take. */
  readonly lifeMs: number
}
const asError = (error: unknown): Error => error as Error
/** Of a run of this process, how much Redis has. */
interface Own { readonly log: EventLog; sent: number; endSent: boolean }

/** Events of one entry, and roughly of one call, while which Redis does nothing else. */
const PER_ENTRY = 256
const PER_CALL = 5_000
/** Milliseconds: until the next try, and between two calls. Of many runs some speak at any moment, and a call for many costs little more than for one. */
const RETRY = 250
const pauseAfter = (runs: number): number => Math.min(20, runs)

export const redisStreams = (server: RedisServer, { log, prefix, keepMs, keepBytes, lifeMs }: Settings): RedisEvents => {
  const { client } = server
  const add = entryWriter(server)
  const owns = new Map<EventLog, Own>()
  /** Made anew each time some of it is taken: see `EventLog.waiting`. */
  let unsent = new Set<Own>()
  const nameOf = (runId: string): string => `${prefix}:run:${runId}`
  let writing: Promise<void> | undefined
  let closed = false
  let redisRun: string | undefined
  /** Whether this connection is to the Redis of `redisRun`. */
  let entered = false
  let said = ''

  const follower = streamFollower(server, {
    nameOf, wakeName: `${prefix}:run-readers:${randomUUID()}`,
    hear: (runId, from, events) => { logs.append(runId, events.slice(Math.max(0, (logs.find(runId)?.events.length ?? 0) - from)), false) },
    over: (runId) => { logs.end(runId) },
  })
  const logs = createEventLogs({
    keepMs, keepBytes,
    wanted: ({ runId }) => { follower.follow(runId) },
    unwanted: ({ runId }) => { follower.leave(runId) },
    forgotten: (one) => {
      const own = owns.get(one)
      owns.delete(one)
      if (own) unsent.delete(own)
    },
  })

  const complain = (error: Error): void => {
    const reason = reasonOf(error)
    if (reason !== said) log.warn(`${server.place} does not take the events of runs: ${reason}; other processes hear of them when it does`)
    said = reason
  }

  /** Sends what there is of these runs, or as much as one call takes. Throws where Redis did not take all of that. */
  const send = async (some: readonly Own[]): Promise<void> => {
    const entries: Entry[] = []
    const states: { readonly own: Own; readonly sent: number; readonly endSent: boolean }[] = []
    let left = PER_CALL
    for (const own of some) {
      const { log: { runId, events, ended } } = own
      const name = nameOf(runId)
      let { sent } = own
      while (sent < events.length && left > 0) {
        const next = events.slice(sent, sent + PER_ENTRY)
        entries.push({ name, id: `${sent + next.length}-0`, field: 'e', value: JSON.stringify(next), life: sent === 0 ? lifeMs : 0 })
        sent += next.length
        left -= next.length
      }
      const endSent = ended && sent === events.length
      if (endSent) entries.push({ name, id: `${sent}-1`, field: 'end', value: '1', life: Math.max(keepMs, 1) })
      states.push({ own, sent, endSent })
    }
    if (entries.length > 0) await add(entries)
    for (const { own, ...state } of states) Object.assign(own, state)
  }
  /** Which Redis this is. One that was started again may have lost what it had: it gets all of it once more. */
  const enter = async (): Promise<void> => {
    const run = /^run_id:(\w+)/m.exec(await client.info('server'))?.[1]
    if (redisRun !== undefined && run !== redisRun) {
      for (const own of owns.values()) {
        own.sent = 0
        own.endSent = false
        unsent.add(own)
      }
    }
    redisRun = run
    entered = true
  }
  const sendAll = async (): Promise<void> => {
    do {
      // Before anything is sent: an end without its beginning would keep the beginning out.
      let problem = entered ? undefined : await enter().then(() => undefined, asError)
      const due = [...unsent]
      unsent = new Set()
      problem ??= await send(due).then(() => undefined, asError)
      if (problem) complain(problem)
      else said = ''
      if (problem && closed) break
      // What was too much for one call, or was said meanwhile. Those that were forgotten meanwhile are of no more interest.
      for (const own of due) if (owns.has(own.log) && (own.sent < own.log.events.length || own.log.ended && !own.endSent)) unsent.add(own)
      if (!closed) await sleep(problem ? RETRY : pauseAfter(due.length), undefined, { ref: false })
    } while (unsent.size > 0 || (!entered && client.status === 'ready'))
    // At once: who tells something from now on starts anew.
    writing = undefined
  }
  const start = (): void => { writing ??= sendAll() }
  const tell = (own: Own): void => {
    unsent.add(own)
    start()
  }
  client.on('close', () => { entered = false })
  client.on('ready', start)
  if (client.status === 'ready') start()

  const ownOf = (runId: string, events: readonly RunEvent[]): Own => {
    const one = logs.append(runId, events)
    const known = owns.get(one)
    if (known) return known
    follower.leave(runId)
    const own: Own = { log: one, sent: 0, endSent: false }
    owns.set(one, own)
    return own
  }

  return {
    append: async (runId, events) => {
      const own = ownOf(runId, events)
      if (!own.log.ended && events.length > 0) tell(own)
    },
    end: async (runId) => {
      const known = logs.find(runId)
      if (known?.own) {
        if (!known.ended) tell(ownOf(logs.end(runId).runId, []))
        return
      }
      // Of a process that died. Who follows it here hears of it by Redis, or, where that is away, now.
      try {
        const name = nameOf(runId)
        for (const [error] of await client.pipeline().xadd(name, '*', 'end', '1').pexpire(name, Math.max(keepMs, 1)).exec() ?? []) if (error) throw error
      } catch (error) {
        complain(error as Error)
        if (known) logs.end(runId)
      }
    },
    read: logs.read,
    health: () => server.health(),
    close: async () => {
      closed = true
      await writing
      follower.close()
      logs.close()
      server.close()
    },
  }
}
