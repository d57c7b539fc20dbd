/** Holds what happened against what must hold. Pure: what was seen goes in, sentences come out. */
import type { Event, Outcome } from './history.ts'
import type { Operation } from './plugin.ts'

export interface OperationRow { readonly id: string; readonly key: string | null; readonly due_at: Date; readonly covered_by: string | null }
export interface EffectRow { readonly op: string; readonly job: string; readonly attempt: number; readonly process: string; readonly at: Date }
export interface Evidence {
  readonly events: readonly Event<Operation>[]
  readonly ops: readonly OperationRow[]
  readonly effects: readonly EffectRow[]
  readonly failed: readonly { readonly op: string; readonly error: string }[]
}
export type Law = 'kept' | 'phantom' | 'lost' | 'doubled' | 'key' | 'early' | 'given up' | 'crash' | 'healed'
export interface Violation<L extends string = Law> { readonly law: L; readonly message: string }

interface Story { readonly operation: Operation; readonly invoked: number; outcome: Outcome; answered: number }
type Check = (evidence: Evidence, stories: ReadonlyMap<string, Story>) => Violation[]

/** Everything that is wrong with jobs or with the processes that did them. */
export const check = (evidence: Evidence): Violation[] => {
  const stories = storiesOf(evidence.events)
  return [...checkFleet(evidence.events), ...[kept, phantoms, lost, doubled, keys, early, givenUp].flatMap((law) => law(evidence, stories))]
}

/** No process ended but by what was done to it, one that was told to stop did so cleanly, and after healing all serve. Of any load. */
export const checkFleet = (events: readonly Event[]): Violation<'crash' | 'healed'>[] => events.flatMap((event): Violation<'crash' | 'healed'>[] => {
  if (event.type === 'healed') return event.problems.map((message) => ({ law: 'healed', message: `after healing, ${message}` }))
  // A process that is told to stop before it listens for that ends by the signal itself.
  if (event.type !== 'ended' || event.told === 'kill' || (event.told === 'term' && (event.code === 0 || event.signal === 'SIGTERM'))) return []
  const words = event.words === undefined ? '' : `: ${event.words}`
  const how = event.signal ?? `code ${event.code ?? 'none'}`
  return [{ law: 'crash', message: event.told === 'term' ? `${event.process} was told to stop and ended with ${how}${words}` : `${event.process} ended by itself with ${how}${words}` }]
})

const storiesOf = (events: Evidence['events']): Map<string, Story> => {
  const stories = new Map<string, Story>()
  for (const event of events) {
    if (event.type === 'invoked') stories.set(event.id, { operation: event.operation, invoked: event.at, outcome: 'unknown', answered: Infinity })
    const story = event.type === 'answered' ? stories.get(event.id) : undefined
    if (event.type === 'answered' && story) Object.assign(story, { outcome: event.outcome, answered: event.at })
  }
  return stories
}
/** In the order in which they come. */
export const grouped = <T>(items: readonly T[], by: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(by(item), [...groups.get(by(item)) ?? [], item])
  return groups
}
const tell = ({ attempt, process }: EffectRow): string => `run ${attempt} in ${process}`

/** What was answered with success is there. */
const kept: Check = ({ ops }, stories) => {
  const rows = new Set(ops.map(({ id }) => id))
  return [...stories].filter(([id, { outcome }]) => outcome === 'ok' && !rows.has(id))
    .map(([id]) => ({ law: 'kept', message: `operation ${id} was acknowledged and has no row` }))
}

/** What was rolled back left nothing, and nothing has an effect that was not committed. */
const phantoms: Check = ({ ops, effects }, stories) => {
  const rows = new Set(ops.map(({ id }) => id))
  return [
    ...ops.filter(({ id }) => stories.get(id)?.operation.rollBack).map(({ id }): Violation => ({ law: 'phantom', message: `operation ${id} was rolled back and has a row` })),
    ...effects.filter(({ op }) => !rows.has(op)).map((effect): Violation => ({
      law: 'phantom', message: `operation ${effect.op} was ${stories.get(effect.op)?.operation.rollBack ? 'rolled back' : 'never committed'} and its job had an effect (${tell(effect)})`,
    })),
    ...effects.filter(({ op }) => stories.get(op)?.operation.doomed).map((effect): Violation => ({ law: 'phantom', message: `the job of operation ${effect.op} cannot succeed and had an effect` })),
  ]
}

/** What was committed has its effect; or, of a key, was covered by the job that then waited; or failed for good, as it was told. */
const lost: Check = ({ ops, effects, failed }, stories) => {
  const [had, dead] = [new Set(effects.map(({ op }) => op)), new Set(failed.map(({ op }) => op))]
  return ops.flatMap(({ id, key, covered_by }): Violation[] => {
    const what = stories.get(id)
    if (what?.operation.doomed) return dead.has(id) ? [] : [{ law: 'lost', message: `operation ${id} was to fail for good and is not among what failed` }]
    if (dead.has(id) || (key === null ? had.has(id) : covered_by !== null)) return []
    return [{ law: 'lost', message: `operation ${id}${key === null ? '' : ` of "${key}"`} was committed (${what?.outcome ?? 'unknown'}) and its job had no effect` }]
  })
}

const doubled: Check = ({ effects }) => {
  const more = (by: (effect: EffectRow) => string, what: string): Violation[] => [...grouped(effects, by)].filter(([, runs]) => runs.length > 1)
    .map(([id, runs]) => ({ law: 'doubled', message: `${what} ${id} had its effect ${runs.length} times: ${runs.map(tell).join(', ')}` }))
  const ofOperations = more(({ op }) => op, 'operation')
  return ofOperations.length > 0 ? ofOperations : more(({ job }) => job, 'job')
}

/** While a job of a key waits, another enqueue of it is dropped. What surely waited: it was acknowledged, ran later, and was not due yet. */
const keys: Check = ({ effects }, stories) => {
  const ran = new Set(effects.map(({ op }) => op))
  const byKey = grouped([...stories].filter(([id, { operation }]) => operation.key !== undefined && ran.has(id)), ([, { operation }]) => operation.key ?? '')
  return [...byKey].flatMap(([key, of]) => of.flatMap(([id, first]) => of
    .filter(([other, second]) => other !== id && first.outcome === 'ok' && first.answered < second.invoked && second.answered < first.invoked + (first.operation.delay ?? 0))
    .map(([other]): Violation => ({ law: 'key', message: `operation ${other} had a run of its own although ${id} of the same "${key}" waited` }))))
}

/** Both times are the database's. */
const early: Check = ({ ops, effects }) => {
  const due = new Map(ops.map(({ id, due_at }) => [id, due_at.getTime()]))
  return effects.map((effect) => ({ effect, ahead: (due.get(effect.op) ?? 0) - effect.at.getTime() })).filter(({ ahead }) => ahead > 0)
    .map(({ effect, ahead }) => ({ law: 'early', message: `operation ${effect.op} had its effect ${ahead} ms before it was due` }))
}

/** Faults are no failures of the job: it has more tries than it uses up. */
const givenUp: Check = ({ failed }, stories) => failed.flatMap(({ op, error }): Violation[] => {
  const story = stories.get(op)
  return !story || story.operation.doomed ? [] : [{ law: 'given up', message: `the job of operation ${op} was given up although it had tries left: ${error}` }]
})
