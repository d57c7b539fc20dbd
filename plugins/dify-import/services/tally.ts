/** What an import did or would do, counted by kind, and told at the end. */
import type { Imported } from '../../auth/ports.ts'

export type State = Imported['state']
export interface Tally {
  count(kind: string, state: State, many?: number): void
  /** @param name how whoever reads it knows the row */
  add(kind: string, one: Imported, name: string): void
  skip(kind: string, name: string, why: string, many?: number): void
  lines(): string[]
}

const STATES: readonly State[] = ['new', 'there', 'changed', 'skipped']
const HEAD: Readonly<Record<State, string>> = { new: 'new', there: 'there already', changed: 'changed', skipped: 'skipped' }
/** Of each reason so many are named. */
const NAMED = 10
/** What users wrote may be in it: nothing that a terminal would obey. */
const printable = (line: string): string => line.replace(/\p{C}/gu, '�').slice(0, 500)

export const newTally = (kinds: readonly string[]): Tally => {
  const counts = new Map(kinds.map((kind) => [kind, new Map<State, number>()]))
  const notes = new Map<string, { many: number; readonly names: string[] }>()
  const count: Tally['count'] = (kind, state, many = 1) => {
    const of = counts.get(kind) ?? new Map<State, number>()
    counts.set(kind, of.set(state, (of.get(state) ?? 0) + many))
  }
  const note = (text: string, name: string, many = 1): void => {
    const of = notes.get(text) ?? { many: 0, names: [] }
    notes.set(text, of)
    of.many += many
    if (of.names.length < NAMED) of.names.push(name)
  }
  return {
    count,
    add: (kind, { state, why }, name) => {
      count(kind, state)
      if (state === 'changed') note(`${kind} that stay as they are here, though they differ (${why ?? ''})`, name)
      else if (why !== undefined) note(state === 'skipped' ? `${kind} skipped: ${why}` : `${kind}: ${why}`, name)
    },
    skip: (kind, name, why, many) => {
      count(kind, 'skipped', many)
      note(`${kind} skipped: ${why}`, name, many)
    },
    lines: () => {
      const widest = Math.max(...kinds.map((kind) => kind.length))
      const row = (first: string, cells: readonly string[]): string => [first.padEnd(widest), ...cells.map((cell, index) => cell.padStart(HEAD[STATES[index] as State].length))].join('  ')
      return [
        row('', STATES.map((state) => HEAD[state])),
        ...[...counts].map(([kind, of]) => row(kind, STATES.map((state) => String(of.get(state) ?? 0)))),
        ...notes.size === 0 ? [] : [''],
        ...[...notes].map(([text, { many, names }]) => printable(`${many} ${text}: ${names.join(', ')}${many > names.length ? ' …' : ''}`)),
      ]
    },
  }
}
