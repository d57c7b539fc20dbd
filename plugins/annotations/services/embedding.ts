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

const FIRST = '00000000-0000-0000-0000-000000000000'
// One look by its whole key for each: a join would be planned by statistics that do not know yet how many there are.
const WANTING = `
  SELECT a.id, a.question FROM annotations a
  WHERE a.workspace_id = $1 AND a.app_id = $2 AND a.id > $6 AND coalesce((
    SELECT v.made_at FROM annotation_vectors v WHERE v.workspace_id = $1 AND v.app_id = $2 AND v.model = $3 AND v.annotation_id = a.id), '-infinity') < $4
  ORDER BY a.id LIMIT $5`
// A question that changed meanwhile is embedded by the next batch; one that is changing is waited for.
const STORE = `
  INSERT INTO annotation_vectors (workspace_id, app_id, model, annotation_id, written_at, vector, made_at)
  SELECT a.workspace_id, a.app_id, $3, a.id, a.created_at, made.vector, clock_timestamp() FROM annotations a
  JOIN unnest($4::uuid[], $5::text[], $6::bytea[]) AS made (id, question, vector) ON made.id = a.id AND made.question = a.question
  WHERE a.workspace_id = $1 AND a.app_id = $2 AND a.id = ANY ($4) ORDER BY a.id FOR SHARE OF a
  ON CONFLICT (workspace_id, app_id, model, annotation_id) DO UPDATE SET vector = excluded.vector, made_at = excluded.made_at`

export const embedding = service('annotations.embedding', {
  uses: { db: database, models, config: annotationsConfig, AnnotationVector },
  create: ({ db, models, config }): Embedding => ({
    all: async ({ workspaceId, id }, ref, { since, signal, stored }) => {
      const model = `${ref.provider}/${ref.model}`
      for (let [done, last] = [0, FIRST]; ;) {
        signal.throwIfAborted()
        const rows = await db.query<{ id: string; question: string }>(WANTING, [workspaceId, id, model, since ?? new Date(0), config.batchSize, last])
        if (rows.length === 0 && last === FIRST) return
        // To the end, and then once more from the beginning: some may have been written or changed meanwhile.
        last = rows.at(-1)?.id ?? FIRST
        if (rows.length === 0) continue
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
