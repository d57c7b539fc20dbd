/**
 * The runs of this process. A run is a row and a promise: the row says that it goes on and who wants it to end, and whoever ends it does so
 * by that row, in the transaction of what is to be left of it. A process that stood still for longer than its lease finds the row taken.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { database, errors, logger, serverConfig, service, signal } from '../../../core/index.ts'
import { runsConfig } from '../config.ts'
import { runErrors } from '../errors.ts'
import { runEvents, runKind, RunStopped } from '../ports.ts'
import type { NewRun, RunCall, RunEvent, RunRef, Runs } from '../ports.ts'
import { createLiveRun, outcomeOf } from './live-run.ts'
import type { LiveRun } from './live-run.ts'
import { runTable } from './run-table.ts'
import { units } from './units.ts'

export interface Runner extends Pick<Runs, 'start' | 'stop'> {
  /** The run, where it is one of this process and of that app. */
  find(ref: RunRef): LiveRun | undefined
  ids(): readonly string[]
  /** Begins to hear who wants runs to end. */
  listen(): Promise<void>
  /** Starts no more, lets those that run end for as long as a stop may take, and stops the rest. */
  drain(): Promise<void>
}

const CHANNEL = 'runs.stop'
/** Milliseconds for which a run whose process stops may write down how far it came. */
const LAST_WORDS = 5_000
/** A run belongs neither to the request nor to the transaction in which it was asked for. */
const outside = AsyncLocalStorage.snapshot()

const isUuid = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
const isSame = (a: RunRef, b: RunRef): boolean => a.workspaceId === b.workspaceId && a.appId === b.appId

