/**
 * The way of a document: waiting → parsing → splitting → indexing → completed, or error. Each step looks at what is stored, does what
 * is missing, and stores it in one transaction together with the new state, so that after a crash at any point another run goes on from
 * there; two runs at once do the same work twice to the same end. A run of an earlier generation, or of a document that is gone, finds
 * no row to lock and leaves nothing behind.
 */
import { createHash, randomUUID } from 'node:crypto'
import { database, errors, HttpError, service } from '../../../core/index.ts'
import { models } from '../../models/ports.ts'
import { codePoints } from '../chunking/split.ts'
import { datasetsConfig } from '../config.ts'
import { DocumentFault } from '../errors.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { DocumentRow } from '../models/document.ts'
import type { SegmentRow } from '../models/segment.ts'
import { textIndex, vectorIndex } from '../ports.ts'
import { passages } from './passages.ts'

/** One content of one document. */
export interface Task { readonly workspace_id: string; readonly document_id: string; readonly generation: number }
export interface Indexing {
  /** Ends when the document is completed, or there is nothing to do. Throws a `DocumentFault` where another attempt would end alike. */
  run(task: Task, signal: AbortSignal): Promise<void>
  /** Puts the document into the state `error`, with a message for whoever sent it. */
  fail(task: Task, message: string): Promise<void>
}
type Batch = readonly Pick<SegmentRow, 'id' | 'position' | 'content'>[]

const OF_TASK = 'workspace_id = $1 AND id = $2 AND generation = $3'
const SEGMENTS_OF_TASK = 'workspace_id = $1 AND document_id = $2 AND generation = $3'
const ROWS_PER_INSERT = 500

