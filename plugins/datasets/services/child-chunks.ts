/** The children of a segment, in parent-child form: read, and changed by hand. Each is embedded before the request is answered, or nothing has changed. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { codePoints } from '../chunking/code-points.ts'
import { datasetErrors, invalid } from '../errors.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { ChildChunkRow, SegmentRow } from '../models/segment.ts'
import { vectorIndex } from '../ports.ts'
import { pageOf } from '../schemas/common.ts'
import type { Found } from '../schemas/common.ts'
import type { ChildFilter, GivenChild } from '../schemas/segment-change.ts'
import type { Owner } from './dataset-records.ts'
import { segmentAccess } from './segment-access.ts'
import type { Place } from './segment-access.ts'
import { segmentDrafts } from './segment-drafts.ts'
import { sha256 } from './segment-rows.ts'

/** Where a child is, by its ids. */
export interface ChildPlace { readonly dataset: DatasetRow; readonly documentId: string; readonly segmentId: string }
export interface ChildChunks {
  /** In order. Throws 404. */
  list(workspaceId: string, datasetId: string, documentId: string, segmentId: string, filter: ChildFilter): Promise<Found<ChildChunkRow>>
  /** Behind the last one. Throws 400, 403, 404, 409. */
  add(owner: Owner, at: ChildPlace, content: string, signal: AbortSignal): Promise<ChildChunkRow>
  /** Throws as `add` does. */
  change(owner: Owner, at: ChildPlace, id: string, content: string, signal: AbortSignal): Promise<ChildChunkRow>
  /** Throws 403 and 404. */
  remove(owner: Owner, at: ChildPlace, id: string): Promise<void>
  /** All of them: what has an id is changed, what has none is added, and what is not among them is removed. Gives them in order. Throws as `add` does. */
  replace(owner: Owner, at: ChildPlace, given: readonly GivenChild[], signal: AbortSignal): Promise<readonly ChildChunkRow[]>
}
interface Plan { readonly add: readonly string[]; readonly change: readonly { readonly row: ChildChunkRow; readonly content: string }[]; readonly remove: readonly ChildChunkRow[] }

const insert = `
  INSERT INTO child_chunks (workspace_id, document_id, dataset_id, segment_id, created_by, type, status, id, position, content, word_count, index_node_hash)
  SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::uuid, 'customized', 'completed', id,
    (SELECT COALESCE(max(position), 0) FROM child_chunks WHERE workspace_id = $1 AND segment_id = $4) + place, content, words, hash
  FROM unnest($6::uuid[], $7::text[], $8::int[], $9::text[]) WITH ORDINALITY AS new (id, content, words, hash, place)`

const update = `
  UPDATE child_chunks c SET content = new.content, word_count = new.words, index_node_hash = new.hash, type = 'customized', updated_at = now()
  FROM unnest($2::uuid[], $3::text[], $4::int[], $5::text[]) AS new (id, content, words, hash) WHERE c.workspace_id = $1 AND c.id = new.id`

