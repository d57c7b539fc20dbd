/**
 * The first half of an indexing: a document's passages become segments that are found by their words. They are stored a batch at a time,
 * in order, each batch with its entries in the text index, so that what is stored is always the beginning of the document. Where nothing
 * is to be embedded, a segment is thereby complete, and is written once.
 *
 * The ids follow from document, generation and position. A run that goes on after another reads the text again up to where that one
 * stopped; of two at once, each leaves alone what the other has stored.
 */
import { createHash } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { codePoints } from '../chunking/code-points.ts'
import { datasetsConfig } from '../config.ts'
import type { DocumentRow } from '../models/document.ts'
import { textOf } from '../models/segment.ts'
import { textIndex } from '../ports.ts'
import { indexingRemoval } from './indexing-removal.ts'
import { indexingTasks, keyOf, OF_TASK, SEGMENTS_OF_TASK } from './indexing-task.ts'
import type { Locked, Slice, Step, Task } from './indexing-task.ts'
import { modelPairs } from './model-pairs.ts'
import { passages } from './passages.ts'
import type { Piece } from './passages.ts'
import { takingTurns } from './turns.ts'

export interface IndexingSegments {
  /** Ends with `done` once all segments of the document are stored. Throws a `DocumentFault` where another attempt would end alike. */
  store(task: Task, document: DocumentRow, slice: Slice): Promise<Step>
}
/** Passages that are read and analysed before others have a turn: some milliseconds. */
const TURN = 4
/** Milliseconds after which what is there is stored, however little it is: what a model makes comes slowly. */
const HOLD = 1_000
interface NewSegment extends Piece { readonly id: string; readonly position: number; readonly hash: string; readonly keywords: readonly string[] }

const insertSegments = `
  INSERT INTO document_segments (workspace_id, document_id, generation, dataset_id, created_by, status, indexing_at, completed_at,
    id, position, content, answer, word_count, index_node_hash, keywords)
  SELECT $1::uuid, $2::uuid, $3::int, $4::uuid, $5::uuid, $6::text, now(), CASE $6::text WHEN 'completed' THEN now() END,
    id, position, content, answer, word_count, hash, string_to_array(keywords, E'\\n')
  FROM unnest($7::uuid[], $8::int[], $9::text[], $10::text[], $11::int[], $12::text[], $13::text[])
    AS new (id, position, content, answer, word_count, hash, keywords)
  ON CONFLICT (document_id, generation, position) DO NOTHING RETURNING id`

const insertChildren = `
  INSERT INTO child_chunks (workspace_id, document_id, dataset_id, created_by, status, id, segment_id, position, content, word_count, index_node_hash)
  SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::text, * FROM unnest($6::uuid[], $7::uuid[], $8::int[], $9::text[], $10::int[], $11::text[])`

