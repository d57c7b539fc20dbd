/**
 * The second half of an indexing: what is not complete yet is embedded, a batch at a time, each stored with the vectors that it gave. Of
 * parent-child documents the children are embedded, and a segment is complete when its last child is. Where the dataset has no vectors
 * there is nothing to embed, and all is completed by its words.
 */
import { database, errors, HttpError, service } from '../../../core/index.ts'
import { models } from '../../models/ports.ts'
import type { Embeddings } from '../../models/ports.ts'
import { datasetsConfig } from '../config.ts'
import { DocumentFault } from '../errors.ts'
import { embeddingModelOf } from '../models/dataset.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { DocumentRow } from '../models/document.ts'
import { vectorIndex } from '../ports.ts'
import { indexingTasks, keyOf, OF_TASK, SEGMENTS_OF_TASK } from './indexing-task.ts'
import type { Slice, Step, Task } from './indexing-task.ts'

export interface IndexingEntries {
  /** Ends with `done` once the document is completed. Throws a `DocumentFault` where another attempt would end alike. */
  write(task: Task, document: DocumentRow, slice: Slice): Promise<Step>
  /** Of a document whose segments are to be embedded by another model: makes them all incomplete, so that `write` has them to do. */
  reset(task: Task, document: DocumentRow, slice: Slice): Promise<Step>
}
/** A text to embed: a segment's own, or that of one of its children. Null: a parent without any. */
interface Entry { readonly id: string | null; readonly segment_id: string; readonly content: string }

/** How a dataset's vectors are made. */
export const methodOf = (row: DatasetRow): string => JSON.stringify([row.indexing_technique, row.embedding_model_provider, row.embedding_model])

const unfinished = `SELECT id, position, content FROM document_segments WHERE ${SEGMENTS_OF_TASK} AND status <> 'completed' ORDER BY position LIMIT $4`
const nextSegments = `SELECT id, id AS segment_id, content FROM (${unfinished}) AS s ORDER BY position`
const nextChildren = `
  SELECT c.id, s.id AS segment_id, COALESCE(c.content, '') AS content
  FROM (${unfinished}) AS s LEFT JOIN LATERAL (
    SELECT id, position, content FROM child_chunks WHERE workspace_id = $1 AND segment_id = s.id AND status <> 'completed' ORDER BY position LIMIT $4
  ) AS c ON true
  ORDER BY s.position, c.position LIMIT $4`

// A segment that is complete stays so, and has its tokens already.
const completeSegments = `
  UPDATE document_segments s SET tokens = s.tokens + new.tokens, updated_at = now(), error = NULL,
    status = CASE WHEN open.children THEN s.status ELSE 'completed' END, completed_at = CASE WHEN open.children THEN NULL ELSE now() END
  FROM unnest($4::uuid[], $5::int[]) AS new (id, tokens) CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT 1 FROM child_chunks c WHERE c.workspace_id = $1 AND c.segment_id = new.id AND c.status <> 'completed') AS children) AS open
  WHERE s.workspace_id = $1 AND s.document_id = $2 AND s.generation = $3 AND s.id = new.id AND s.status <> 'completed'`

