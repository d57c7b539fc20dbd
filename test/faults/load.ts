/** Clients that work all the time, through whichever web process they happen on, and write down what they asked and what they were told. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './fleet.ts'
import type { History } from './history.ts'
import type { Operation, QueueState } from './plugin.ts'
import { random } from './random.ts'
import type { Random } from './random.ts'

export interface LoadOptions {
  readonly seed: number
  readonly fleet: Fleet
  readonly history: History<Operation>
  /** Milliseconds. */
  readonly length: number
  readonly clients?: number
}
/** Milliseconds after which a client gives up. */
const PATIENCE = 3_000
const GROUPS = ['a', 'b', 'c']

/** One operation, with what makes jobs hard: most are plain. */
const makeOperation = (op: string, dice: Random): Operation => {
  const key = dice.chance(0.1) ? `key ${dice.between(1, 3)}` : undefined
  return {
    op, group: dice.pick(GROUPS), priority: dice.pick([0, 0, 0, 1]),
    ...(key === undefined ? {} : { key }),
    ...(dice.chance(key === undefined ? 0.1 : 0.6) ? { delay: dice.between(100, 1_500) } : {}),
    ...(dice.chance(0.1) ? { rollBack: true } : {}),
    ...(dice.chance(0.15) ? { lingers: dice.between(20, 300) } : {}),
    ...(dice.chance(0.15) ? { takes: dice.pick([20, 50, 50, 100, 100, 500, 1_500, 2_500]) } : {}),
    ...(dice.chance(0.2) ? { deaf: true } : {}),
    ...(dice.chance(0.05) ? { fails: dice.chance(0.1) ? 2 : 1 } : {}),
    ...(dice.chance(0.03) ? { stumbles: true } : {}),
    ...(key === undefined && dice.chance(0.03) ? { doomed: true } : {}),
  }
}

export const load = async ({ seed, fleet, history, length, clients = 6 }: LoadOptions): Promise<void> => {
  const end = performance.now() + length
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    const dice = random(seed * 1_000 + client)
    for (let count = 1; performance.now() < end; count++) {
      await operate(makeOperation(`${seed}.${client}.${count}`, dice), dice.pick(fleet.of('web')).url, history)
      await sleep(dice.between(30, 150))
    }
  }))
}

export const operate = async (operation: Operation, url: string, history: Pick<History<Operation>, 'add'>): Promise<void> => {
  const id = operation.op
  history.add({ type: 'invoked', id, operation, to: url })
  try {
    const response = await fetch(`${url}/faults/ops`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(operation), signal: AbortSignal.timeout(PATIENCE),
    })
    const text = await response.text()
    const outcome = response.ok ? 'ok' : response.status === 409 && operation.rollBack ? 'refused' : 'unknown'
    history.add({ type: 'answered', id, outcome, detail: `${response.status}${outcome === 'unknown' ? ` ${text}` : ''}` })
  } catch (error) {
    history.add({ type: 'answered', id, outcome: 'unknown', detail: [error, (error as Error).cause].map((one) => one instanceof Error ? one.message : '').join(' ') })
  }
}

/** Waits until no job waits or runs. Returns the failed ones, and what is wrong where the queue does not come to rest. */
export const quiesce = async (url: string, patience = 60_000): Promise<{ readonly failed: QueueState['failed']; readonly problem?: string }> => {
  let problem = ''
  let failed: QueueState['failed'] = []
  for (const last = performance.now() + patience; performance.now() < last;) {
    try {
      const response = await fetch(`${url}/faults/queue`, { signal: AbortSignal.timeout(10_000) })
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
      const state = await response.json() as QueueState
      failed = state.failed
      if (state.waiting + state.active === 0) return { failed }
      problem = `${state.waiting} jobs wait and ${state.active} run`
    } catch (error) { problem = `the queue cannot be seen: ${String(error)}` }
    await sleep(100)
  }
  return { failed, problem: `the queue did not come to rest within ${patience / 1000} s: ${problem}` }
}
