/** Takes segments away together with their index entries, a few at a time: neither a lock nor the one session of an embedded database is held for long. */
import { database, service } from '../../../core/index.ts'
import type { IndexingStatus } from '../models/document.ts'
import { textIndex, vectorIndex } from '../ports.ts'
import { indexingTasks, keyOf } from './indexing-task.ts'
import type { Slice, Step, Task } from './indexing-task.ts'

export interface IndexingRemoval {
  /** What earlier contents of the document have left. */
  earlier(task: Task, datasetId: string, slice: Slice): Promise<Step>
  /** What is stored of this very content, where the document is in one of these states. */
  own(task: Task, datasetId: string, states: readonly IndexingStatus[]): Promise<Step>
}

export const indexingRemoval = service('datasets.indexing-removal', {
  uses: { db: database, tasks: indexingTasks, vectorIndex, textIndex },
  create: ({ db, tasks, vectorIndex, textIndex }): IndexingRemoval => {
    const size = db.exclusive ? 50 : 250
    /** How many were removed; undefined where the document is not there to be worked on. */
    const some = (task: Task, datasetId: string, states: readonly IndexingStatus[], which: string): Promise<number | undefined> => db.transaction(async () => {
      if (!await tasks.lock(task, datasetId, states)) return undefined
      const rows = await db.query<{ id: string }>(
        `SELECT id FROM document_segments WHERE workspace_id = $1 AND document_id = $2 AND ${which} ORDER BY generation, position LIMIT ${size}`, keyOf(task))
      const segmentIds = rows.map(({ id }) => id)
      if (segmentIds.length === 0) return 0
      const at = { workspaceId: task.workspace_id, id: datasetId }
      await vectorIndex.remove(at, { segmentIds })
      await textIndex.remove(at, { segmentIds })
      await db.query('DELETE FROM document_segments WHERE workspace_id = $1 AND id = ANY ($2::uuid[])', [task.workspace_id, segmentIds])
      await tasks.advance(task)
      return segmentIds.length
    })
    return {
      earlier: async (task, datasetId, slice) => {
        for (;;) {
          const removed = await some(task, datasetId, ['parsing', 'splitting'], 'generation < $3')
          if (removed === undefined) return 'gone'
          if (removed < size) return 'done'
          if (await slice.isOver()) return 'later'
        }
      },
      own: async (task, datasetId, states) => {
        for (;;) {
          const removed = await some(task, datasetId, states, 'generation = $3')
          if (removed === undefined) return 'gone'
          if (removed < size) return 'done'
        }
      },
    }
  },
})
