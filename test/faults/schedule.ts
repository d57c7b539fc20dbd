/** A list of faults with their times, made from a seed: the same seed gives the same list. */
import { random } from './random.ts'

export type Family = 'process' | 'postgres' | 'redis' | 'clock'
export interface Fault {
  /** Milliseconds after the begin. */
  readonly at: number
  readonly family: Family
  readonly kind: 'kill' | 'term' | 'pause' | 'restart' | 'flush' | 'restore' | 'shift'
  /** The process, or the service itself. */
  readonly target: string
  /** Milliseconds that it stands still, is away, or goes back by; or by which a clock is moved. */
  readonly ms: number
}
export interface Schedule {
  readonly seed: number
  /** Milliseconds. */
  readonly length: number
  readonly faults: readonly Fault[]
}
export interface Ground {
  /** The names of the processes. */
  readonly processes: readonly string[]
  /** Which kinds of fault there can be: no `redis` where there is none. */
  readonly families: readonly Family[]
  readonly length?: number
}

const HOUR = 3_600_000
const KINDS = {
  process: ['kill', 'kill', 'term', 'pause', 'pause'], postgres: ['kill', 'restart'], redis: ['kill', 'restart', 'flush', 'restore', 'pause'], clock: ['shift'],
} as const satisfies Record<Family, readonly Fault['kind'][]>

/** Two to four faults. Of any neighbouring seeds, as many as there are families bring one of each. */
export const makeSchedule = (seed: number, { processes, families, length = 3_000 }: Ground): Schedule => {
  const dice = random(seed)
  const first = families[seed % families.length] as Family
  const chosen = [first, ...Array.from({ length: dice.between(1, 3) }, () => dice.pick(families))]
  const faults = chosen.map((family): Fault => {
    const kind: Fault['kind'] = dice.pick<Fault['kind']>(KINDS[family])
    const longest = { kill: 1_000, term: 0, pause: 3_500, restart: 1_000, flush: 0, restore: 2_000, shift: 0 }[kind]
    return {
      at: dice.between(100, length * 0.8), family, kind, target: family === 'process' || family === 'clock' ? dice.pick(processes) : family,
      ms: kind === 'shift' ? dice.pick([-1, 1]) * dice.between(1, 48) * HOUR / 2 : longest === 0 ? 0 : dice.between(100, longest),
    }
  })
  return { seed, length, faults: faults.sort((a, b) => a.at - b.at) }
}

export const describeFault = ({ at, kind, target, ms }: Fault): string =>
  `${at} ${kind} ${target}${kind === 'shift' ? ` by ${ms / HOUR} h` : ms > 0 ? ` ${ms}` : ''}`
export const describeSchedule = ({ faults }: Schedule): string => faults.map(describeFault).join(', ')
