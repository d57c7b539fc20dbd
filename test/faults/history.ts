/** What happened, in its order: what clients asked and were told, which faults there were, and how processes fared. */
import { writeFile } from 'node:fs/promises'
import type { Fault } from './schedule.ts'

/** `refused`: surely not done. `unknown`: the connection died, or the server failed on the way; it may have been done or not. */
export type Outcome = 'ok' | 'refused' | 'unknown'
export type Happening<O = unknown, A = unknown> =
  /** `to`: a process, by its name or its address. */
  | { readonly type: 'invoked'; readonly id: string; readonly operation: O; readonly to: string }
  | { readonly type: 'answered'; readonly id: string; readonly outcome: Outcome; readonly detail: string; readonly answer?: A }
  | { readonly type: 'fault'; readonly fault: Fault; readonly failed?: string }
  | { readonly type: 'started'; readonly process: string }
  /** `told` says what this harness did to it, where it did anything; `words` are its last. */
  | { readonly type: 'ended'; readonly process: string; readonly code: number | null; readonly signal: string | null; readonly told: 'kill' | 'term' | undefined; readonly words?: string }
  /** After all was healed: what does not serve, and what did not come to rest. */
  | { readonly type: 'healed'; readonly problems: readonly string[] }
/** `at`: milliseconds of this harness' clock, which nobody moves. */
export type Event<O = unknown, A = unknown> = Happening<O, A> & { readonly at: number }

export interface History<O = unknown, A = unknown> {
  readonly events: readonly Event<O, A>[]
  add(what: Happening<O, A>): void
  /** Begins anew; returns what there was. */
  cut(): readonly Event<O, A>[]
}

export const createHistory = <O, A = unknown>(): History<O, A> => {
  let events: Event<O, A>[] = []
  return {
    get events() { return events },
    add: (what) => { events.push({ at: Math.round(performance.now() * 10) / 10, ...what }) },
    cut: () => {
      const all = events
      events = []
      return all
    },
  }
}

/** What one client asked of one process. */
export interface Step<O, A> {
  readonly id: string
  readonly operation: O
  readonly to: string
  readonly start: number
  /** Infinity where there was no answer. */
  end: number
  outcome: Outcome
  answer: A | undefined
}
export const stepsOf = <O, A>(events: readonly Event<O, A>[]): Map<string, Step<O, A>> => {
  const steps = new Map<string, Step<O, A>>()
  for (const event of events) {
    if (event.type === 'invoked') steps.set(event.id, { id: event.id, operation: event.operation, to: event.to, start: event.at, end: Infinity, outcome: 'unknown', answer: undefined })
    const step = event.type === 'answered' ? steps.get(event.id) : undefined
    if (event.type === 'answered' && step) Object.assign(step, { end: event.outcome === 'unknown' ? Infinity : event.at, outcome: event.outcome, answer: event.answer })
  }
  return steps
}
/** Of steps of several kinds, those of one. */
export const doing = <Do extends string>(what: Do) =>
  <O extends { readonly do: string }, A>(step: Step<O, A>): step is Step<Extract<O, { readonly do: Do }>, A> => step.operation.do === what

export const writeHistory = (file: string, events: readonly Event[]): Promise<void> =>
  writeFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
