/** Documents that wait, or have stopped half-way, without anybody working on them. */
import { setTimeout as sleep } from 'node:timers/promises'
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
/** Milliseconds between two looks at what somebody holds, and for which it is looked for again. */
const PAUSE = 100
const PATIENCE = 10_000
const DUE = `indexing_status NOT IN ('completed', 'error') AND NOT is_paused AND checked_at < $1`

export const stragglers = service('datasets.stragglers', {
  uses: { db: database, queue, indexing, config: datasetsConfig },
  create: ({ db, queue, indexing, config }): Stragglers => {
    const started = Date.now()
    // Where no other process can be at work, nothing is that this one has not touched since it started.
    const before = (): Date => new Date(db.exclusive ? Math.max(started, Date.now() - config.patience) : Date.now() - config.patience)
    const page = (): Promise<Found[]> => db.transaction(async () => {
      const found = await db.query<Found>(
        `UPDATE documents SET checked_at = now(), stalls = stalls + CASE indexing_status WHEN 'waiting' THEN 0 ELSE 1 END
         WHERE id IN (SELECT id FROM documents WHERE ${DUE} ORDER BY checked_at LIMIT ${PAGE} FOR UPDATE SKIP LOCKED)
         RETURNING workspace_id, id AS document_id, generation, stalls`, [before()])
      for (const { stalls, ...task } of found) if (stalls <= MOST_STALLS) await enqueueIndexing(queue, task)
      return found
    })
    const isAnyDue = async (): Promise<boolean> => (await db.query(`SELECT 1 FROM documents WHERE ${DUE} LIMIT 1`, [before()])).length > 0
    return {
      resume: async (signal) => {
        const end = Date.now() + PATIENCE
        let all = 0
        for (let count = PAGE; !signal.aborted; all += count) {
          // Whoever holds a document may be about something else, such as its vectors of before, and would leave it waiting.
          if (count < PAGE && (Date.now() > end || !await isAnyDue())) break
          if (count === 0) await sleep(PAUSE)
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
