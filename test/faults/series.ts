/** Many schedules on one deployment, one after another, with whatever load. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from './build.ts'
import type { Build } from './build.ts'
import type { Violation } from './checker.ts'
import { deploy } from './deployment.ts'
import type { Deployment, DeploymentOptions } from './deployment.ts'
import { writeHistory } from './history.ts'
import type { Event, History } from './history.ts'
import { makeSchedule } from './schedule.ts'
import type { Family, Schedule } from './schedule.ts'

export interface Tried { readonly events: readonly Event[]; readonly violations: readonly Violation<string>[] }
export interface Load<T extends Tried> {
  readonly history: History
  readonly size: DeploymentOptions['size']
  readonly withPostgres?: boolean
  readonly withRedis: boolean
  /** Milliseconds of one schedule. */
  readonly length?: number
  /** As in a configuration file. */
  config(built: Build): object
  tryOut(schedule: Schedule, deployment: Deployment): Promise<T>
  /** A last look at all schedules together. */
  lookBack(deployment: Deployment): Promise<readonly Violation<string>[]>
}
export interface SeriesOptions<T extends Tried> {
  readonly seeds: readonly number[]
  /** One is made unless given. */
  readonly build?: Build
  /** Where histories go: one file a schedule, and what processes wrote, where something is wrong. */
  readonly folder?: string
  /** Which kinds of fault; all that there can be unless given. */
  readonly families?: readonly Family[]
  /** Goes no further than the first schedule in which something is wrong. */
  readonly untilWrong?: boolean
  /** Where something is wrong, everything is left running, to look at; it takes an interrupt to end it. */
  readonly hold?: boolean
  /** Is told of each schedule as it ends. */
  tell?(schedule: Schedule, tried: T, seconds: number): void
}
export interface Course {
  readonly schedules: number
  /** By family and kind. */
  readonly faults: Readonly<Record<string, number>>
  /** By law. */
  readonly violations: Readonly<Record<string, number>>
  readonly seconds: number
}

export const count = (into: Record<string, number>, what: string, by = 1): void => { into[what] = (into[what] ?? 0) + by }

export const series = async <T extends Tried>(load: Load<T>, { seeds, build: given, families, folder, untilWrong = false, hold = false, tell }: SeriesOptions<T>): Promise<{ course: Course; violations: readonly Violation<string>[] }> => {
  const begin = performance.now()
  const built = given ?? await build()
  let deployment: Deployment | undefined
  try {
    deployment = await deploy({ build: built, size: load.size, withPostgres: load.withPostgres ?? true, withRedis: load.withRedis, history: load.history, config: load.config(built) })
    if (folder !== undefined) await mkdir(folder, { recursive: true })
    const ground = { processes: deployment.fleet.members.map(({ name }) => name), families: families ?? deployment.families, ...load.length === undefined ? {} : { length: load.length } }
    const course = { schedules: 0, faults: {} as Record<string, number>, violations: {} as Record<string, number>, seconds: 0 }
    const violations: Violation<string>[] = []
    const blame = async (found: readonly Violation<string>[], name: string): Promise<void> => {
      for (const { law } of found) count(course.violations, law)
      violations.push(...found)
      if (folder === undefined || found.length === 0) return
      await writeFile(join(folder, `${name}.violations`), found.map(({ law, message }) => `${law}: ${message}\n`).join(''))
      for (const member of deployment?.fleet.members ?? []) await writeFile(join(folder, `${name}-${member.name}.log`), member.output())
    }
    for (const seed of seeds) {
      const start = performance.now()
      const schedule = makeSchedule(seed, ground)
      const tried = await load.tryOut(schedule, deployment)
      course.schedules += 1
      for (const event of tried.events) if (event.type === 'fault' && event.failed === undefined) count(course.faults, `${event.fault.family} ${event.fault.kind}`)
      if (folder !== undefined) await writeHistory(join(folder, `${seed}.jsonl`), tried.events)
      await blame(tried.violations, String(seed))
      tell?.(schedule, tried, (performance.now() - start) / 1000)
      if (hold && tried.violations.length > 0) {
        console.log(`held: ${deployment.database} ${deployment.redis?.url ?? ''} ${deployment.fleet.members.map(({ name, url }) => `${name} ${url}`).join(' ')}`)
        await new Promise(() => undefined)
      }
      if (untilWrong && tried.violations.length > 0) break
    }
    const known = new Set(violations.map(({ message }) => message))
    await blame((await load.lookBack(deployment)).filter(({ message }) => !known.has(message)), 'whole')
    course.seconds = Math.round((performance.now() - begin) / 1000)
    return { course, violations }
  } finally {
    await deployment?.dispose()
    if (!given) await built.dispose()
  }
}
