/** Segments as they are read. */
import { database, service } from '../../../core/index.ts'
import type { DocumentRow } from '../models/document.ts'
import type { SegmentRow } from '../models/segment.ts'
import type { FoundSegment } from '../presenters/segment.ts'
import { pageOf } from '../schemas/common.ts'
import type { Found } from '../schemas/common.ts'
import type { SegmentFilter } from '../schemas/segment.ts'

export interface Segments {
  /** Those of the document's present content, in order. */
  list(document: DocumentRow, filter: SegmentFilter): Promise<Found<SegmentRow>>
  /** By id, each with what a searcher wants to know of its document; those that are gone are left out. */
  found(workspaceId: string, datasetId: string, ids: readonly string[]): Promise<ReadonlyMap<string, FoundSegment>>
}

type Joined = SegmentRow & { d_source: string; d_name: string; d_type: string | null; d_metadata: Record<string, unknown> | null }

export const segments = service('datasets.segments', {
  uses: { db: database },
  create: ({ db }): Segments => ({
    list: async (document, { keyword = '', status, ...window }) => {
      const { offset, ...page } = pageOf(window)
      const where = `workspace_id = $1 AND document_id = $2 AND generation = $3 AND strpos(lower(content), lower($4)) > 0
        AND ($5::text[] IS NULL OR status = ANY ($5))`
      const values = [document.workspace_id, document.id, document.generation, keyword, status.length === 0 ? null : status]
      const [counted] = await db.query<{ total: number }>(`SELECT count(*)::int AS total FROM document_segments WHERE ${where}`, values)
      const rows = await db.query<SegmentRow>(
        `SELECT * FROM document_segments WHERE ${where} ORDER BY position, id LIMIT $6 OFFSET $7`, [...values, page.limit, offset])
      return { ...page, rows, total: counted?.total ?? 0 }
    },
    found: async (workspaceId, datasetId, ids) => {
      const rows = await db.query<Joined>(
        `SELECT s.*, d.data_source_type AS d_source, d.name AS d_name, d.doc_type AS d_type, d.doc_metadata AS d_metadata
         FROM document_segments s JOIN documents d ON d.workspace_id = s.workspace_id AND d.id = s.document_id
         WHERE s.workspace_id = $1 AND s.dataset_id = $2 AND s.id = ANY ($3::uuid[])`, [workspaceId, datasetId, ids])
      return new Map(rows.map(({ d_source, d_name, d_type, d_metadata, ...segment }) => [segment.id, {
        ...segment, document: { id: segment.document_id, data_source_type: d_source, name: d_name, doc_type: d_type, doc_metadata: d_metadata },
      }]))
    },
  }),
})
