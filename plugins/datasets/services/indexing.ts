/**
 * The way of a document: waiting → parsing → splitting → indexing → completed, or error. Its steps look at what is stored, do what is
 * missing, and store it in short transactions, so that after a crash at any point another run goes on from there; two runs at once do the
 * same work twice to the same end. A run of an earlier generation, or of a document that is gone or paused, finds no row to lock and
 * leaves nothing behind.
 *
 * A run ends when its time is up, and whoever began it begins the next one, after others have had their turn.
 */
import { database, service } from '../../../core/index.ts'
import { traffic } from '../../platform/ports.ts'
import { datasetsConfig } from '../config.ts'
import type { DocumentRow } from '../models/document.ts'
import { indexingEntries } from './indexing-entries.ts'
import { indexingRemoval } from './indexing-removal.ts'
import { indexingSegments } from './indexing-segments.ts'
import { indexingTasks, keyOf, OF_TASK, SEGMENTS_OF_TASK, sliceOf } from './indexing-task.ts'
import type { Slice, Step, Task } from './indexing-task.ts'

export type { Task } from './indexing-task.ts'
export interface Indexing {
  /**
   * Resolves to whether there is more to do: false when the document is completed, or nothing is to be done. Throws a `DocumentFault` where
   * another attempt would end alike.
   */
  run(task: Task, signal: AbortSignal): Promise<boolean>
  /** Puts the document into the state `error`, with a message for whoever sent it. A document that is paused stays so. */
  fail(task: Task, message: string): Promise<void>
}
/** Segments per statement. */
const BATCH = 500

export const indexing = service('datasets.indexing', {
  uses: { db: database, tasks: indexingTasks, segments: indexingSegments, entries: indexingEntries, removal: indexingRemoval, traffic, config: datasetsConfig },
  create: ({ db, tasks, segments, entries, removal, traffic, config }): Indexing => {
    const firstHalf = async (task: Task, document: DocumentRow, slice: Slice): Promise<Step> => {
      if (document.splitting_completed_at === null) return segments.store(task, document, slice)
      return document.indexing_status === 'waiting' ? entries.reset(task, document, slice) : 'done'
    }
    const blameSegments = async (task: Task, message: string): Promise<void> => {
      for (let last: number | null = 0; last !== null;) {
        const [marked]: { last: number | null }[] = await db.query(
          `WITH marked AS (
             UPDATE document_segments SET status = 'error', error = $4, stopped_at = now()
             WHERE ${SEGMENTS_OF_TASK} AND position IN (
               SELECT position FROM document_segments WHERE ${SEGMENTS_OF_TASK} AND status <> 'completed' AND position > $5 ORDER BY position LIMIT ${BATCH})
             RETURNING position)
           SELECT max(position) AS last FROM marked`, [...keyOf(task), message, last])
        last = marked?.last ?? null
      }
    }
    return {
      run: async (task, signal) => {
        const document = await tasks.begin(task)
        if (!document) return false
        const slice = sliceOf(config.sliceMs, signal, traffic)
        const rest = tasks.keepAlive(task)
        try {
          const step = await firstHalf(task, document, slice)
          return (step === 'done' ? await entries.write(task, document, slice) : step) === 'later'
        } finally {
          rest()
        }
      },
      fail: async (task, reason) => {
        const message = reason.replaceAll('\0', '').slice(0, 2000)
        const [failed] = await db.query<DocumentRow>(
          `UPDATE documents SET indexing_status = 'error', error = $4, stopped_at = now(), updated_at = now(), checked_at = now()
           WHERE ${OF_TASK} AND indexing_status NOT IN ('completed', 'error') AND NOT is_paused RETURNING *`, [...keyOf(task), message])
        if (!failed) return
        // A part of a text is of no use to anybody.
        if (failed.splitting_completed_at === null) await removal.own(task, failed.dataset_id, ['error'])
        else await blameSegments(task, message)
      },
    }
  },
})
