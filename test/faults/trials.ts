/** A deployment of one of the queues, and many schedules on it, one after another. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from './build.ts'
import { check } from './checker.ts'
import type { Violation } from './checker.ts'
import { deploy } from './deployment.ts'
import type { Deployment } from './deployment.ts'
import { createHistory, writeHistory } from './history.ts'
import type { Event } from './history.ts'
import type { Operation } from './plugin.ts'
import { makeSchedule } from './schedule.ts'
import type { Family, Schedule } from './schedule.ts'
import { tables, tryOut } from './trial.ts'
import type { Trial } from './trial.ts'

export type QueueKind = 'bull' | 'embedded' | 'naive'
export interface TrialsOptions {
  readonly queue: QueueKind
  readonly seeds: readonly number[]
  readonly web?: number
  readonly worker?: number
  readonly scheduler?: number
  /** Where histories go: one file a schedule, and what processes wrote, where something is wrong. */
  readonly folder?: string
  /** Which kinds of fault; all that there can be unless given. */
  readonly families?: readonly Family[]
  /** Where something is wrong, everything is left running, to look at; it takes an interrupt to end it. */
  readonly hold?: boolean
  /** Is told of each schedule as it ends. */
  tell?(schedule: Schedule, trial: Trial, seconds: number): void
}
export interface Summary {
  readonly schedules: number
  /** By outcome. */
  readonly operations: Readonly<Record<string, number>>
  readonly effects: number
  readonly failedForGood: number
  /** By family and kind. */
  readonly faults: Readonly<Record<string, number>>
  /** By law. */
  readonly violations: Readonly<Record<string, number>>
  readonly seconds: number
}

/** Short leases, so that what a fault leaves behind is taken up while one waits. */
const queues = {
  bull: { bull: { lease: 2_000, poll: 500 } },
  embedded: { embedded: { lease: 2_000, poll: 200 } },
  naive: { naive: { redis: '${REDIS_URL}' } },
} as const satisfies Record<QueueKind, object>

const count = (into: Record<string, number>, what: string, by = 1): void => { into[what] = (into[what] ?? 0) + by }

export const trials = async ({ queue, seeds, web = 2, worker = 2, scheduler = 1, families, folder, hold = false, tell }: TrialsOptions): Promise<{ summary: Summary; violations: readonly Violation[] }> => {
  const begin = performance.now()
  const history = createHistory<Operation>()
  const built = await build()
  let deployment: Deployment | undefined
  try {
    deployment = await deploy({
      build: built, size: { web, worker, scheduler }, withRedis: queue !== 'embedded', history,
      config: {
        plugins: { [built.file('plugin')]: {}, ...queue === 'naive' ? { [built.file('naive-queue')]: {} } : {}, bootstrap: null },
        adapters: { queue: queues[queue], ...queue === 'embedded' ? { cache: { none: {} } } : {} }, server: { drainMs: 3_000 },
      },
    })
    if (folder !== undefined) await mkdir(folder, { recursive: true })
    const ground = { processes: deployment.fleet.members.map(({ name }) => name), families: families ?? deployment.families }
    const summary = { schedules: 0, operations: {} as Record<string, number>, effects: 0, failedForGood: 0, faults: {} as Record<string, number>, violations: {} as Record<string, number>, seconds: 0 }
    const violations: Violation[] = []
    const all: Event<Operation>[] = []
    const failed: Trial['failed'][number][] = []
    const blame = async (found: readonly Violation[], name: string): Promise<void> => {
      for (const { law } of found) count(summary.violations, law)
      violations.push(...found)
      if (folder === undefined || found.length === 0) return
      await writeFile(join(folder, `${name}.violations`), found.map(({ law, message }) => `${law}: ${message}\n`).join(''))
      for (const member of deployment?.fleet.members ?? []) await writeFile(join(folder, `${name}-${member.name}.log`), member.output())
    }
    for (const seed of seeds) {
      const start = performance.now()
      const schedule = makeSchedule(seed, ground)
      const trial = await tryOut(schedule, deployment, history, queue === 'naive' ? 15_000 : undefined)
      all.push(...trial.events)
      failed.push(...trial.failed)
      summary.schedules += 1
      summary.effects += trial.effects.length
      summary.failedForGood += trial.failed.length
      for (const event of trial.events) {
        if (event.type === 'answered') count(summary.operations, event.outcome)
        if (event.type === 'fault' && event.failed === undefined) count(summary.faults, `${event.fault.family} ${event.fault.kind}`)
      }
      if (folder !== undefined) await writeHistory(join(folder, `${seed}.jsonl`), trial.events)
      await blame(trial.violations, String(seed))
      tell?.(schedule, trial, (performance.now() - start) / 1000)
      if (hold && trial.violations.length > 0) {
        console.log(`held: ${deployment.postgres.url} ${deployment.redis?.url ?? ''} ${deployment.fleet.members.map(({ name, url }) => `${name} ${url}`).join(' ')}`)
        await new Promise(() => undefined)
      }
    }
    // What was done twice, or undone, after its schedule had been looked at.
    const known = new Set(violations.map(({ message }) => message))
    await blame(check({ events: all, failed, ...await tables(deployment.postgres.url) }).filter(({ message }) => !known.has(message)), 'whole')
    summary.seconds = Math.round((performance.now() - begin) / 1000)
    return { summary, violations }
  } finally {
    await deployment?.dispose()
    await built.dispose()
  }
}
