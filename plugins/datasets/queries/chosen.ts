/** Which rows a `remove` means, as SQL and its values from `$3` on. */
import type { VectorIndex } from '../ports.ts'

export const chosen = (what: Parameters<VectorIndex['remove']>[1]): readonly [condition: string, values: readonly unknown[]] =>
  what === 'all' ? ['true', []]
  : 'documentId' in what ? ['document_id = $3', [what.documentId]]
  : ['segment_id = ANY ($3::uuid[])', [what.segmentIds]]
