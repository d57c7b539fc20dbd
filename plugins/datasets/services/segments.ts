/** Segments as they are read. */
import { database, service } from '../../../core/index.ts'
import type { DocumentRow } from '../models/document.ts'
import type { ChildChunkRow, SegmentRow } from '../models/segment.ts'
import type { FoundSegment, ListedSegment } from '../presenters/segment.ts'
import type { Hit, VectorHit } from '../ports.ts'
import { pageOf } from '../schemas/common.ts'
import type { Found } from '../schemas/common.ts'
import type { SegmentFilter } from '../schemas/segment.ts'

export interface Segments {
  /** Of the document's present content, those of these ids, in order, each with its children. */
  find(document: DocumentRow, ids: readonly string[]): Promise<ListedSegment[]>
  /** Those of the document's present content, in order, each with its children. */
  list(document: DocumentRow, filter: SegmentFilter): Promise<Found<ListedSegment>>
  /**
   * What was found, as it is now, best first and equals in the order of datasets, documents and texts. What has meanwhile been deleted,
   * disabled or archived is left out.
   */
  found(workspaceId: string, datasetIds: readonly string[], hits: readonly Hit[], vectors: readonly VectorHit[]): Promise<FoundSegment[]>
}

type Joined = SegmentRow & { d_source: string; d_name: string; d_type: string | null; d_metadata: Record<string, unknown> | null }
// By key, and fenced: without statistics a join would read every segment of the workspace.
const readFound = `
  SELECT s.*, d.data_source_type AS d_source, d.name AS d_name, d.doc_type AS d_type, d.doc_metadata AS d_metadata
  FROM unnest($3::uuid[]) AS hit (id)
    CROSS JOIN LATERAL (SELECT * FROM document_segments WHERE workspace_id = $1 AND id = hit.id OFFSET 0) AS s
    CROSS JOIN LATERAL (SELECT * FROM documents WHERE workspace_id = $1 AND id = s.document_id OFFSET 0) AS d
  WHERE s.dataset_id = ANY ($2::uuid[]) AND s.enabled AND s.status = 'completed' AND d.enabled AND NOT d.archived AND d.indexing_status = 'completed'
  ORDER BY s.dataset_id, d.position, s.position, s.id`

type FoundChild = Pick<ChildChunkRow, 'id' | 'segment_id' | 'position' | 'content'>

export const segments = service('datasets.segments', {
  uses: { db: database },
  create: ({ db }): Segments => {
    const foundChildren = async (workspaceId: string, shown: ReadonlySet<string>, vectors: readonly VectorHit[]): Promise<Map<string, FoundSegment['children']>> => {
      const scores = new Map(vectors.filter(({ id, segmentId }) => id !== segmentId && shown.has(segmentId)).map(({ id, score }) => [id, score]))
      if (scores.size === 0) return new Map()
      const rows = await db.query<FoundChild>(
        'SELECT id, segment_id, position, content FROM child_chunks WHERE workspace_id = $1 AND id = ANY ($2::uuid[])', [workspaceId, [...scores.keys()]])
      const scored = rows.map(({ segment_id, ...row }) => ({ segment_id, child: { ...row, score: scores.get(row.id) as number } }))
      return grouped(scored.sort((a, b) => b.child.score - a.child.score || a.child.position - b.child.position), ({ segment_id }) => segment_id, ({ child }) => child)
    }
    const withChildren = async (document: DocumentRow, rows: readonly SegmentRow[]): Promise<ListedSegment[]> => {
      const children = document.doc_form !== 'hierarchical_model' || rows.length === 0 ? [] : await db.query<ChildChunkRow>(
        'SELECT * FROM child_chunks WHERE workspace_id = $1 AND dataset_id = $2 AND segment_id = ANY ($3::uuid[]) ORDER BY position, id',
        [document.workspace_id, document.dataset_id, rows.map(({ id }) => id)])
      const bySegment = grouped(children, ({ segment_id }) => segment_id, (child) => child)
      return rows.map((row) => ({ ...row, children: bySegment.get(row.id) ?? [] }))
    }
    return {
      find: async (document, ids) => withChildren(document, await db.query<SegmentRow>(
        `SELECT * FROM document_segments WHERE workspace_id = $1 AND document_id = $2 AND generation = $3 AND id = ANY ($4::uuid[]) ORDER BY position, id`,
        [document.workspace_id, document.id, document.generation, ids])),
      list: async (document, { keyword = '', status, hit_count_gte: hits = 0, enabled = 'all', ...window }) => {
        const { offset, ...page } = pageOf(window)
        const where = `workspace_id = $1 AND document_id = $2 AND generation = $3 AND strpos(lower(content), lower($4)) > 0
          AND ($5::text[] IS NULL OR status = ANY ($5)) AND hit_count >= $6 AND ($7 = 'all' OR enabled = ($7 = 'true'))`
        const values = [document.workspace_id, document.id, document.generation, keyword, status.length === 0 ? null : status, hits, enabled]
        const [counted] = await db.query<{ total: number }>(`SELECT count(*)::int AS total FROM document_segments WHERE ${where}`, values)
        const rows = await db.query<SegmentRow>(
          `SELECT * FROM document_segments WHERE ${where} ORDER BY position, id LIMIT $8 OFFSET $9`, [...values, page.limit, offset])
        return { ...page, rows: await withChildren(document, rows), total: counted?.total ?? 0 }
      },
      found: async (workspaceId, datasetIds, hits, vectors) => {
        if (hits.length === 0) return []
        const scores = new Map(hits.map(({ segmentId, score }) => [segmentId, score]))
        const rows = await db.query<Joined>(readFound, [workspaceId, datasetIds, [...scores.keys()]], { prepared: true })
        const children = await foundChildren(workspaceId, new Set(rows.map(({ id }) => id)), vectors)
        return rows.map(({ d_source, d_name, d_type, d_metadata, ...segment }): FoundSegment => ({
          ...segment, score: scores.get(segment.id) as number, children: children.get(segment.id) ?? [],
          document: { id: segment.document_id, data_source_type: d_source, name: d_name, doc_type: d_type, doc_metadata: d_metadata },
        })).sort((a, b) => b.score - a.score)
      },
    }
  },
})

/** In the order in which they come. */
const grouped = <T, V>(items: readonly T[], keyOf: (item: T) => string, valueOf: (item: T) => V): Map<string, V[]> => {
  const groups = new Map<string, V[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(valueOf(item))
    else groups.set(keyOf(item), [valueOf(item)])
  }
  return groups
}
