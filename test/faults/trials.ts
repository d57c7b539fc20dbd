/** Jobs under faults: a deployment of one of the queues, and many schedules on it. */
import { check } from './checker.ts'
import type { Violation } from './checker.ts'
import { createHistory } from './history.ts'
import type { Event } from './history.ts'
import type { Operation } from './plugin.ts'
import { count, series } from './series.ts'
import type { Course, Load, SeriesOptions } from './series.ts'
import { tables, tryOut } from './trial.ts'
import type { Trial } from './trial.ts'

export type QueueKind = 'bull' | 'embedded' | 'naive'
export interface TrialsOptions extends SeriesOptions<Trial> {
  readonly queue: QueueKind
  readonly web?: number
  readonly worker?: number
  readonly scheduler?: number
}
export interface Summary extends Course {
  /** By outcome. */
  readonly operations: Readonly<Record<string, number>>
  readonly effects: number
  readonly failedForGood: number
}

/** Short leases, so that what a fault leaves behind is taken up while one waits. */
const queues = {
  bull: { bull: { lease: 2_000, poll: 500 } },
  embedded: { embedded: { lease: 2_000, poll: 200 } },
  naive: { naive: { redis: '${REDIS_URL}' } },
} as const satisfies Record<QueueKind, object>

export const trials = async ({ queue, web = 2, worker = 2, scheduler = 1, ...options }: TrialsOptions): Promise<{ summary: Summary; violations: readonly Violation[] }> => {
  const history = createHistory<Operation>()
  const seen = { operations: {} as Record<string, number>, effects: 0, failedForGood: 0 }
  const all: Event<Operation>[] = []
  const failed: Trial['failed'][number][] = []
  const load: Load<Trial> = {
    history, size: { web, worker, scheduler }, withRedis: queue !== 'embedded',
    config: (built) => ({
      plugins: { [built.file('plugin')]: {}, ...queue === 'naive' ? { [built.file('naive-queue')]: {} } : {}, bootstrap: null },
      adapters: { queue: queues[queue], ...queue === 'embedded' ? { cache: { none: {} } } : {} }, server: { drainMs: 3_000 },
    }),
    tryOut: async (schedule, deployment) => {
      const trial = await tryOut(schedule, deployment, history, queue === 'naive' ? 15_000 : undefined)
      all.push(...trial.events)
      failed.push(...trial.failed)
      seen.effects += trial.effects.length
      seen.failedForGood += trial.failed.length
      for (const event of trial.events) if (event.type === 'answered') count(seen.operations, event.outcome)
      return trial
    },
    // What was done twice, or undone, after its schedule had been looked at.
    lookBack: async ({ database }) => check({ events: all, failed, ...await tables(database) }),
  }
  const { course, violations } = await series(load, options)
  return { summary: { ...course, ...seen }, violations: violations as readonly Violation[] }
}
