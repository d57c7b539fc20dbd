/**
 * What is left of processes that died, and readers here of runs elsewhere. Every process looks; whoever locks a row first ends it.
 */
import { database, logger, service } from '../../../core/index.ts'
import { runsConfig } from '../config.ts'
import { runEvents, runKind } from '../ports.ts'
import { runner } from './runner.ts'
import { runTable } from './run-table.ts'

export interface Sweeper {
  start(): void
  stop(): Promise<void>
  /** Ends what has lost its process. Never throws. */
  sweep(): Promise<void>
}

export const sweeper = service('runs.sweeper', {
  uses: { db: database, table: runTable, events: runEvents, kinds: runKind, runner, config: runsConfig, log: logger },
  create: ({ db, table, events, kinds, runner, config, log }): Sweeper => {
    // Nobody else can be at work on a database that is ours alone.
    const lease = { own: config.leaseMs, others: db.exclusive ? 0 : config.leaseMs }
    let timer: NodeJS.Timeout | undefined
    let sweeping: Promise<void> | undefined
    let said: string | undefined

    const end = async (id: string): Promise<void> => {
      try {
        const over = await db.transaction(async () => {
          const run = await table.endLost(id, lease)
          if (!run) return false
          const { kind, stoppedBy, ...about } = run
          await kinds.get(kind)?.lost(about, stoppedBy === null ? 'failed' : 'stopped')
          return true
        })
        if (!over) return
        log.warn({ run: id }, 'a run was ended whose process had died')
        await events.end(id)
      } catch (error) { log.error({ err: error, run: id }, 'a run whose process had died could not be ended; it is tried again') }
    }
    const sweepAll = async (): Promise<void> => {
      try {
        for (const id of await table.lost(runner.ids(), lease)) await end(id)
        said = undefined
      } catch (error) {
        const { message } = error as Error
        if (message !== said) log.warn(`runs whose process had died could not be looked for: ${message}`)
        said = message
      }
    }
    const sweep = (): Promise<void> => sweeping ??= sweepAll().finally(() => { sweeping = undefined })

    return {
      sweep,
      start: () => {
        void sweep()
        timer ??= setInterval(() => { void sweep() }, config.leaseMs / 3).unref()
      },
      stop: async () => {
        clearInterval(timer)
        await sweeping
      },
    }
  },
})
