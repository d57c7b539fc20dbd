/**
 * Holds what happened to documents against what must hold. Pure: events and rows go in, sentences come out.
 *
 * Each document is written and deleted by one client at a time. A request of which nobody heard may be done at any later time, unless it bore
 * an Idempotency-Key and was answered when it was sent again: then it was done once, before that answer. So what a document may be in the end
 * is what the last acknowledged operation made it, or any of which nobody heard.
 */
import { checkFleet } from './checker.ts'
import type { Violation } from './checker.ts'
import type { DocumentAnswer, DocumentEvent, DocumentOperation, Kind, Write } from './documents-operations.ts'
import { checkStored } from './documents-stored.ts'
import type { Stored } from './documents-plugin.ts'
import { doing, stepsOf } from './history.ts'
import type { Step as AnyStep } from './history.ts'

export type DocumentLaw =
  | 'kept' | 'phantom' | 'once' | 'ended' | 'given up' | 'lost' | 'doubled' | 'mixed' | 'index' | 'file' | 'returned' | 'found' | 'scope' | 'crash' | 'healed'
/** A file in storage: the versions whose canaries stand in it. */
export interface StoredFile { readonly key: string; readonly versions: readonly string[] }
export interface DocumentEvidence {
  readonly events: readonly DocumentEvent[]
  /** Of all datasets that were made, by id. */
  readonly kinds: Readonly<Record<string, Kind>>
  readonly stored: Stored
  readonly files: readonly StoredFile[]
}
export type Step<O = DocumentOperation> = AnyStep<O, DocumentAnswer>
type Of<Do extends DocumentOperation['do']> = Extract<DocumentOperation, { do: Do }>
/** All that was done to one name of one dataset, in order. */
export interface Story {
  readonly dataset: string
  readonly name: string
  /** Without those that were surely not done. */
  readonly changes: readonly Step<Write | Of<'delete'> | Of<'delete dataset'>>[]
  /** What may be there in the end: versions, and null for nothing. */
  readonly may: ReadonlySet<string | null>
}

export const checkDocuments = (evidence: DocumentEvidence): Violation<DocumentLaw>[] => {
  const steps = [...stepsOf(evidence.events).values()].sort((a, b) => a.start - b.start)
  const stories = storiesOf(steps)
  return [...checkFleet(evidence.events), ...checkStored(evidence, stories), ...checkSearches(steps, stories)]
}

/** By dataset and name. */
const storiesOf = (steps: readonly Step[]): Map<string, Story> => {
  const removals = steps.filter(doing('delete dataset')).filter(({ outcome }) => outcome !== 'refused')
  const byName = new Map<string, Step<Write | Of<'delete'>>[]>()
  for (const step of steps) {
    if (step.operation.do !== 'write' && step.operation.do !== 'delete' || step.outcome === 'refused') continue
    const key = `${step.operation.dataset} ${step.operation.name}`
    byName.set(key, [...byName.get(key) ?? [], step as Step<Write | Of<'delete'>>])
  }
  return new Map([...byName].map(([key, own]): [string, Story] => {
    const [dataset = '', name = ''] = key.split(' ')
    const changes = [...own, ...removals.filter(({ operation }) => operation.dataset === dataset)].sort((a, b) => a.start - b.start)
    const gone = changes.some(({ operation, outcome }) => operation.do === 'delete dataset' && outcome === 'ok')
    const last = own.findLast(({ outcome }) => outcome === 'ok')
    const unclear = changes.filter(({ outcome }) => outcome === 'unknown')
    return [key, { dataset, name, changes, may: new Set(gone ? [null] : [last ? leaves(last) : null, ...unclear.map(leaves)]) }]
  }))
}
const leaves = ({ operation }: Step<Write | Of<'delete'> | Of<'delete dataset'>>): string | null => operation.do === 'write' ? operation.version : null

/** What was taken away is never found, what is there is, and nothing of another dataset is. */
const checkSearches = (steps: readonly Step[], stories: ReadonlyMap<string, Story>): Violation<DocumentLaw>[] => {
  const writes = new Map(steps.filter(doing('write')).map((step) => [step.operation.version, step]))
  const looks = new Map(steps.filter(doing('look')).filter(({ answer }) => answer?.state === 'completed').map((look) => [look.operation.version, look]))
  const storyOf = ({ operation: { dataset, name } }: Step<Write>): Story | undefined => stories.get(`${dataset} ${name}`)
  const tell = ({ operation: { method, dataset }, to, start }: Step<Of<'retrieve'>>): string => `a ${method} of dataset ${dataset} in ${to} at ${start}`
  return steps.filter(doing('retrieve')).filter(({ outcome }) => outcome === 'ok').flatMap((search): Violation<DocumentLaw>[] => {
    const { version, dataset } = search.operation
    const found = search.answer?.found ?? []
    const wrong = found.flatMap((one): Violation<DocumentLaw>[] => {
      const write = writes.get(one)
      if (write?.operation.dataset !== dataset) return [{ law: 'scope', message: `${tell(search)} found ${one}, which is ${write ? `of dataset ${write.operation.dataset}` : 'nobody\'s'}` }]
      const end = storyOf(write)?.changes.find(({ outcome, start, end: acknowledged }) => outcome === 'ok' && start > write.end && acknowledged < search.start)
      return end ? [{ law: 'returned', message: `${tell(search)} found ${one}, ${(search.start - end.end).toFixed(1)} ms after "${write.operation.name}" was ${words(end)}` }] : []
    })
    const [write, look] = [writes.get(version), looks.get(version)]
    if (found.includes(version) || !write || !look || look.end > search.start) return wrong
    const disturbed = storyOf(write)?.changes.some((change) => change !== write && change.end > write.start && change.start < search.end) ?? true
    return disturbed ? wrong : [...wrong, { law: 'found', message: `${tell(search)} did not find ${version}, which was completed at ${look.end}` }]
  })
}
const words = ({ operation }: Step<Write | Of<'delete'> | Of<'delete dataset'>>): string =>
  operation.do === 'write' ? `replaced by ${operation.version}` : operation.do === 'delete' ? 'deleted' : 'deleted with its dataset'
