/** What the steps of one import share. */
import type { Source } from '../source/source.ts'
import type { Tally } from './tally.ts'

export const KINDS = [
  'workspaces', 'accounts', 'members', 'tags', 'datasets', 'process rules', 'metadata fields', 'documents', 'segments', 'child chunks', 'tag bindings', 'API keys',
]
export interface Run {
  readonly source: Source
  readonly tally: Tally
  /** Otherwise nothing is changed. */
  readonly apply: boolean
  /** Workspaces that are here, or would be. */
  readonly places: Set<string>
  /** Accounts that have another id here. */
  readonly people: Map<string, string>
  /** Accounts that are not taken over. */
  readonly absent: Set<string>
  /** Segments whose meaning is to be found anew. */
  embedded: number
}
export const whoIn = ({ people }: Run) => (account: string): string => people.get(account) ?? account
/** As the plan names a row. */
export const named = ({ id, name }: { readonly id: string; readonly name: string }): string => `"${name}" (${id})`
