/** Documents that wait, or have stopped half-way, without anybody working on them. */
import { database, queue, service } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { enqueueIndexing } from '../jobs/index-document.ts'
import { indexing } from './indexing.ts'

export interface Stragglers {
  /** Enqueues them again and returns how many there were. */
  resume(signal: AbortSignal): Promise<number>
}
interface Found { workspace_id: string; document_id: string; generation: number; stalls: number }

const PAGE = 50
/** A document during whose indexing the process died so often will not end better the next time. */
const MOST_STALLS = 5

export const stragglers = service('datasets.stragglers', {
  uses: { db: database, queue, indexing, config: datasetsConfig },
  create: ({ db, queue, indexing, config }): Stragglers => {
    const started = Date.now()
    const page = (): Promise<Found[]> => db.transaction(async () => {
      // Where no other process can be at work, nothing is that this one has not touched since it started.
      const before = new Date(db.exclusive ? Math.max(started, Date.now() - config.patience) : Date.now() - config.patience)
      const found = await db.query<Found>(
        `UPDATE documents SET checked_at = now(), stalls = stalls + CASE indexing_status WHEN 'waiting' THEN 0 ELSE 1 END
         WHERE id IN (SELECT id FROM documents WHERE indexing_status NOT IN ('completed', 'error') AND NOT is_paused AND checked_at < $1
                      ORDER BY checked_at LIMIT ${PAGE} FOR UPDATE SKIP LOCKED)
         RETURNING workspace_id, id AS document_id, generation, stalls`, [before])
      for (const { stalls, ...task } of found) if (stalls <= MOST_STALLS) await enqueueIndexing(queue, task)
      return found
    })
    return {
      resume: async (signal) => {
        let all = 0
        for (let count = PAGE; count === PAGE && !signal.aborted; all += count) {
          const found = await page()
          count = found.length
          for (const { stalls, ...task } of found) {
            if (stalls > MOST_STALLS) await indexing.fail(task, `Indexing was begun ${stalls} times and never came further. Split the document, or send it in another format.`)
          }
        }
        return all
      },
    }
  },
})
