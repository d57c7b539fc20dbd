/** Written answers: kept, listed, changed. */
import { randomUUID } from 'node:crypto'
import { database, queue, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { annotationsConfig } from '../config.ts'
import { annotationErrors, invalid } from '../errors.ts'
import { embedAnnotations } from '../jobs/embed-annotations.ts'
import { Annotation, AnnotationHit } from '../models/annotation.ts'
import type { AnnotationHitRow, AnnotationRow } from '../models/annotation.ts'
import type { AnnotationFilter, AnnotationText } from '../schemas/annotation.ts'
import { pageOf } from '../schemas/common.ts'
import type { Found, Page } from '../schemas/common.ts'
import { settings } from './settings.ts'
import type { OfApp } from './settings.ts'

/** The account as which it is written, and whether a person does it: what keys do is noted elsewhere. */
export interface Writer { readonly accountId: string; readonly isPerson: boolean }
export interface Records {
  /** The newest first; a keyword is looked for in questions and answers, whatever its case. */
  list(app: OfApp, filter: AnnotationFilter): Promise<Found<AnnotationRow>>
  all(app: OfApp): Promise<AnnotationRow[]>
  count(app: OfApp): Promise<number>
  /** Of a message that has one already, it takes the place of that. Throws 400 where the app has as many as it may have. */
  add(app: OfApp, writer: Writer, text: AnnotationText, messageId?: string): Promise<AnnotationRow>
  /** Part of a transaction: all, or none where the app would have more than it may. */
  addAll(app: OfApp, writer: Writer, texts: readonly AnnotationText[]): Promise<void>
  /** Throws 404. */
  change(app: OfApp, writer: Writer, id: string, text: AnnotationText): Promise<AnnotationRow>
  /** Throws 404. */
  remove(app: OfApp, writer: Writer, id: string): Promise<void>
  /** Those that are not there are passed over; without ids, all of them. */
  removeAll(app: OfApp, writer: Writer, ids?: readonly string[]): Promise<void>
  /** When one answered, the newest first. Throws 404. */
  hits(app: OfApp, id: string, page: Page): Promise<Found<AnnotationHitRow>>
}

export const records = service('annotations.records', {
  uses: { db: database, queue, audit, settings, config: annotationsConfig, Annotation, AnnotationHit },
  create: ({ db, queue, audit, settings, config }): Records => {
    const record = async ({ workspaceId, id: appId }: OfApp, { isPerson }: Writer, what: string, resource: { id: string; name?: string }, details = {}): Promise<void> => {
      if (!isPerson) return
      await audit.record({
        workspaceId, action: `annotation.${what}`, resource: { type: 'annotation', id: resource.id, name: resource.name?.slice(0, 100).replace(/\p{Cs}/gu, '') ?? null },
        details: { app_id: appId, ...details },
      })
    }
    /** Last in a transaction; see `settings.ts`. */
    const changed = async (app: OfApp): Promise<void> => {
      if (await settings.touch(app)) await queue.enqueue(embedAnnotations, { workspace_id: app.workspaceId, app_id: app.id }, { group: app.workspaceId, key: app.id })
    }
    const full = () => invalid('question', `This app has ${config.maxPerApp} annotations, which is as many as it may have. Delete some first.`)
    const count = async ({ workspaceId, id }: OfApp): Promise<number> =>
      (await db.query<{ count: number }>('SELECT count(*)::int AS count FROM annotations WHERE workspace_id = $1 AND app_id = $2', [workspaceId, id]))[0]?.count ?? 0
    const addAll = async (app: OfApp, { accountId }: Writer, texts: readonly AnnotationText[]): Promise<void> => {
      if (await count(app) + texts.length > config.maxPerApp) throw full()
      // Each a moment after the one before, so that the list has them in the order of the file.
      await db.query(
        `INSERT INTO annotations (id, workspace_id, app_id, question, answer, account_id, created_at, updated_at)
         SELECT gen_random_uuid(), $1, $2, question, answer, $3, now() - place * interval '1 microsecond', now()
         FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS one (question, answer, place)`,
        [app.workspaceId, app.id, accountId, texts.map(({ question }) => question), texts.map(({ answer }) => answer)])
      await changed(app)
    }
    /** Where the question is another one, its vectors are those of no question. */
    const rewrite = async (app: OfApp, { accountId }: Writer, id: string, { question, answer }: AnnotationText): Promise<AnnotationRow> => {
      const [row] = await db.query<AnnotationRow & { before: string }>(
        `WITH old AS (SELECT workspace_id, id, question AS before FROM annotations WHERE workspace_id = $1 AND app_id = $2 AND id = $3 FOR UPDATE)
         UPDATE annotations a SET question = $4, answer = $5, account_id = $6, updated_at = now() FROM old WHERE a.workspace_id = old.workspace_id AND a.id = old.id RETURNING a.*, old.before`,
        [app.workspaceId, app.id, id, question, answer, accountId])
      if (!row) throw annotationErrors.annotationNotFound()
      if (row.before !== question) {
        await db.query('DELETE FROM annotation_vectors WHERE workspace_id = $1 AND annotation_id = $2', [app.workspaceId, id])
        await changed(app)
      }
      return row
    }
    return {
      count, addAll,
      list: async ({ workspaceId, id }, { keyword, ...asked }) => {
        const { offset, ...page } = pageOf(asked)
        const where = `workspace_id = $1 AND app_id = $2 AND ($3 = '' OR strpos(lower(question), lower($3)) > 0 OR strpos(lower(answer), lower($3)) > 0)`
        const [counted] = await db.query<{ total: number }>(`SELECT count(*)::int AS total FROM annotations WHERE ${where}`, [workspaceId, id, keyword])
        const rows = await db.query<AnnotationRow>(`SELECT * FROM annotations WHERE ${where} ORDER BY created_at DESC, id LIMIT $4 OFFSET $5`, [workspaceId, id, keyword, page.limit, offset])
        return { rows, total: counted?.total ?? 0, ...page }
      },
      all: ({ workspaceId, id }) => db.query<AnnotationRow>('SELECT * FROM annotations WHERE workspace_id = $1 AND app_id = $2 ORDER BY created_at DESC, id', [workspaceId, id]),
      add: (app, writer, text, messageId) => db.transaction(async () => {
        const [made] = await db.query<AnnotationRow>(
          `INSERT INTO annotations (id, workspace_id, app_id, message_id, question, answer, account_id, created_at, updated_at)
           SELECT $1, $2, $3, $4, $5, $6, $7, now(), now() WHERE (SELECT count(*) FROM annotations WHERE workspace_id = $2 AND app_id = $3) < $8
           ON CONFLICT (workspace_id, app_id, message_id) WHERE message_id IS NOT NULL DO NOTHING RETURNING *`,
          [randomUUID(), app.workspaceId, app.id, messageId ?? null, text.question, text.answer, writer.accountId, config.maxPerApp])
        if (made) {
          await changed(app)
          await record(app, writer, 'created', { id: made.id, name: made.question })
          return made
        }
        const [there] = messageId === undefined ? [] : await db.query<{ id: string }>(
          'SELECT id FROM annotations WHERE workspace_id = $1 AND app_id = $2 AND message_id = $3', [app.workspaceId, app.id, messageId])
        if (!there) throw full()
        const row = await rewrite(app, writer, there.id, text)
        await record(app, writer, 'changed', { id: row.id, name: row.question })
        return row
      }),
      change: (app, writer, id, text) => db.transaction(async () => {
        const row = await rewrite(app, writer, id, text)
        await record(app, writer, 'changed', { id, name: row.question })
        return row
      }),
      remove: (app, writer, id) => db.transaction(async () => {
        const [gone] = await db.query<{ question: string }>(
          'DELETE FROM annotations WHERE workspace_id = $1 AND app_id = $2 AND id = $3 RETURNING question', [app.workspaceId, app.id, id])
        if (!gone) throw annotationErrors.annotationNotFound()
        await settings.touch(app)
        await record(app, writer, 'deleted', { id, name: gone.question })
      }),
      removeAll: (app, writer, ids) => db.transaction(async () => {
        const gone = await db.query<{ id: string; question: string }>(
          'DELETE FROM annotations WHERE workspace_id = $1 AND app_id = $2 AND ($3::uuid[] IS NULL OR id = ANY ($3)) RETURNING id, question', [app.workspaceId, app.id, ids ?? null])
        if (gone.length === 0) return
        await settings.touch(app)
        if (ids === undefined) await record(app, writer, 'cleared', { id: app.id }, { count: gone.length })
        else for (const { id, question } of gone) await record(app, writer, 'deleted', { id, name: question })
      }),
      hits: async ({ workspaceId, id: appId }, id, asked) => {
        const { offset, ...page } = pageOf(asked)
        const [counted] = await db.query<{ total: number }>(
          `SELECT count(h.id)::int AS total FROM annotations a LEFT JOIN annotation_hits h ON h.workspace_id = a.workspace_id AND h.annotation_id = a.id
           WHERE a.workspace_id = $1 AND a.app_id = $2 AND a.id = $3 GROUP BY a.id`, [workspaceId, appId, id])
        if (!counted) throw annotationErrors.annotationNotFound()
        const rows = await db.query<AnnotationHitRow>(
          `SELECT h.* FROM annotation_hits h JOIN annotations a ON a.workspace_id = h.workspace_id AND a.id = h.annotation_id
           WHERE h.workspace_id = $1 AND a.app_id = $2 AND h.annotation_id = $3 ORDER BY h.created_at DESC, h.id LIMIT $4 OFFSET $5`, [workspaceId, appId, id, page.limit, offset])
        return { rows, total: counted.total, ...page }
      },
    }
  },
})