export const childChunks = service('datasets.child-chunks', {
  uses: { db: database, access: segmentAccess, drafts: segmentDrafts, vectorIndex },
  create: ({ db, access, drafts, vectorIndex }): ChildChunks => {
    const select = 'SELECT * FROM child_chunks WHERE workspace_id = $1 AND dataset_id = $2 AND segment_id = $3'
    const all = ({ workspace_id, dataset_id, id }: SegmentRow): Promise<ChildChunkRow[]> =>
      db.query<ChildChunkRow>(`${select} ORDER BY position, id`, [workspace_id, dataset_id, id])
    const one = async ({ workspace_id, dataset_id, id: segmentId }: SegmentRow, id: string): Promise<ChildChunkRow> => {
      const [found] = await db.query<ChildChunkRow>(`${select} AND id = $4`, [workspace_id, dataset_id, segmentId, id])
      if (!found) throw datasetErrors.childChunkNotFound()
      return found
    }
    const open = async ({ dataset, documentId, segmentId }: ChildPlace): Promise<{ place: Place; segment: SegmentRow }> => {
      const place = await access.place(dataset, documentId)
      const segment = await access.segment(place.document, segmentId)
      if (place.document.doc_form !== 'hierarchical_model') {
        throw invalid('segment_id', `The segments of this document have no child chunks: its doc_form is ${place.document.doc_form}. Change the segment itself, or make a document with doc_form hierarchical_model.`)
      }
      return { place, segment }
    }
    /** Whether these are as they were read. */
    const areSame = async (rows: readonly ChildChunkRow[]): Promise<boolean> => {
      if (rows.length === 0) return true
      const now = await db.query<ChildChunkRow>(
        'SELECT id, content FROM child_chunks WHERE workspace_id = $1 AND id = ANY ($2::uuid[])', [rows[0]?.workspace_id, rows.map(({ id }) => id)])
      const contents = new Map(now.map(({ id, content }) => [id, content]))
      return rows.every(({ id, content }) => contents.get(id) === content)
    }
    /** Gives the ids of those that were added. */
    const apply = async ({ accountId }: Owner, place: Place, segment: SegmentRow, { add, change, remove }: Plan, signal: AbortSignal): Promise<string[]> => {
      const texts = [...change.map(({ content }) => content), ...add]
      for (const text of texts) drafts.checkLength('content', text)
      const { vectors } = await drafts.embed(place.dataset, texts, signal)
      const { workspace_id, dataset_id, document_id, id: segmentId } = segment
      const ids = [...change.map(({ row }) => row.id), ...add.map(() => randomUUID())]
      const columns = (from: number, to?: number): unknown[] =>
        [ids.slice(from, to), texts.slice(from, to), texts.slice(from, to).map(codePoints), texts.slice(from, to).map(sha256)]
      await db.transaction(async () => {
        await access.lockSegment(place, segment)
        if (!await areSame([...change.map(({ row }) => row), ...remove])) throw datasetErrors.changedMeanwhile()
        const at = { workspaceId: workspace_id, id: dataset_id }
        if (remove.length > 0) {
          const gone = remove.map(({ id }) => id)
          await db.query('DELETE FROM child_chunks WHERE workspace_id = $1 AND segment_id = $2 AND id = ANY ($3::uuid[])', [workspace_id, segmentId, gone])
          await vectorIndex.remove(at, { ids: gone })
        }
        if (change.length > 0) await db.query(update, [workspace_id, ...columns(0, change.length)])
        if (add.length > 0) await db.query(insert, [workspace_id, document_id, dataset_id, segmentId, accountId, ...columns(change.length)])
        await vectorIndex.write(at, vectors.map((vector, index) => ({ id: ids[index] as string, segmentId, documentId: document_id, vector })))
      })
      return ids.slice(change.length)
    }
    return {
      list: async (workspaceId, datasetId, documentId, segmentId, { keyword = '', ...window }) => {
        const segment = await access.segment(await access.document(workspaceId, datasetId, documentId), segmentId)
        const { offset, ...page } = pageOf(window)
        const where = 'workspace_id = $1 AND dataset_id = $2 AND segment_id = $3 AND strpos(lower(content), lower($4)) > 0'
        const values = [workspaceId, datasetId, segment.id, keyword]
        const [counted] = await db.query<{ total: number }>(`SELECT count(*)::int AS total FROM child_chunks WHERE ${where}`, values)
        const rows = await db.query<ChildChunkRow>(`SELECT * FROM child_chunks WHERE ${where} ORDER BY position, id LIMIT $5 OFFSET $6`, [...values, page.limit, offset])
        return { ...page, rows, total: counted?.total ?? 0 }
      },
      add: async (owner, at, content, signal) => {
        const { place, segment } = await open(at)
        const [id] = await apply(owner, place, segment, { add: [content], change: [], remove: [] }, signal)
        return one(segment, id as string)
      },
      change: async (owner, at, id, content, signal) => {
        const { place, segment } = await open(at)
        const row = await one(segment, id)
        await apply(owner, place, segment, { add: [], change: [{ row, content }], remove: [] }, signal)
        return one(segment, id)
      },
      remove: ({ workspaceId }, { dataset, documentId, segmentId }, id) => db.transaction(async () => {
        const { document } = await access.lock(workspaceId, dataset.id, documentId)
        const row = await one(await access.segment(document, segmentId), id)
        await db.query('DELETE FROM child_chunks WHERE workspace_id = $1 AND id = $2', [workspaceId, row.id])
        await vectorIndex.remove({ workspaceId, id: dataset.id }, { ids: [row.id] })
      }),
      replace: async (owner, at, given, signal) => {
        const { place, segment } = await open(at)
        const there = new Map((await all(segment)).map((row) => [row.id, row]))
        const named = given.flatMap(({ id, content }) => id ? [{ id, content }] : [])
        if (new Set(named.map(({ id }) => id)).size < named.length) throw invalid('chunks', 'The same id stands there twice. Send each child chunk once.')
        const kept = named.map(({ id, content }) => {
          const row = there.get(id)
          if (!row) throw datasetErrors.childChunkNotFound(`There is no child chunk ${id} in this segment. Leave the id out to make a new one.`)
          there.delete(id)
          return { row, content }
        })
        const change = kept.filter(({ row, content }) => row.content !== content)
        await apply(owner, place, segment, { add: given.flatMap(({ id, content }) => id ? [] : [content]), change, remove: [...there.values()] }, signal)
        return all(segment)
      },
    }
  },
})
