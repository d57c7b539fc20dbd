/** Written answers, compared in this process: exact, and fast for as many as people write. */
import { randomUUID } from 'node:crypto'
import { database, defineAdapter, logger } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import { models } from '../../models/ports.ts'
import { Annotation, AnnotationHit } from '../models/annotation.ts'
import type { AnnotationRow } from '../models/annotation.ts'
import { annotations } from '../ports.ts'
import { nearest } from '../services/nearest.ts'
import { modelOf, settings } from '../services/settings.ts'
import type { OfApp } from '../services/settings.ts'
import { fromBytes, toBytes } from '../services/vectors.ts'

/** A product of floats that is 1 may come out a little below. */
const ALMOST = 1e-6

export const builtin = defineAdapter(annotations, 'builtin', {
  uses: { db: database, log: logger, accounts, models, settings, nearest, Annotation, AnnotationHit },
  create: ({ db, log, accounts, models, settings, nearest }) => {
    const embedded = async (app: OfApp, setting: Parameters<typeof modelOf>[0], question: string, signal?: AbortSignal): Promise<Float32Array | undefined> => {
      try {
        const { vectors: [vector] } = await models.embed(
          app.workspaceId, { provider: setting.embedding_provider, model: setting.embedding_model }, { texts: [question], purpose: 'query', ...signal ? { signal } : {} })
        return vector && fromBytes(toBytes(vector))
      } catch (error) {
        if (signal?.aborted) throw error
        log.warn({ err: error, app: app.id, model: modelOf(setting) }, 'no written answer was looked for: the model of the annotation reply does not embed the question')
        return undefined
      }
    }
    return {
      answer: async (app, question, signal) => {
        signal?.throwIfAborted()
        const setting = question.trim() === '' ? undefined : await settings.find(app)
        if (!setting || !await nearest.has(setting)) return undefined
        const vector = await embedded(app, setting, question, signal)
        const best = vector && await nearest.of(setting, vector)
        if (!best || best.score < setting.score_threshold - ALMOST) return undefined
        const [found] = await db.query<AnnotationRow>('SELECT * FROM annotations WHERE workspace_id = $1 AND app_id = $2 AND id = $3', [app.workspaceId, app.id, best.id])
        if (!found) return undefined
        const name = (await accounts.names(app.workspaceId, [found.account_id])).get(found.account_id) ?? ''
        return { id: found.id, question: found.question, answer: found.answer, account: { id: found.account_id, name }, score: best.score }
      },
      hit: async (app, { id, question: matched, answer, score }, question, messageId, source) => {
        // One that was deleted meanwhile counts nothing.
        await db.query(
          `WITH counted AS (UPDATE annotations SET hit_count = hit_count + 1 WHERE workspace_id = $1 AND app_id = $2 AND id = $3 RETURNING workspace_id, id)
           INSERT INTO annotation_hits (id, workspace_id, annotation_id, message_id, question, matched_question, answer, score, source, created_at)
           SELECT $4, workspace_id, id, $5, $6, $7, $8, $9, $10, now() FROM counted`,
          [app.workspaceId, app.id, id, randomUUID(), messageId, question, matched, answer, score, source])
      },
    }
  },
})