export const indexingEntries = service('datasets.indexing-entries', {
  uses: { db: database, tasks: indexingTasks, models, vectorIndex, config: datasetsConfig },
  create: ({ db, tasks, models, vectorIndex, config }): IndexingEntries => {
    const size = db.exclusive ? 200 : 1000

    const embed = async (task: Task, dataset: DatasetRow, texts: readonly string[], signal: AbortSignal): Promise<Embeddings> => {
      const model = embeddingModelOf(dataset)
      if (!model) throw new DocumentFault('The dataset has no embedding model. Choose one in its settings and send the document again.')
      try {
        const made = await models.embed(task.workspace_id, model, { texts, purpose: 'document', signal })
        if (made.vectors.length !== texts.length) throw new Error(`${model.provider}/${model.model} returned ${made.vectors.length} vectors for ${texts.length} texts`)
        return made
      } catch (error) {
        // The request itself is refused: an unknown model, a missing key. To ask again would not help, unless it only came too soon.
        throw error instanceof HttpError && error.status < 500 && error.status !== errors.tooManyRequests.status ? new DocumentFault(error.message, { cause: error }) : error
      }
    }
    /** Of these entries, those that nobody has completed meanwhile. */
    const stillOpen = async (task: Task, entries: readonly Entry[]): Promise<ReadonlySet<string | null>> => {
      const done = await db.query<{ id: string }>(
        `UPDATE child_chunks SET status = 'completed', updated_at = now() WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) AND status <> 'completed' RETURNING id`,
        [task.workspace_id, entries.flatMap(({ id }) => id ?? [])])
      return new Set(done.map(({ id }) => id))
    }
    /** Whether the document was still there to be indexed. What was embedded in a way that is no longer the dataset's is thrown away. */
    const embedBatch = async (task: Task, document: DocumentRow, dataset: DatasetRow, entries: readonly Entry[], signal: AbortSignal): Promise<boolean> => {
      const texts = entries.filter(({ id }) => id !== null)
      const made = texts.length > 0 ? await embed(task, dataset, texts.map(({ content }) => content), signal) : { vectors: [], tokens: 0 }
      return db.transaction(async () => {
        const locked = await tasks.lock(task, dataset.id, ['indexing'])
        if (!locked) return false
        if (methodOf(locked.dataset) !== methodOf(dataset)) return true
        await vectorIndex.write({ workspaceId: task.workspace_id, id: dataset.id }, texts.map(({ id, segment_id }, index) => (
          { id: id as string, segmentId: segment_id, documentId: task.document_id, vector: made.vectors[index] as Float32Array })))
        const open = document.doc_form === 'hierarchical_model' ? await stillOpen(task, entries) : undefined
        const tokens = new Map(entries.map(({ segment_id }) => [segment_id, 0]))
        for (const [index, share] of shares(made.tokens, texts.map(({ content }) => content.length)).entries()) {
          const { id, segment_id } = texts[index] as Entry
          if (!open || open.has(id)) tokens.set(segment_id, (tokens.get(segment_id) ?? 0) + share)
        }
        await db.query(completeSegments, [...keyOf(task), [...tokens.keys()], [...tokens.values()]])
        await tasks.advance(task)
        return true
      })
    }
    /** Without vectors: whether the document is still there, and whether there may be more to complete. */
    const completeBatch = (task: Task, dataset: DatasetRow): Promise<{ there: boolean; more: boolean }> => db.transaction(async () => {
      const locked = await tasks.lock(task, dataset.id, ['indexing'])
      if (!locked) return { there: false, more: false }
      if (methodOf(locked.dataset) !== methodOf(dataset)) return { there: true, more: true }
      const done = await db.query<{ id: string }>(
        `UPDATE document_segments SET status = 'completed', error = NULL, completed_at = now(), updated_at = now()
         WHERE id IN (SELECT id FROM (${unfinished}) AS s) RETURNING id`, [...keyOf(task), size])
      if (done.length === 0) return { there: true, more: false }
      await db.query(`UPDATE child_chunks SET status = 'completed' WHERE workspace_id = $1 AND segment_id = ANY ($2::uuid[])`, [task.workspace_id, done.map(({ id }) => id)])
      await tasks.advance(task)
      return { there: true, more: true }
    })

    /** Only where all that there is belongs to this content and is complete. */
    const finish = (task: Task): Promise<unknown> => db.query(
      `UPDATE documents SET indexing_status = 'completed', error = NULL, stopped_at = NULL, completed_at = now(), updated_at = now(), checked_at = now(),
         indexing_latency = EXTRACT(EPOCH FROM now() - processing_started_at),
         tokens = (SELECT COALESCE(sum(tokens), 0) FROM document_segments WHERE ${SEGMENTS_OF_TASK})
       WHERE ${OF_TASK} AND indexing_status = 'indexing' AND NOT is_paused
         AND NOT EXISTS (SELECT 1 FROM document_segments WHERE ${SEGMENTS_OF_TASK} AND status <> 'completed')
         AND NOT EXISTS (SELECT 1 FROM document_segments WHERE workspace_id = $1 AND document_id = $2 AND generation < $3)`, keyOf(task))

    return {
      write: async (task, document, slice) => {
        for (;;) {
          const [dataset] = await db.query<DatasetRow>('SELECT * FROM datasets WHERE workspace_id = $1 AND id = $2', [task.workspace_id, document.dataset_id])
          if (!dataset) return 'gone'
          if (dataset.indexing_technique === 'high_quality') {
            const entries = await db.query<Entry>(document.doc_form === 'hierarchical_model' ? nextChildren : nextSegments, [...keyOf(task), config.batchSize])
            if (entries.length === 0) break
            if (!await embedBatch(task, document, dataset, entries, slice.signal)) return 'gone'
          } else {
            const { there, more } = await completeBatch(task, dataset)
            if (!there) return 'gone'
            if (!more) break
          }
          if (await slice.isOver()) return 'later'
        }
        await finish(task)
        return 'done'
      },
      reset: async (task, document, slice) => {
        for (let last = 0; ;) {
          const next = await db.transaction(async (): Promise<Step | number> => {
            if (!await tasks.lock(task, document.dataset_id, ['waiting'])) return 'gone'
            const rows = await db.query<{ id: string; position: number }>(
              `SELECT id, position FROM document_segments WHERE ${SEGMENTS_OF_TASK} AND position > $4 ORDER BY position LIMIT ${size}`, [...keyOf(task), last])
            const ids = rows.map(({ id }) => id)
            await db.query(
              `UPDATE document_segments SET status = 'waiting', tokens = 0, completed_at = NULL WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) AND status = 'completed'`,
              [task.workspace_id, ids])
            await db.query(
              `UPDATE child_chunks SET status = 'waiting' WHERE workspace_id = $1 AND segment_id = ANY ($2::uuid[]) AND status = 'completed'`, [task.workspace_id, ids])
            await db.query(
              `UPDATE documents SET checked_at = now(), stalls = 0, indexing_status = CASE WHEN $4 THEN 'indexing' ELSE indexing_status END WHERE ${OF_TASK}`,
              [...keyOf(task), rows.length < size])
            return rows.length < size ? 'done' : rows.at(-1)?.position ?? 0
          })
          if (typeof next === 'string') return next
          last = next
          if (await slice.isOver()) return 'later'
        }
      },
    }
  },
})

/** Whole numbers in proportion to the weights, whose sum is the total. */
export const shares = (total: number, weights: readonly number[]): number[] => {
  const sum = weights.reduce((all, weight) => all + weight, 0)
  let seen = 0
  let given = 0
  return weights.map((weight) => {
    seen += weight
    const share = Math.round(total * seen / sum) - given
    given += share
    return share
  })
}
