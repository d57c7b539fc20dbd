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
import { streamFollower } from './stream-follower.ts'

export interface RedisEvents extends RunEvents {
  health(): Promise<void>
  close(): void
}
interface Settings {
  readonly log: Logger
  readonly prefix: string
  readonly keepMs: number
  readonly keepBytes: number
  /** Milliseconds after which a stream is gone that nobody has ended: more than a run may take. */
  readonly lifeMs: number
}
/** Of a run of this process, how much Redis has. */
interface Own { readonly log: EventLog; sent: number; endSent: boolean }

/** Events of one entry, and runs of one pipeline. */
const PER_ENTRY = 256
const PER_PIPELINE = 500
/** Milliseconds. */
const RETRY = 250

export const redisStreams = (server: RedisServer, { log, prefix, keepMs, keepBytes, lifeMs }: Settings): RedisEvents => {
  const { client } = server
  const owns = new Map<EventLog, Own>()
  /** Made anew each time some of it is taken: see `EventLog.waiting`. */
  let unsent = new Set<Own>()
  const nameOf = (runId: string): string => `${prefix}:run:${runId}`
  let writing = false
  let closed = false
  let redisRun: string | undefined
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

  /** Sends what there is of these runs. Throws where Redis did not take all of it. */
  const send = async (some: readonly Own[]): Promise<void> => {
    const pipeline = client.pipeline()
    const states = some.map((own) => {
      const { log: { runId, events, ended }, sent } = own
      const name = nameOf(runId)
      for (let from = sent; from < events.length; from += PER_ENTRY) {
        const entry = events.slice(from, from + PER_ENTRY)
        pipeline.xadd(name, `${from + entry.length}-0`, 'e', JSON.stringify(entry))
      }
      if (sent === 0) pipeline.pexpire(name, lifeMs)
      if (ended) pipeline.xadd(name, `${events.length}-1`, 'end', '1').pexpire(name, Math.max(keepMs, 1))
      return { own, sent: events.length, ended }
    })
    for (const [error] of await pipeline.exec() ?? []) if (error && !/equal or smaller/.test(error.message)) throw error
    for (const { own, sent, ended } of states) Object.assign(own, { sent, endSent: ended })
  }
  const write = async (): Promise<void> => {
    if (writing) return
    writing = true
    while (unsent.size > 0 && !closed) {
      const all = [...unsent]
      const some = all.slice(0, PER_PIPELINE)
      unsent = new Set(all.slice(PER_PIPELINE))
      try {
        await send(some)
        said = ''
      } catch (error) {
        complain(error as Error)
        // Those that were forgotten meanwhile are of no more interest.
        for (const own of some) if (owns.has(own.log)) unsent.add(own)
        await sleep(RETRY, undefined, { ref: false })
      }
    }
    writing = false
  }
  const tell = (own: Own): void => {
    unsent.add(own)
    void write()
  }

  /** A Redis that was started again may have lost what it had: it gets all of it once more. */
  const enter = async (): Promise<void> => {
    const run = /^run_id:(\w+)/m.exec(await client.info('server'))?.[1]
    if (redisRun !== undefined && run !== redisRun) {
      for (const own of owns.values()) {
        own.sent = 0
        own.endSent = false
        tell(own)
      }
    }
    redisRun = run
  }
  const entered = (): void => { enter().catch(complain) }
  client.on('ready', entered)
  if (client.status === 'ready') entered()

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
    close: () => {
      closed = true
      follower.close()
      logs.close()
      server.close()
    },
  }
}
