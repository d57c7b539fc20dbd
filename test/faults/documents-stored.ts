/** What is stored at rest, held against what was done: rows, segments, index entries, files. */
import type { Violation } from './checker.ts'
import type { DocumentEvidence, DocumentLaw, Story } from './documents-checker.ts'
import { contentOf } from './documents-operations.ts'
import type { Expected, Kind, Write } from './documents-operations.ts'
import type { Stored } from './documents-plugin.ts'

type Found = Violation<DocumentLaw>[]
type Document = Stored['documents'][number]

export const checkStored = (evidence: DocumentEvidence, stories: ReadonlyMap<string, Story>): Found => {
  const { stored, files, kinds } = evidence
  const versions = new Map(files.map(({ key, versions: [version] }) => [key, version]))
  const writes = new Map(evidence.events.flatMap((event): [string, Write][] => event.type === 'invoked' && event.operation.do === 'write' ? [[event.operation.version, event.operation]] : []))
  const documents = stored.documents.flatMap((document): Found => {
    const story = stories.get(`${document.dataset_id} ${document.name}`)
    const version = document.storage_key === null ? undefined : versions.get(document.storage_key)
    const write = version === undefined ? undefined : writes.get(version)
    if (!story || !story.may.has(version ?? null) || !write) {
      const law = story && ![...story.may].some((one) => one !== null) || !story ? 'phantom' : 'kept'
      return [{ law, message: `document ${document.name} is there as ${version ?? 'a document without a file'}; it may be ${story ? [...story.may].map((one) => one ?? 'gone').join(' or ') : 'nothing'}` }]
    }
    return [...generation(document, story), ...ended(document, write, kinds[document.dataset_id] ?? 'economy', stored)]
  })
  return [...documents, ...absent(stored, stories), ...indexes(evidence), ...strayFiles(evidence)]
}

const grouped = <T>(items: readonly T[], by: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(by(item), [...groups.get(by(item)) ?? [], item])
  return groups
}
/** What is there more than once. */
const repeated = (items: readonly string[]): string[] => [...grouped(items, (item) => item)].filter(([, same]) => same.length > 1).map(([item]) => item)

/** What was acknowledged is there, once. */
const absent = ({ documents, datasets }: Stored, stories: ReadonlyMap<string, Story>): Found => {
  const there = grouped(documents, ({ dataset_id, name }) => `${dataset_id} ${name}`)
  return [...stories].flatMap(([key, { name, may, dataset, changes }]): Found => {
    const rows = there.get(key) ?? []
    if (changes.some(({ operation, outcome }) => operation.do === 'delete dataset' && outcome === 'ok') && datasets.includes(dataset)) {
      return [{ law: 'phantom', message: `dataset ${dataset} was deleted and is there` }]
    }
    if (rows.length > 1) return [{ law: 'once', message: `document ${name} is there ${rows.length} times` }]
    return rows.length === 0 && !may.has(null) ? [{ law: 'kept', message: `document ${name} is gone; it may be ${[...may].join(' or ')}` }] : []
  })
}

/** A document counts its contents: each write that was done is one of them. */
const generation = ({ id, name, generation: count }: Document, { changes }: Story): Found => {
  const since = changes.findLastIndex(({ operation, outcome }) => operation.do === 'delete' && outcome === 'ok')
  const writes = changes.slice(since + 1).filter(({ operation }) => operation.do === 'write')
  const least = writes.filter(({ outcome, answer }) => outcome === 'ok' && answer?.id === id).length
  return count < least || count > writes.length
    ? [{ law: 'once', message: `document ${name} has had ${count} contents, although ${least} to ${writes.length} were written` }] : []
}

/** It is completed, with the segments of its content, or says why it is not. */
const ended = ({ id, name, generation: current, indexing_status: state, error }: Document, write: Write, kind: Kind, stored: Stored): Found => {
  const what = `document ${name} (${write.version})`
  const segments = stored.segments.filter(({ document_id }) => document_id === id).sort((a, b) => a.position - b.position)
  if (state === 'error' && !error) return [{ law: 'ended', message: `${what} ended in error and does not say why` }]
  if (state === 'error') return write.size === 0 ? [] : [{ law: 'given up', message: `${what} could be indexed and ended in error: ${error ?? ''}` }]
  if (state !== 'completed' || write.size === 0) return [{ law: 'ended', message: `${what} ended as ${state}` }]
  const old = segments.filter((segment) => segment.generation !== current)
  if (old.length > 0) return [{ law: 'mixed', message: `${what} still has ${old.length} segments of an earlier content` }]
  if (segments.some(({ status }) => status !== 'completed')) return [{ law: 'ended', message: `${what} is completed and has segments that are not` }]
  const { segments: expected } = contentOf(kind, write)
  return [
    ...compare(what, expected.map(tell), segments.map(({ content, answer }) => tell({ content, answer }))),
    ...segments.every(({ position }, index) => position === index + 1) ? [] : [{ law: 'doubled' as const, message: `${what} has segments at the positions ${segments.map(({ position }) => position).join(', ')}` }],
    ...kind === 'children' ? segments.flatMap((segment): Found => {
      const own = stored.children.filter(({ segment_id }) => segment_id === segment.id).sort((a, b) => a.position - b.position)
      const children = expected.find(({ content }) => content === segment.content)?.children ?? []
      return compare(`${what}, in segment ${segment.position},`, children, own.map(({ content }) => content))
    }) : [],
  ]
}
const tell = ({ content, answer }: Pick<Expected, 'content' | 'answer'>): string => answer === null ? content : `${content} → ${answer}`

