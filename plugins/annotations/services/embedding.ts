/** Brings about that the questions of an app have vectors: batch by batch, so that a run after a crash goes on where the one before stopped. */
import { database, errors, HttpError, service } from '../../../core/index.ts'
import { models } from '../../models/ports.ts'
import type { ModelRef } from '../../models/ports.ts'
import { annotationsConfig } from '../config.ts'
import { AnnotationVector } from '../models/annotation.ts'
import type { OfApp } from './settings.ts'
import { toBytes } from './vectors.ts'

export interface Embedding {
  /**
   * Until each question has a vector of the model that is not older than `since`. Throws what the model says.
   * @param stored part of the transaction that stores a batch
   */
  all(app: OfApp, ref: ModelRef, options: { readonly since?: Date; readonly signal: AbortSignal; stored?(done: number): Promise<void> }): Promise<void>
}
/** What trying again would not change, such as a model that is not there. */
export const isFinal = (error: unknown): error is HttpError => error instanceof HttpError && error.status < 500 && error.status !== errors.tooManyRequests.status

const WANTING = `
  SELECT a.id, a.question FROM annotations a
  LEFT JOIN annotation_vectors v ON v.workspace_id = a.workspace_id AND v.annotation_id = a.id AND v.model = $3
  WHERE a.workspace_id = $1 AND a.app_id = $2 AND (v.made_at IS NULL OR v.made_at < $4) ORDER BY a.id LIMIT $5`
// A question that changed meanwhile is embedded by the next batch; one that is changing is waited for.
const STORE = `
  INSERT INTO annotation_vectors (workspace_id, annotation_id, model, vector, made_at)
  SELECT a.workspace_id, a.id, $3, made.vector, clock_timestamp() FROM annotations a
  JOIN unnest($4::uuid[], $5::text[], $6::bytea[]) AS made (id, question, vector) ON made.id = a.id AND made.question = a.question
  WHERE a.workspace_id = $1 AND a.app_id = $2 ORDER BY a.id FOR SHARE OF a
  ON CONFLICT (workspace_id, annotation_id, model) DO UPDATE SET vector = excluded.vector, made_at = excluded.made_at`

export const embedding = service('annotations.embedding', {
  uses: { db: database, models, config: annotationsConfig, AnnotationVector },
  create: ({ db, models, config }): Embedding => ({
    all: async ({ workspaceId, id }, ref, { since, signal, stored }) => {
      const model = `${ref.provider}/${ref.model}`
      for (let done = 0; ;) {
        signal.throwIfAborted()
        const rows = await db.query<{ id: string; question: string }>(WANTING, [workspaceId, id, model, since ?? new Date(0), config.batchSize])
        if (rows.length === 0) return
        const { vectors } = await models.embed(workspaceId, ref, { texts: rows.map(({ question }) => question), purpose: 'document', signal })
        if (vectors.length !== rows.length) throw new Error(`${model} gave ${vectors.length} vectors for ${rows.length} questions`)
        done += rows.length
        await db.transaction(async () => {
          await db.query(STORE, [workspaceId, id, model, rows.map((row) => row.id), rows.map(({ question }) => question), vectors.map(toBytes)])
          await stored?.(done)
        })
      }
    },
  }),
})
