/** Segments made, changed and deleted by hand. Each is indexed before the request is answered, or nothing has changed. */
import { database, service } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { SegmentRow } from '../models/segment.ts'
import type { ListedSegment } from '../presenters/segment.ts'
import type { NewSegment, SegmentChange } from '../schemas/segment-change.ts'
import type { Owner } from './dataset-records.ts'
import { segmentAccess } from './segment-access.ts'
import type { Place } from './segment-access.ts'
import { segmentDrafts } from './segment-drafts.ts'
import type { Written } from './segment-drafts.ts'
import { segmentRows } from './segment-rows.ts'
import { segments } from './segments.ts'

export interface SegmentChanges {
  /** Behind the last one, in this order: all or none. `within` joins the transaction. Throws 400, 403, 404, 409. */
  add(owner: Owner, dataset: DatasetRow, documentId: string, given: readonly NewSegment[], signal: AbortSignal, within?: () => Promise<unknown>): Promise<Changed<ListedSegment[]>>
  /** What is not given stays. Throws 400, 403, 404, 409. */
  change(owner: Owner, dataset: DatasetRow, documentId: string, id: string, given: SegmentChange, signal: AbortSignal): Promise<Changed<ListedSegment>>
  /** Of these ids, those that are there. Throws 403, and 404 where none of them is. */
  switch(owner: Owner, datasetId: string, documentId: string, ids: readonly string[], enabled: boolean): Promise<void>
  /** Of these ids, those that are there. Throws as `switch` does. */
  remove(owner: Owner, datasetId: string, documentId: string, ids: readonly string[]): Promise<void>
}
export interface Changed<T> { readonly found: T; readonly docForm: string }

const isSame = (a: readonly string[], b: readonly string[]): boolean => JSON.stringify(a) === JSON.stringify(b)

export const segmentChanges = service('datasets.segment-changes', {
  uses: { db: database, access: segmentAccess, drafts: segmentDrafts, rows: segmentRows, segments },
  create: ({ db, access, drafts, rows, segments }): SegmentChanges => {
    const answerOf = (field: string, { document }: Place, answer: string | null | undefined): string | null => {
      if (document.doc_form !== 'qa_model') return null
      if (!answer?.trim()) throw invalid(field, 'Answer is required. In a document of questions and answers send the question as content and its answer as answer.')
      drafts.checkLength(field, answer)
      return answer
    }
    /** A segment as it is to be. */
    const written = (place: Place, row: SegmentRow, given: SegmentChange): Written => {
      const content = given.content ? given.content : row.content
      drafts.checkLength('segment.content', content)
      const answer = given.answer === undefined || given.answer === null ? row.answer : answerOf('segment.answer', place, given.answer)
      // Words that somebody chose stay; those that were found in the text are looked for in the new one.
      const own = isSame(row.keywords, drafts.keywords([], row)) ? [] : row.keywords
      return { content, answer, keywords: drafts.keywords(given.keywords?.some(Boolean) ? given.keywords : own, { content, answer }) }
    }
    const setEnabled = async ({ workspaceId, accountId }: Owner, datasetId: string, documentId: string, ids: readonly string[], enabled: boolean): Promise<number> => {
      const { document } = await access.lock(workspaceId, datasetId, documentId)
      const changed = await db.query(
        `UPDATE document_segments SET
           updated_by = CASE WHEN enabled = $5 THEN updated_by ELSE $6 END, updated_at = CASE WHEN enabled = $5 THEN updated_at ELSE now() END,
           disabled_at = CASE WHEN $5 THEN NULL ELSE COALESCE(disabled_at, now()) END, disabled_by = CASE WHEN $5 THEN NULL ELSE COALESCE(disabled_by, $6) END,
           enabled = $5
         WHERE workspace_id = $1 AND document_id = $2 AND generation = $3 AND id = ANY ($4::uuid[]) RETURNING id`,
        [workspaceId, document.id, document.generation, ids, enabled, accountId])
      return changed.length
    }
    const read = async ({ document }: Place, id: string): Promise<Changed<ListedSegment>> => {
      const [found] = await segments.find(document, [id])
      if (!found) throw datasetErrors.segmentNotFound()
      return { found, docForm: document.doc_form }
    }
    return {
      add: async ({ accountId }, dataset, documentId, given, signal, within = () => Promise.resolve()) => {
        const place = await access.place(dataset, documentId)
        if (!place.document.enabled) throw datasetErrors.documentDisabled()
        const all = given.map(({ content, answer, keywords }, index): Written => {
          drafts.checkLength(`segments.${index}.content`, content)
          const text = { content, answer: answerOf(`segments.${index}.answer`, place, answer) }
          return { ...text, keywords: drafts.keywords(keywords, text) }
        })
        const made = await drafts.make(place, all, signal)
        const ids = await db.transaction(async () => {
          await access.lockAgain(place)
          await within()
          return rows.add(place.document, accountId, made)
        })
        return { found: await segments.find(place.document, ids), docForm: place.document.doc_form }
      },
      change: async (owner, dataset, documentId, id, given, signal) => {
        const place = await access.place(dataset, documentId)
        const row = await access.segment(place.document, id)
        if (given.enabled === false) {
          await db.transaction(async () => { if (await setEnabled(owner, dataset.id, documentId, [id], false) === 0) throw datasetErrors.segmentNotFound() })
          return read(place, id)
        }
        if (!row.enabled && given.enabled !== true) throw invalid('segment.enabled', "Can't update disabled segment. Send enabled true with the change, or enable it first.")
        const next = written(place, row, given)
        // Of a parent the children have the vectors, and they stay what they are unless somebody wants them anew.
        const isAnew = place.document.doc_form === 'hierarchical_model' ? given.regenerate_child_chunks === true : next.content !== row.content
        const [draft] = isAnew ? await drafts.make(place, [next], signal) : []
        await db.transaction(async () => {
          await access.lockSegment(place, row)
          await rows.change(place.document, owner.accountId, row, next, draft)
        })
        return read(place, id)
      },
      switch: (owner, datasetId, documentId, ids, enabled) => db.transaction(async () => {
        if (await setEnabled(owner, datasetId, documentId, ids, enabled) === 0) throw datasetErrors.segmentNotFound()
      }),
      remove: ({ workspaceId }, datasetId, documentId, ids) => db.transaction(async () => {
        const { document } = await access.lock(workspaceId, datasetId, documentId)
        if (await rows.remove(document, ids) === 0) throw datasetErrors.segmentNotFound()
      }),
    }
  },
})