const compare = (what: string, expected: readonly string[], there: readonly string[]): Found => {
  const [missing, foreign, twice] = [expected.filter((one) => !there.includes(one)), there.filter((one) => !expected.includes(one)), repeated(there)]
  if (foreign.length > 0) return [{ law: 'mixed', message: `${what} has ${foreign.length} passages that are not of its content, such as "${foreign[0] ?? ''}"` }]
  if (missing.length > 0) return [{ law: 'lost', message: `${what} lacks ${missing.length} of ${expected.length} passages, such as "${missing[0] ?? ''}"` }]
  if (twice.length > 0) return [{ law: 'doubled', message: `${what} has ${twice.length} passages more than once, such as "${twice[0] ?? ''}"` }]
  return expected.join('\n') === there.join('\n') ? [] : [{ law: 'mixed', message: `${what} has its passages in another order` }]
}

/** One entry for each completed segment, or child, and none besides. */
const indexes = ({ stored, kinds }: DocumentEvidence): Found => {
  const datasetOf = new Map(stored.documents.map(({ id, dataset_id, indexing_status }) => [id, { kind: kinds[dataset_id] ?? 'economy', completed: indexing_status === 'completed' }]))
  const live = stored.segments.filter(({ document_id, status }) => status === 'completed' && datasetOf.get(document_id)?.completed)
  const childrenOf = grouped(stored.children, ({ segment_id }) => segment_id)
  const wanted = live.flatMap(({ id, document_id }) => {
    const kind = datasetOf.get(document_id)?.kind
    return kind === 'economy' ? [] : kind === 'children' ? (childrenOf.get(id) ?? []).map((child) => child.id) : [id]
  })
  const agree = (what: string, expected: readonly string[], there: readonly string[]): Found => {
    const [has, wants] = [new Set(there), new Set(expected)]
    const [missing, more] = [expected.filter((id) => !has.has(id)), there.filter((id) => !wants.has(id))]
    return [
      ...missing.length > 0 ? [{ law: 'index' as const, message: `the ${what} index lacks ${missing.length} of ${expected.length} entries, such as ${missing[0] ?? ''}` }] : [],
      ...more.length > 0 ? [{ law: 'index' as const, message: `the ${what} index has ${more.length} entries of what is not there, such as ${more[0] ?? ''}` }] : [],
      ...repeated(there).length > 0 ? [{ law: 'index' as const, message: `the ${what} index has ${repeated(there).length} entries more than once` }] : [],
    ]
  }
  const torn = stored.texts.filter(({ terms, rows }) => terms !== rows)
  return [
    ...agree('text', live.map(({ id }) => id), stored.texts.map(({ segment_id }) => segment_id)),
    ...agree('vector', wanted, stored.vectors.map(({ id }) => id)),
    ...torn.map(({ segment_id, terms, rows }): Found[number] => ({ law: 'index', message: `the text index has ${rows} of ${terms} terms of segment ${segment_id}` })),
    ...stored.counted === stored.texts.length ? [] : [{ law: 'index' as const, message: `the text index has ${stored.texts.length} segments and believes to have ${stored.counted}` }],
    ...stored.strays.map((what): Found[number] => ({ law: 'index', message: `there are ${what}` })),
  ]
}

/** A file that no row names is what a request left of which nobody heard. */
export const unnamed = ({ stored, files, events }: DocumentEvidence): { readonly excused: readonly string[]; readonly others: readonly string[] } => {
  const named = new Set(stored.files)
  const unclear = new Set<string>()
  const asked = new Map(events.flatMap((event): [string, string][] => event.type === 'invoked' && event.operation.do === 'write' ? [[event.id, event.operation.version]] : []))
  for (const [id, version] of asked) {
    const answer = events.find((event) => event.type === 'answered' && event.id === id)
    if (answer?.type !== 'answered' || answer.outcome === 'unknown' || (answer.answer?.unclear ?? 0) > 0) unclear.add(version)
  }
  const ours = files.filter(({ key, versions: [version] }) => !named.has(key) && version !== undefined && [...asked.values()].includes(version))
  const isExcused = ({ versions: [version] }: { readonly versions: readonly string[] }): boolean => unclear.has(version ?? '')
  return { excused: ours.filter(isExcused).map(({ key }) => key), others: ours.filter((file) => !isExcused(file)).map(({ key }) => key) }
}
const strayFiles = (evidence: DocumentEvidence): Found => {
  const there = new Set(evidence.files.map(({ key }) => key))
  return [
    ...evidence.stored.documents.filter(({ storage_key }) => storage_key !== null && !there.has(storage_key)).map(({ name }): Found[number] => ({ law: 'file', message: `the file of document ${name} is gone` })),
    ...unnamed(evidence).others.map((key): Found[number] => ({ law: 'file', message: `the file ${key} is stored and no row names it, although every request about it was answered` })),
  ]
}