export const indexing = service('datasets.indexing', {
  uses: { db: database, models, passages, vectorIndex, textIndex, config: datasetsConfig },
  create: ({ db, models, passages, vectorIndex, textIndex, config }): Indexing => {
    const key = (task: Task): readonly unknown[] => [task.workspace_id, task.document_id, task.generation]

    const begin = async (task: Task): Promise<DocumentRow | undefined> => (await db.query<DocumentRow>(
      `UPDATE documents SET checked_at = now(), processing_started_at = COALESCE(processing_started_at, now()),
         indexing_status = CASE indexing_status WHEN 'indexing' THEN 'indexing' ELSE 'parsing' END
       WHERE ${OF_TASK} AND indexing_status NOT IN ('completed', 'error') AND NOT is_paused RETURNING *`, key(task)))[0]

    /** Inside a transaction: the document, kept from being deleted or replaced until it ends; the dataset comes first, as in a deletion. */
    const lock = async (task: Task, datasetId: string): Promise<{ dataset: DatasetRow; document: DocumentRow } | undefined> => {
      const [dataset] = await db.query<DatasetRow>('SELECT * FROM datasets WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE', [task.workspace_id, datasetId])
      const [document] = await db.query<DocumentRow>(`SELECT * FROM documents WHERE ${OF_TASK} FOR UPDATE`, key(task))
      return dataset && document && { dataset, document }
    }

    const storeSegments = async (task: Task, datasetId: string, found: readonly string[]): Promise<void> => {
      const locked = await lock(task, datasetId)
      if (!locked || locked.document.indexing_status === 'indexing' || locked.document.indexing_status === 'completed') return
      const at = { workspaceId: task.workspace_id, id: datasetId }
      if (task.generation > 1) {
        await vectorIndex.remove(at, { documentId: task.document_id })
        await textIndex.remove(at, { documentId: task.document_id })
        await db.query('DELETE FROM document_segments WHERE workspace_id = $1 AND document_id = $2', [task.workspace_id, task.document_id])
      }
      let words = 0
      for (let start = 0; start < found.length; start += ROWS_PER_INSERT) {
        const contents = found.slice(start, start + ROWS_PER_INSERT)
        const lengths = contents.map(codePoints)
        words += lengths.reduce((sum, length) => sum + length, 0)
        await db.query(
          `INSERT INTO document_segments (workspace_id, document_id, generation, dataset_id, created_by, id, position, content, word_count, index_node_hash)
           SELECT $1::uuid, $2::uuid, $3::int, $4::uuid, $5::uuid, * FROM unnest($6::uuid[], $7::int[], $8::text[], $9::int[], $10::text[])`,
          [
            ...key(task), datasetId, locked.document.created_by,
            contents.map(() => randomUUID()), contents.map((_, index) => start + index + 1), contents, lengths, contents.map(sha256),
          ])
      }
      await db.query(
        `UPDATE documents SET indexing_status = 'indexing', cleaning_completed_at = now(), splitting_completed_at = now(), word_count = $4,
           checked_at = now(), stalls = 0
         WHERE ${OF_TASK}`, [...key(task), words])
    }

    const nextBatch = async (task: Task): Promise<Batch> => {
      const rows = await db.query<Batch[number]>(
        `UPDATE document_segments SET status = 'indexing', indexing_at = COALESCE(indexing_at, now()) WHERE id IN (
           SELECT id FROM document_segments WHERE ${SEGMENTS_OF_TASK} AND status <> 'completed' ORDER BY position LIMIT $4)
         RETURNING id, position, content`, [...key(task), config.batchSize])
      return rows.sort((a, b) => a.position - b.position)
    }

    const embed = async (task: Task, dataset: DatasetRow, texts: readonly string[], signal: AbortSignal) => {
      const { embedding_model_provider: provider, embedding_model: model } = dataset
      if (!provider || !model) throw new DocumentFault('The dataset has no embedding model. Choose one in its settings and send the document again.')
      try {
        const made = await models.embed(task.workspace_id, { provider, model }, { texts, purpose: 'document', signal })
        if (made.vectors.length !== texts.length) throw new Error(`${provider}/${model} returned ${made.vectors.length} vectors for ${texts.length} texts`)
        return made
      } catch (error) {
        // The request itself is refused: an unknown model, a missing key. To ask again would not help, unless it only came too soon.
        throw error instanceof HttpError && error.status < 500 && error.status !== errors.tooManyRequests.status ? new DocumentFault(error.message, { cause: error }) : error
      }
    }

    /** Whether the document was still there to be indexed. */
    const indexBatch = async (task: Task, dataset: DatasetRow, batch: Batch, signal: AbortSignal): Promise<boolean> => {
      const texts = batch.map(({ content }) => content)
      const made = dataset.indexing_technique === 'high_quality' ? await embed(task, dataset, texts, signal) : undefined
      const keywords = texts.map((text) => textIndex.keywords(text, config.keywords))
      return db.transaction(async () => {
        if (!await lock(task, dataset.id)) return false
        const at = { workspaceId: task.workspace_id, id: dataset.id }
        const of = batch.map(({ id }) => ({ segmentId: id, documentId: task.document_id }))
        if (made) await vectorIndex.write(at, of.map((entry, index) => ({ ...entry, id: entry.segmentId, vector: made.vectors[index] as Float32Array })))
        await textIndex.write(at, of.map((entry, index) => ({ ...entry, text: texts[index] as string })))
        await db.query(
          `UPDATE document_segments s SET status = 'completed', error = NULL, completed_at = now(), updated_at = now(), tokens = new.tokens,
             keywords = ARRAY(SELECT jsonb_array_elements_text(new.keywords))
           FROM unnest($4::uuid[], $5::int[], $6::jsonb[]) AS new (id, tokens, keywords)
           WHERE s.workspace_id = $1 AND s.document_id = $2 AND s.generation = $3 AND s.id = new.id AND s.status <> 'completed'`,
          [
            ...key(task), batch.map(({ id }) => id), shares(made?.tokens ?? 0, texts.map((text) => text.length)),
            keywords.map((list) => JSON.stringify(list)),
          ])
        await db.query(`UPDATE documents SET checked_at = now(), stalls = 0 WHERE ${OF_TASK}`, key(task))
        return true
      })
    }

    const finish = (task: Task): Promise<unknown> => db.query(
      `UPDATE documents SET indexing_status = 'completed', error = NULL, stopped_at = NULL, completed_at = now(), updated_at = now(), checked_at = now(),
         indexing_latency = EXTRACT(EPOCH FROM now() - processing_started_at),
         tokens = (SELECT COALESCE(sum(tokens), 0) FROM document_segments WHERE ${SEGMENTS_OF_TASK})
       WHERE ${OF_TASK} AND indexing_status = 'indexing'
         AND NOT EXISTS (SELECT 1 FROM document_segments WHERE ${SEGMENTS_OF_TASK} AND status <> 'completed')`, key(task))

    return {
      run: async (task, signal) => {
        const document = await begin(task)
        if (!document) return
        if (document.indexing_status !== 'indexing') {
          const text = await passages.read(document, signal)
          await db.query(
            `UPDATE documents SET indexing_status = 'splitting', parsing_completed_at = now(), checked_at = now()
             WHERE ${OF_TASK} AND indexing_status = 'parsing'`, key(task))
          const found = await passages.cut(document, text)
          signal.throwIfAborted()
          await db.transaction(() => storeSegments(task, document.dataset_id, found))
        }
        const [dataset] = await db.query<DatasetRow>('SELECT * FROM datasets WHERE workspace_id = $1 AND id = $2', [task.workspace_id, document.dataset_id])
        if (!dataset) return
        for (let batch = await nextBatch(task); batch.length > 0; batch = await nextBatch(task)) {
          signal.throwIfAborted()
          if (!await indexBatch(task, dataset, batch, signal)) return
        }
        await finish(task)
      },
      fail: (task, reason) => db.transaction(async () => {
        const message = reason.replaceAll('\0', '').slice(0, 2000)
        const [failed] = await db.query(
          `UPDATE documents SET indexing_status = 'error', error = $4, stopped_at = now(), updated_at = now(), checked_at = now()
           WHERE ${OF_TASK} AND indexing_status NOT IN ('completed', 'error') RETURNING id`, [...key(task), message])
        if (!failed) return
        await db.query(
          `UPDATE document_segments SET status = 'error', error = $4, stopped_at = now()
           WHERE ${SEGMENTS_OF_TASK} AND status <> 'completed'`, [...key(task), message])
      }),
    }
  },
})

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Whole numbers in proportion to the weights, whose sum is the total. */
const shares = (total: number, weights: readonly number[]): number[] => {
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
