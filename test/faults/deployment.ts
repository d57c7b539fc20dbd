/** Services and a fleet on them: what faults are tried on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { scratch as createScratch } from '../support/scratch.ts'
import { postgres as createPostgres, redis as createRedis } from '../support/services.ts'
import type { RedisService, Service } from '../support/services.ts'
import type { Build } from './build.ts'
import { createFleet } from './fleet.ts'
import type { Fleet, FleetOptions } from './fleet.ts'
import type { History } from './history.ts'
import type { Fault, Family, Schedule } from './schedule.ts'

export interface Deployment {
  readonly fleet: Fleet
  /** Of the database server; empty where the database is embedded. */
  readonly database: string
  /** Where the processes keep their files: `data` in it. */
  readonly folder: string
  readonly redis: RedisService | undefined
  readonly families: readonly Family[]
  /** Does one fault, from its begin to its end. */
  inflict(fault: Fault): Promise<void>
  /** Everything runs, with the right time. Returns what does not come back. */
  heal(patience?: number): Promise<readonly string[]>
  dispose(): Promise<void>
}
export interface DeploymentOptions {
  readonly build: Build
  readonly size: FleetOptions['size']
  readonly config: object
  /** False: the one process has its database embedded. True unless given. */
  readonly withPostgres?: boolean
  readonly withRedis: boolean
  readonly history: History
}

export const deploy = async ({ build, size, config, withPostgres = true, withRedis, history }: DeploymentOptions): Promise<Deployment> => {
  const scratch = await createScratch()
  try {
    const postgres = withPostgres ? await createPostgres(scratch) : undefined
    const redis = withRedis ? await createRedis(scratch) : undefined
    await Promise.all([postgres?.start(), redis?.start()])
    const env = { ...(postgres ? { DATABASE_URL: postgres.url } : {}), ...(redis ? { REDIS_URL: redis.url } : {}), LOG_LEVEL: 'info' }
    const fleet = await createFleet({ scratch, program: build.program, size, env, config, history })
    await fleet.start()
    const dispose = async (): Promise<void> => {
      await fleet.stop()
      await scratch.dispose()
    }
    const families: Family[] = ['process', ...postgres ? ['postgres' as const] : [], ...redis ? ['redis' as const] : [], 'clock']
    return { fleet, database: postgres?.url ?? '', folder: scratch.folder, redis, families, dispose, ...disturbances(fleet, postgres, redis) }
  } catch (error) {
    await scratch.dispose()
    throw error
  }
}

const disturbances = (fleet: Fleet, postgres: Service | undefined, redis: RedisService | undefined): Pick<Deployment, 'inflict' | 'heal'> => {
  // What is done to a service is done one after another: a service that is away cannot be flushed.
  const turns = new Map<string, Promise<unknown>>()
  const inTurn = (target: string, work: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(target) ?? Promise.resolve()).then(work)
    turns.set(target, turn.catch(() => undefined))
    return turn
  }
  const away = async (service: Service, kind: 'kill' | 'restart', ms: number): Promise<void> => {
    await (kind === 'kill' ? service.kill() : service.stop())
    await sleep(ms)
    await service.start()
  }
  const toService = async (service: Service, { kind, ms }: Fault): Promise<void> => {
    if (kind === 'kill' || kind === 'restart') return away(service, kind, ms)
    if (kind === 'pause') {
      service.pause()
      await sleep(ms)
      service.resume()
    }
    if (kind === 'flush') await redis?.flush()
    if (kind === 'restore') {
      await redis?.snapshot()
      await sleep(ms)
      await redis?.restore()
    }
  }
  const toProcess = async ({ kind, target, ms }: Fault): Promise<void> => {
    const member = fleet.members.find(({ name }) => name === target)
    if (!member) throw new Error(`there is no process ${target}`)
    if (kind === 'kill') member.kill()
    if (kind === 'term') member.term()
    if (kind === 'shift') member.shift(ms)
    if (kind === 'pause') {
      member.pause()
      await sleep(ms)
      member.resume()
    }
  }
  return {
    inflict: (fault) => {
      const service = fault.family === 'postgres' ? postgres : fault.family === 'redis' ? redis : undefined
      return service ? inTurn(fault.family, () => toService(service, fault)) : toProcess(fault)
    },
    heal: async (patience = 30_000) => {
      await Promise.all(turns.values())
      for (const service of [postgres, redis]) {
        service?.resume()
        await service?.start()
      }
      for (const member of fleet.members) {
        member.resume()
        member.shift(0)
      }
      let problems: (string | undefined)[] = []
      for (const last = performance.now() + patience; performance.now() < last;) {
        problems = await Promise.all(fleet.members.map((member) => member.problem()))
        if (problems.every((one) => one === undefined)) break
        await sleep(50)
      }
      return problems.filter((one) => one !== undefined)
    },
  }
}

/** Does the faults of a schedule at their times, and resolves when all have ended. */
export const play = async (schedule: Schedule, deployment: Deployment, history: History): Promise<void> => {
  const start = performance.now()
  await Promise.all(schedule.faults.map(async (fault) => {
    await sleep(Math.max(0, start + fault.at - performance.now()))
    history.add({ type: 'fault', fault })
    // A fault that cannot be done, such as a flush of a server that is stopped at that moment, is one that was not done.
    await deployment.inflict(fault).catch((error: unknown) => { history.add({ type: 'fault', fault, failed: String(error) }) })
  }))
}
