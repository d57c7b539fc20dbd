/** The documents whose segments people change by hand, and the lock under which they do: dataset, then document, then segment. */
import { database, service } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { DocumentRow } from '../models/document.ts'
import type { SegmentRow } from '../models/segment.ts'
import { methodOf } from './indexing-entries.ts'

/** A document and its dataset, as they were read. */
export interface Place { readonly dataset: DatasetRow; readonly document: DocumentRow }
export interface SegmentAccess {
  /** To read. Throws 404. */
  document(workspaceId: string, datasetId: string, id: string): Promise<DocumentRow>
  /** Of the document's present content. Throws 404. */
  segment(document: DocumentRow, id: string): Promise<SegmentRow>
  /** To change. Throws 404 where the document is not there or its indexing has not come to its end, 403 where it is archived. */
  place(dataset: DatasetRow, documentId: string): Promise<Place>
  /** Inside a transaction: keeps all others from changing the document and its segments until it ends. Throws as `place` does. */
  lock(workspaceId: string, datasetId: string, documentId: string): Promise<Place>
  /** The same, for what was prepared before. Throws 409 where the content, or how the dataset makes vectors, is not what it was then. */
  lockAgain(place: Place): Promise<void>
  /** The same, of one segment besides. Throws 409 where its text is not what it was then. */
  lockSegment(place: Place, segment: SegmentRow): Promise<void>
}

const completed = (document: DocumentRow): DocumentRow => {
  if (document.archived) throw datasetErrors.archived()
  if (document.indexing_status !== 'completed') throw datasetErrors.documentUnfinished()
  return document
}
/** What a change of a segment follows from. */
const textsOf = ({ content, answer, keywords, enabled }: SegmentRow): string => JSON.stringify([content, answer, keywords, enabled])

export const segmentAccess = service('datasets.segment-access', {
  uses: { db: database },
  create: ({ db }): SegmentAccess => {
    const select = 'SELECT * FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND id = $3'
    const document: SegmentAccess['document'] = async (...of) => {
      const [found] = await db.query<DocumentRow>(select, of)
      if (!found) throw datasetErrors.documentNotFound()
      return found
    }
    const selectSegment = 'SELECT * FROM document_segments WHERE workspace_id = $1 AND document_id = $2 AND generation = $3 AND id = $4'
    const lock: SegmentAccess['lock'] = async (workspaceId, datasetId, documentId) => {
      const of = [workspaceId, datasetId]
      await db.query('SELECT 1 FROM datasets WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE', of)
      const [found] = await db.query<DocumentRow>(`${select} FOR UPDATE`, [...of, documentId])
      if (!found) throw datasetErrors.documentNotFound()
      // Read once the document is held, so that it is no older than what the document says.
      const [dataset] = await db.query<DatasetRow>('SELECT * FROM datasets WHERE workspace_id = $1 AND id = $2', of)
      if (!dataset) throw datasetErrors.datasetNotFound()
      return { dataset, document: completed(found) }
    }
    const lockAgain: SegmentAccess['lockAgain'] = async ({ dataset, document: { workspace_id, dataset_id, id, generation } }) => {
      const now = await lock(workspace_id, dataset_id, id)
      if (now.document.generation !== generation || methodOf(now.dataset) !== methodOf(dataset)) throw datasetErrors.changedMeanwhile()
    }
    return {
      document, lock, lockAgain,
      segment: async ({ workspace_id, id: documentId, generation }, id) => {
        const [found] = await db.query<SegmentRow>(selectSegment, [workspace_id, documentId, generation, id])
        if (!found) throw datasetErrors.segmentNotFound()
        return found
      },
      place: async (dataset, id) => ({ dataset, document: completed(await document(dataset.workspace_id, dataset.id, id)) }),
      lockSegment: async (place, { workspace_id, document_id, generation, id, ...texts }) => {
        await lockAgain(place)
        const [now] = await db.query<SegmentRow>(`${selectSegment} FOR UPDATE`, [workspace_id, document_id, generation, id])
        if (!now || textsOf(now) !== textsOf({ workspace_id, document_id, generation, id, ...texts })) throw datasetErrors.changedMeanwhile()
      },
    }
  },
})
