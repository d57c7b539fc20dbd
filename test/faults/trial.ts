/** One schedule on a running deployment: load with faults, healing, rest, and a look at what is left. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { check } from './checker.ts'
import type { EffectRow, Evidence, OperationRow, Violation } from './checker.ts'
import { play } from './deployment.ts'
import type { Deployment } from './deployment.ts'
import type { Member } from './fleet.ts'
import type { History } from './history.ts'
import { load, quiesce } from './load.ts'
import type { Operation } from './plugin.ts'
import type { Schedule } from './schedule.ts'

export interface Trial extends Evidence { readonly violations: readonly Violation[] }

export const tryOut = async (schedule: Schedule, deployment: Deployment, history: History<Operation>, patience?: number): Promise<Trial> => {
  const { seed, length } = schedule
  await Promise.all([play(schedule, deployment, history), load({ seed, length, fleet: deployment.fleet, history })])
  const broken = await deployment.heal()
  const { failed, problem } = await quiesce((deployment.fleet.of('web')[0] as Member).url, patience)
  // What has just been ended has also been noted.
  await sleep(100)
  history.add({ type: 'healed', problems: problem === undefined ? broken : [...broken, problem] })
  const events = history.cut()
  const mine = (id: string): boolean => id.startsWith(`${seed}.`)
  const { ops, effects } = await tables(deployment.database)
  const evidence = {
    events, ops: ops.filter(({ id }) => mine(id)), effects: effects.filter(({ op }) => mine(op)), failed: failed.filter(({ op }) => mine(op)),
  }
  return { ...evidence, violations: check(evidence) }
}

/** All that was ever written, by all schedules. */
export const tables = async (url: string): Promise<Pick<Evidence, 'ops' | 'effects'>> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const ops = await client.query<OperationRow>('SELECT * FROM faults_ops')
    const effects = await client.query<EffectRow>('SELECT * FROM faults_effects')
    return { ops: ops.rows, effects: effects.rows }
  } finally { await client.end() }
}
