/** What all steps of an indexing share: which content of which document they are about, the lock under which they write, and their time. */
import { database, service } from '../../../core/index.ts'
import type { Traffic } from '../../platform/ports.ts'
import { datasetsConfig } from '../config.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { DocumentRow, IndexingStatus } from '../models/document.ts'

/** One content of one document. */
export interface Task { readonly workspace_id: string; readonly document_id: string; readonly generation: number }
/** `later`: there is more to do, and others go first. `gone`: deleted, replaced, paused, or otherwise no longer this run's business. */
export type Step = 'done' | 'later' | 'gone'

/** Of a statement on `documents` and on `document_segments`, whose first three values are those of `keyOf`. */
export const OF_TASK = 'workspace_id = $1 AND id = $2 AND generation = $3'
export const SEGMENTS_OF_TASK = 'workspace_id = $1 AND document_id = $2 AND generation = $3'
export const keyOf = (task: Task): readonly [string, string, number] => [task.workspace_id, task.document_id, task.generation]

/** The time of one run. */
export interface Slice {
  readonly signal: AbortSignal
  /** To be asked between two batches: lets requests go first, and throws where the run is to end. */
  isOver(): Promise<boolean>
  /** Says that all so far only went over what is done already. */
  caughtUp(): void
  /** There is no good place to stop before the end. */
  extend(): void
}
/** While requests are being answered, an indexing rests for so many times as long as it has worked. */
const RESTS = 3
export const sliceOf = (ms: number, signal: AbortSignal, traffic: Traffic): Slice => {
  const began = Date.now()
  let until = began + ms
  let rested = performance.now()
  return {
    signal,
    isOver: async () => {
      await traffic.gap(RESTS * (performance.now() - rested))
      rested = performance.now()
      signal.throwIfAborted()
      return Date.now() >= until
    },
    // Whoever needs long to find the place where it stopped then works for longer, or it would do little else.
    caughtUp: () => { until = Math.max(until, Date.now() + 3 * (Date.now() - began)) },
    extend: () => { until = Infinity },
  }
}

export interface Locked { readonly dataset: DatasetRow; readonly document: DocumentRow }
export interface IndexingTasks {
  /** Marks the document as being worked on; undefined where there is nothing to do. */
  begin(task: Task): Promise<DocumentRow | undefined>
  /**
   * Inside a transaction: keeps the document from being deleted, replaced or paused until it ends. Undefined where that has happened, or
   * it is in none of these states. The dataset comes first, as in a deletion; what it says is read once the document is held, so that it
   * is no older than what the document says.
   */
  lock(task: Task, datasetId: string, states: readonly IndexingStatus[]): Promise<Locked | undefined>
  /** Inside a transaction, after `lock`: it has come further. */
  advance(task: Task): Promise<unknown>
  /** A sign of life, for as long as there is no other. Returns how to end it. */
  keepAlive(task: Task): () => void
}

export const indexingTasks = service('datasets.indexing-tasks', {
  uses: { db: database, config: datasetsConfig },
  create: ({ db, config }): IndexingTasks => ({
    begin: async (task) => (await db.query<DocumentRow>(
      `UPDATE documents SET checked_at = now(), processing_started_at = COALESCE(processing_started_at, now()),
         indexing_status = CASE WHEN indexing_status = 'waiting' AND splitting_completed_at IS NULL THEN 'parsing' ELSE indexing_status END
       WHERE ${OF_TASK} AND indexing_status NOT IN ('completed', 'error') AND NOT is_paused RETURNING *`, keyOf(task)))[0],
    lock: async (task, datasetId, states) => {
      const of = [task.workspace_id, datasetId]
      await db.query('SELECT 1 FROM datasets WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE', of)
      const [document] = await db.query<DocumentRow>(
        `SELECT * FROM documents WHERE ${OF_TASK} AND indexing_status = ANY ($4) AND NOT is_paused FOR UPDATE`, [...keyOf(task), states])
      const [dataset] = document ? await db.query<DatasetRow>('SELECT * FROM datasets WHERE workspace_id = $1 AND id = $2', of) : []
      return document && dataset && { dataset, document }
    },
    advance: (task) => db.query(`UPDATE documents SET checked_at = now(), stalls = 0 WHERE ${OF_TASK}`, keyOf(task)),
    keepAlive: (task) => {
      // Whoever hangs for good is not to look alive for ever.
      let left = 4 * Math.ceil((config.extractMs + config.patience) / config.patience)
      const timer = setInterval(() => {
        left -= 1
        if (left === 0) clearInterval(timer)
        db.query(`UPDATE documents SET checked_at = now() WHERE ${OF_TASK}`, keyOf(task)).catch(() => undefined)
      }, config.patience / 4)
      return () => { clearInterval(timer) }
    },
  }),
})
