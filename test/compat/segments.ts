/** Segments and child chunks, by hand: examples, failures, and where we differ. */
import type { Knowledge } from '../support/knowledge.ts'
import type { Provoke, Request } from './conformance.ts'
import type { Deviation } from './deviations.ts'
import type { World } from './world.ts'

type Ids = Readonly<Record<string, string>>
export interface Parts {
  /** A segment of an ordinary document. */
  readonly plain: Ids
  /** A parent with its first child. */
  readonly parent: Ids
  /** Another one, to be deleted. */
  readonly spare: Ids
}
const family = {
  mode: 'hierarchical', rules: {
    pre_processing_rules: [], parent_mode: 'paragraph', segmentation: { separator: '\n\n', max_tokens: 500, chunk_overlap: 0 }, subchunk_segmentation: { separator: '\n', max_tokens: 50, chunk_overlap: 0 },
  },
}
export const makeParts = async ({ api, newDataset, addText, segmentsOf }: Knowledge, high: Ids): Promise<Parts> => {
  const dataset = await newDataset({ name: 'family', indexing_technique: 'high_quality' })
  const { body } = await addText(dataset, 'family', 'The owl hunts.\nThe bat flies.\n\nThe hen clucks.', { indexing_technique: 'high_quality', doc_form: 'hierarchical_model', process_rule: family })
  await api.indexed(dataset.id, body.batch)
  const of = { dataset_id: dataset.id as string, document_id: body.document.id as string }
  const [first, second] = (await segmentsOf(dataset, of.document_id)).data
  const [plain] = (await segmentsOf({ id: high['dataset_id'] ?? '' }, high['document_id'] ?? '')).data
  return {
    plain: { ...high, segment_id: plain.id },
    parent: { ...of, segment_id: first.id, child_chunk_id: first.child_chunks[0].id }, spare: { ...of, segment_id: second.id, child_chunk_id: second.child_chunks[0].id },
  }
}

const segments = '/datasets/{dataset_id}/documents/{document_id}/segments'
const segment = `${segments}/{segment_id}`
const children = `${segment}/child_chunks`
const child = `${children}/{child_chunk_id}`

export const segmentExamples = ({ parts: { plain, parent } }: World): Record<string, Request[]> => ({
  [`POST ${segments}`]: [
    { ids: plain, body: { segments: [{ content: 'The crow caws.', answer: '', keywords: ['birds'], attachment_ids: [] }] } },
    { ids: parent, body: { segments: [{ content: 'The crow caws.\nThe dove coos.' }] } },
  ],
  [`GET ${segment}`]: [{ ids: plain }, { ids: parent }],
  [`POST ${segment}`]: [
    { ids: plain, body: { segment: { content: 'The heron waits.', answer: '', keywords: ['birds'], enabled: true, regenerate_child_chunks: false, attachment_ids: [], summary: null } } },
    { ids: parent, body: { segment: { keywords: ['night'] } } },
  ],
  [`POST ${children}`]: [{ ids: parent, body: { content: 'The moth swarms.' } }],
  [`GET ${children}`]: [{ ids: parent, query: '?page=1&limit=20&keyword=o' }, { ids: plain }],
  [`PATCH ${child}`]: [{ ids: parent, body: { content: 'The owl sleeps.' } }],
})
/** Last: they take away what the others are about. */
export const segmentDeletions = ({ parts: { spare } }: World): Record<string, Request[]> => ({ [`DELETE ${child}`]: [{ ids: spare }], [`DELETE ${segment}`]: [{ ids: spare }] })

const embedding = [`POST ${segments}`, `POST ${segment}`, `POST ${children}`, `PATCH ${child}`]
const writes = [...embedding, `DELETE ${segment}`, `DELETE ${child}`]
const nothing: Readonly<Record<string, object>> = {
  [`POST ${segments}`]: { segments: [{ content: '' }] }, [`POST ${segment}`]: { segment: { content: '\0' } }, [`POST ${children}`]: { content: ' ' }, [`PATCH ${child}`]: { content: '' },
}
export const segmentFailures = (world: World): Record<string, Record<string, Provoke>> => {
  const { send, provider, archived, setProvider } = world
  const all: Record<string, Request[]> = { ...segmentExamples(world), ...segmentDeletions(world) }
  return Object.fromEntries(writes.map((operation) => {
    const [first = {}] = all[operation] ?? []
    const inArchive = { '403 archived_document_immutable': () => send(operation, { ...first, ids: { ...first.ids, ...archived } }) }
    if (operation.startsWith('DELETE')) return [operation, inArchive]
    return [operation, {
      ...inArchive,
      '400 invalid_param': () => send(operation, { ...first, body: nothing[operation] ?? {} }),
      '400 provider_not_initialize': async () => {
        const id = first.ids?.['dataset_id'] ?? ''
        await setProvider(id, 'gone')
        try { return await send(operation, first) } finally { await setProvider(id, 'toy') }
      },
      '400 completion_request_error': async () => {
        provider.broken = true
        try { return await send(operation, first) } finally { provider.broken = false }
      },
    }]
  }))
}

export const segmentDeviations: readonly Deviation[] = [
  ...writes.map((operation) => ({
    operation, where: 'error', ours: '403 archived_document_immutable', theirs: 'none', reason: 'An archived document does not change, and neither do its segments.',
  })),
  ...embedding.map((operation) => ({
    operation, where: 'error', ours: '400 completion_request_error', theirs: 'none',
    reason: 'Where the model fails nothing is changed, and the answer says so. Officially it is a success with a segment that nobody will find.',
  })),
  { operation: `PATCH ${child}`, where: 'error', ours: '400 provider_not_initialize', theirs: 'none', reason: 'A changed child chunk is embedded anew, and says what is missing for that as a new one does.' },
  ...[`GET ${segment}`, `DELETE ${segment}`, `DELETE ${child}`].map((operation) => ({
    operation, where: 'error', ours: 'none', theirs: '400 invalid_param', reason: 'To read and to delete needs no model and no other server, and two who delete the same do not hinder each other.',
  })),
  ...[[`POST ${segments}`, 'segments[].attachment_ids'], [`POST ${segment}`, 'segment.attachment_ids']].map(([operation = '', field = '']) => ({
    operation, where: `${field} = a list`, ours: '400 invalid_param', theirs: '200', reason: 'Segments have no pictures here yet.',
  })),
]