export const indexingSegments = service('datasets.indexing-segments', {
  uses: { db: database, tasks: indexingTasks, removal: indexingRemoval, passages, modelPairs, textIndex, config: datasetsConfig },
  create: ({ db, tasks, removal, passages, modelPairs, textIndex, config }): IndexingSegments => {
    // What one transaction writes: a few hundredths of a second of an embedded database, which nobody else can use meanwhile.
    const most = config.storeSize ?? (db.exclusive ? 20 : 150)
    const longest = most * 1000

    const newSegment = (task: Task, position: number, piece: Piece): NewSegment => ({
      ...piece, position, id: uuidOf(`${task.document_id}:${task.generation}:${position}`), hash: sha256(piece.content),
      keywords: textIndex.keywords(textOf(piece), config.keywords),
    })
    const storeChildren = async ({ dataset, document }: Locked, status: string, segments: readonly NewSegment[]): Promise<void> => {
      const rows = segments.flatMap(({ id, children }) => children.map((content, index) => ({ id: uuidOf(`${id}:${index + 1}`), of: id, position: index + 1, content })))
      if (rows.length === 0) return
      await db.query(insertChildren, [
        document.workspace_id, document.id, dataset.id, document.created_by, status,
        rows.map(({ id }) => id), rows.map(({ of }) => of), rows.map(({ position }) => position), rows.map(({ content }) => content),
        rows.map(({ content }) => codePoints(content)), rows.map(({ content }) => sha256(content)),
      ])
    }
    // One transaction at a time: two keep a database busy no better than one, and leave no room for requests.
    const inTurn = takingTurns()
    /** Whether the document was still there. */
    const storeBatch = (task: Task, datasetId: string, batch: readonly NewSegment[]): Promise<boolean> => inTurn('store', () => db.transaction(async () => {
      const locked = await tasks.lock(task, datasetId, ['parsing', 'splitting'])
      if (!locked) return false
      const status = locked.dataset.indexing_technique === 'high_quality' ? 'waiting' : 'completed'
      const stored = await db.query<{ id: string }>(insertSegments, [
        ...keyOf(task), datasetId, locked.document.created_by, status,
        batch.map(({ id }) => id), batch.map(({ position }) => position), batch.map(({ content }) => content), batch.map(({ answer }) => answer),
        batch.map(({ content, answer }) => codePoints(content) + codePoints(answer ?? '')), batch.map(({ hash }) => hash),
        batch.map(({ keywords }) => keywords.join('\n')),
      ])
      const ids = new Set(stored.map(({ id }) => id))
      const fresh = batch.filter(({ id }) => ids.has(id))
      await storeChildren(locked, status, fresh)
      const entries = fresh.map((one) => ({ segmentId: one.id, documentId: task.document_id, text: textOf(one) }))
      await textIndex.write({ workspaceId: task.workspace_id, id: datasetId }, entries)
      await tasks.advance(task)
      return true
    }))

    const begun = (task: Task): Promise<unknown> => db.query(
      `UPDATE documents SET indexing_status = 'splitting', parsing_completed_at = now(), checked_at = now() WHERE ${OF_TASK} AND indexing_status = 'parsing'`,
      keyOf(task))
    const finish = (task: Task): Promise<unknown> => db.query(
      `UPDATE documents SET indexing_status = 'indexing', cleaning_completed_at = now(), splitting_completed_at = now(), checked_at = now(), stalls = 0,
         word_count = (SELECT COALESCE(sum(word_count), 0) FROM document_segments WHERE ${SEGMENTS_OF_TASK})
       WHERE ${OF_TASK} AND indexing_status = 'splitting' AND NOT is_paused`, keyOf(task))

    /** The last of what is stored; what lies before it is stored too. */
    const lastStored = async (task: Task): Promise<{ position: number; hash: string } | undefined> => (await db.query<{ position: number; hash: string }>(
      `SELECT position, index_node_hash AS hash FROM document_segments WHERE ${SEGMENTS_OF_TASK} ORDER BY position DESC LIMIT 1`, keyOf(task)))[0]

    /** `differs`: what is stored is not the beginning of what is read now. */
    const goOn = async (task: Task, document: DocumentRow, slice: Slice): Promise<Step | 'differs'> => {
      const last = await lastStored(task)
      const stored = last?.position ?? 0
      let position = 0
      let batch: NewSegment[] = []
      let [rows, length, since] = [0, 0, performance.now()]
      for await (const piece of passages.of(document, slice.signal)) {
        position += 1
        if (position === 1) await begun(task)
        if (position % TURN === 0) await slice.isOver()
        if (position <= stored) {
          if (position === stored && sha256(piece.content) !== last?.hash) return 'differs'
          if (position === stored) slice.caughtUp()
          continue
        }
        batch.push(newSegment(task, position, piece))
        rows += 1 + piece.children.length
        length += piece.content.length + (piece.answer?.length ?? 0)
        if (rows < most && length < longest && performance.now() - since < HOLD) continue
        if (!await storeBatch(task, document.dataset_id, batch)) return 'gone'
        batch = []
        rows = 0
        length = 0
        since = performance.now()
        if (await slice.isOver()) return 'later'
      }
      if (position < stored) return 'differs'
      if (batch.length > 0 && !await storeBatch(task, document.dataset_id, batch)) return 'gone'
      await finish(task)
      if (document.doc_form === 'qa_model') await modelPairs.forget(document)
      return 'done'
    }
    return {
      store: async (task, document, slice) => {
        const cleared = await removal.earlier(task, document.dataset_id, slice)
        if (cleared !== 'done') return cleared
        const step = await goOn(task, document, slice)
        if (step !== 'differs') return step
        // Whoever reads or cuts has learnt better meanwhile. All at once from now on: were it to differ each time, it would never end.
        slice.extend()
        if (await removal.own(task, document.dataset_id, ['parsing', 'splitting']) === 'gone') return 'gone'
        return await goOn(task, document, slice) as Step
      },
    }
  },
})

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
/** The same id for the same name, in the form of a UUID of version 8 (RFC 9562). */
const uuidOf = (name: string): string => {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16)
  bytes.writeUInt8(bytes.readUInt8(6) & 0x0F | 0x80, 6)
  bytes.writeUInt8(bytes.readUInt8(8) & 0x3F | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