export const runner = service('runs.runner', {
  uses: { db: database, table: runTable, events: runEvents, kinds: runKind, units, signal, config: runsConfig, server: serverConfig, log: logger },
  create: ({ db, table, events, kinds, units, signal, config, server, log }): Runner => {
    const lives = new Map<string, LiveRun>()
    let stopping = false
    let idle: (() => void) | undefined
    let beating: NodeJS.Timeout | undefined
    let beat: Promise<void> | undefined
    let unsubscribe: (() => Promise<void>) | undefined
    let said: string | undefined

    /** Where nothing came to an end, its kind does what is left to do. Where even that is not possible now, a sweep will find the row. */
    const settle = async ({ ref, run }: LiveRun, outcome: 'failed' | 'stopped'): Promise<void> => {
      try {
        await db.transaction(async () => {
          if (await table.end(ref, outcome)) await kinds.get(run.kind)?.lost({ ...ref, subjectId: run.subjectId }, outcome)
        })
      } catch (error) { log.error({ err: error, run: ref.id }, 'a run could not be ended; it will be when its lease is over') }
    }
    const close = (live: LiveRun): Promise<void> => live.closing ??= (async () => {
      await live.hush()
      if (!live.finished) await settle(live, outcomeOf(live))
      try { await events.end(live.ref.id) } catch (error) { log.error({ err: error, run: live.ref.id }, 'the end of a run could not be told') }
      lives.delete(live.ref.id)
      if (lives.size === 0) idle?.()
    })()

    const giveSign = async (): Promise<void> => {
      const ids = [...lives.keys()]
      if (ids.length === 0) return
      try {
        const rows = new Map((await table.beat(ids)).map((row) => [row.id, row]))
        for (const id of ids) {
          const [live, row] = [lives.get(id), rows.get(id)]
          if (!live || live.finished || live.finishing > 0) continue
          if (row?.stoppedBy) live.stop(new RunStopped(row.stoppedBy))
          if (row) continue
          // Given up by another process, or deleted with its app: what is there now is not ours.
          live.finished = true
          live.stop(new RunStopped('server'))
          void close(live)
        }
        said = undefined
      } catch (error) {
        const { message } = error as Error
        if (message !== said) log.error(`the runs of this process could not give a sign of life; it is tried again: ${message}`)
        said = message
      }
    }

    const perform = async (live: LiveRun, work: (call: RunCall) => Promise<void>): Promise<void> => {
      const { ref } = live
      const late = setTimeout(() => { live.stop(new RunStopped('limit')) }, config.seconds * 1_000).unref()
      const call: RunCall = {
        ...ref, signal: live.signal,
        emit: (...some: RunEvent[]) => { live.emit(some) },
        finish: async (outcome, write) => {
          live.finishing += 1
          try {
            return await db.transaction(async () => {
              if (!await table.end(ref, outcome)) return undefined
              const result = await write()
              db.afterCommit(() => { live.finished = true })
              return result
            })
          } finally { live.finishing -= 1 }
        },
      }
      try { await work(call) } catch (error) {
        if (error === live.signal.reason) log.debug({ run: ref.id }, 'a run ended because it was stopped')
        else log.error({ err: error, run: ref.id }, 'a run failed')
      }
      clearTimeout(late)
      await close(live)
    }
    /** One that does not hear that it should end is left to itself: its row and its events end without it. */
    const stopped = (live: LiveRun): void => { setTimeout(() => { void close(live) }, config.leaseMs).unref() }

    const takeSlot = async (run: NewRun): Promise<void> => {
      const limits = [run.limit, config.perApp].filter((limit) => limit > 0)
      if (limits.length === 0) return
      await table.lockApp(run.appId)
      if (await table.active(run, config.leaseMs) >= Math.min(...limits)) throw runErrors.tooManyRuns()
    }

    return {
      start: async (run, prepare, work) => {
        if (stopping) throw errors.unavailable()
        const ref: RunRef = Object.freeze({ workspaceId: run.workspaceId, appId: run.appId, id: randomUUID() })
        const unit = await units.reserve(run.workspaceId)
        try {
          await db.transaction(async () => {
            await takeSlot(run)
            await table.insert(ref, run)
            await prepare(ref)
            db.afterCommit(() => {
              const live = createLiveRun(ref, run, { events, log, eventBytes: config.eventBytes, stopped })
              lives.set(ref.id, live)
              outside(() => { void perform(live, work) })
            })
          })
        } catch (error) {
          await units.release(unit)
          throw error
        }
        void units.commit(unit)
        return ref
      },
      stop: async (ref, startedBy, by = 'user') => {
        if (!isUuid(ref.id)) return
        const id = ref.id.toLowerCase()
        const live = lives.get(id)
        const mine = live !== undefined && isSame(live.ref, ref) && live.run.startedBy === startedBy
        if (mine) live.stop(new RunStopped(by))
        if (await table.askToStop(ref, startedBy, by) && !mine) await signal.publish(CHANNEL, { id, by })
      },
      find: (ref) => {
        const live = lives.get(ref.id)
        return live && isSame(live.ref, ref) ? live : undefined
      },
      ids: () => [...lives.keys()],
      listen: async () => {
        // Whoever publishes has found the row, and asks for what that row is about.
        unsubscribe ??= await signal.subscribe(CHANNEL, (message) => {
          const { id, by } = message as { readonly id: string; readonly by: 'user' | 'client' }
          lives.get(id)?.stop(new RunStopped(by))
        })
        // One at a time: a database that stands still must not be asked on ever more connections.
        beating ??= setInterval(() => { beat ??= giveSign().finally(() => { beat = undefined }) }, config.beatMs).unref()
      },
      drain: async () => {
        stopping = true
        const within = (ms: number): Promise<void> => lives.size === 0 ? Promise.resolve() : Promise.race([
          new Promise<void>((done) => { idle = done }), sleep(ms, undefined, { ref: false }),
        ])
        await within(server.drainMs)
        for (const live of lives.values()) live.stop(new RunStopped('server'))
        await within(LAST_WORDS)
        await Promise.all([...lives.values()].map(close))
        clearInterval(beating)
        await beat
        await unsubscribe?.()
      },
    }
  },
})
