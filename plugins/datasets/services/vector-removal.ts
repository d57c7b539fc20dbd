/** Removes the vectors of a dataset that has none any more, a few at a time. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { database, service } from '../../../core/index.ts'
import { vectorIndex } from '../ports.ts'

export interface VectorRemoval {
  /** Ends early, and leaves the rest, where the dataset has vectors again. */
  remove(workspaceId: string, datasetId: string, signal: AbortSignal): Promise<void>
}

export const vectorRemoval = service('datasets.vector-removal', {
  uses: { db: database, vectorIndex },
  create: ({ db, vectorIndex }): VectorRemoval => {
    const size = db.exclusive ? 200 : 1000
    /** Of the segments after `last`, in order; the position that it came to. */
    const batch = (workspaceId: string, datasetId: string, documentId: string, last: number): Promise<number | undefined> => db.transaction(async () => {
      const of = [workspaceId, datasetId]
      await db.query('SELECT 1 FROM datasets WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE', of)
      // Held, so that nothing that is just being stored for it comes afterwards.
      const [document] = await db.query<{ generation: number }>(
        'SELECT generation FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND id = $3 FOR UPDATE', [...of, documentId])
      const rows = await db.query<{ id: string; position: number }>(
        `SELECT id, position FROM document_segments WHERE workspace_id = $1 AND document_id = $3 AND generation = $4 AND position > $5
           AND (SELECT indexing_technique FROM datasets WHERE workspace_id = $1 AND id = $2) = 'economy'
         ORDER BY position LIMIT ${size}`, [...of, documentId, document?.generation, last])
      if (rows.length > 0) await vectorIndex.remove({ workspaceId, id: datasetId }, { segmentIds: rows.map(({ id }) => id) })
      return rows.length < size ? undefined : rows.at(-1)?.position
    })
    return {
      remove: async (workspaceId, datasetId, signal) => {
        const documents = await db.query<{ id: string }>('SELECT id FROM documents WHERE workspace_id = $1 AND dataset_id = $2', [workspaceId, datasetId])
        for (const { id } of documents) {
          for (let last: number | undefined = 0; last !== undefined;) {
            last = await batch(workspaceId, datasetId, id, last)
            await nextTurn()
            signal.throwIfAborted()
          }
        }
      },
    }
  },
})
