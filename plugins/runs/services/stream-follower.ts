/** Follows the streams of runs elsewhere: one connection waits for all of them, however many readers there are. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { RedisServer } from '../../platform/ports.ts'
import type { RunEvent } from '../ports.ts'

export interface StreamFollower {
  follow(runId: string): void
  leave(runId: string): void
  close(): void
}
interface Ears {
  nameOf(runId: string): string
  /** A stream of this process alone: an entry there ends the wait, so that what is followed can change. */
  readonly wakeName: string
  /** @param from how many events of the run came before these */
  hear(runId: string, from: number, events: readonly RunEvent[]): void
  over(runId: string): void
}

/** Milliseconds: of one wait, beyond it until it counts as unanswered, and until the next try. */
const WAIT = 1_000
const SLACK = 4_000
const RETRY = 250
/** Of many streams one has something new at any moment: then a moment is let pass, so that one answer brings the news of several. */
const pauseFor = (streams: number): number => streams <= 16 ? 0 : Math.min(20, streams / 20)
/** Entries of a stream that one answer brings. */
const COUNT = 100

export const streamFollower = (server: RedisServer, { nameOf, wakeName, hear, over }: Ears): StreamFollower => {
  /** By name: the run, and the last entry that was heard. */
  const followed = new Map<string, { readonly runId: string; last: string }>()
  let connection: Redis | undefined
  let wakeLast = '0-0'
  let following = false
  let closed = false

  const take = (name: string, entries: readonly [id: string, fields: string[]][]): void => {
    for (const [id, fields] of entries) {
      const one = followed.get(name)
      if (!one) return
      one.last = id
      if (fields[0] === 'end') over(one.runId)
      else {
        const events = JSON.parse(fields[1] ?? '[]') as RunEvent[]
        hear(one.runId, Number(id.split('-')[0]) - events.length, events)
      }
    }
  }
  const ask = async (): Promise<void> => {
    connection ??= server.connect({ commandTimeout: WAIT + SLACK })
    const all = [...followed]
    const answer = await connection.xread(
      'COUNT', COUNT, 'BLOCK', WAIT, 'STREAMS', wakeName, ...all.map(([name]) => name), wakeLast, ...all.map(([, { last }]) => last))
    for (const [name, entries] of answer ?? []) {
      if (name === wakeName) wakeLast = entries.at(-1)?.[0] ?? wakeLast
      else take(name, entries)
    }
    const pause = pauseFor(all.length)
    if (pause > 0) await sleep(pause)
  }
  const followAll = async (): Promise<void> => {
    if (following) return
    following = true
    // Redis that is away is told of by the connection that writes; the runs that are over meanwhile, by the table.
    while (followed.size > 0 && !closed) await ask().catch(() => sleep(RETRY, undefined, { ref: false }))
    following = false
  }

  return {
    follow: (runId) => {
      followed.set(nameOf(runId), { runId, last: '0-0' })
      void followAll()
      server.client.pipeline().xadd(wakeName, 'MAXLEN', 1, '*', 'w', '1').pexpire(wakeName, 60_000).exec().catch(() => undefined)
    },
    leave: (runId) => { followed.delete(nameOf(runId)) },
    close: () => { closed = true },
  }
}
