/** Which rows a `remove` means, as SQL and its values from `$3` on. */
import type { TextIndex, VectorIndex } from '../ports.ts'

type Chosen = readonly [condition: string, values: readonly unknown[]]

export const chosen = (what: Parameters<TextIndex['remove']>[1]): Chosen =>
  what === 'all' ? ['true', []]
  : 'documentId' in what ? ['document_id = $3', [what.documentId]]
  : ['segment_id = ANY ($3::uuid[])', [what.segmentIds]]

/** Rows of vectors have their own id in `segment_id`, and in `parent_id` the segment where it is another. */
export const chosenVectors = (what: Parameters<VectorIndex['remove']>[1]): Chosen =>
  what === 'all' || 'documentId' in what ? chosen(what)
  : 'ids' in what ? ['segment_id = ANY ($3::uuid[])', [what.ids]]
  : ['(segment_id = ANY ($3::uuid[]) OR parent_id = ANY ($3::uuid[]))', [what.segmentIds]]
