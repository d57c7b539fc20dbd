/** What people think of answers, as a file: written while it is read, however much there is. */
import { Readable } from 'node:stream'
import { database, service } from '../../../core/index.ts'
import type { App } from '../../apps/ports.ts'
import { accounts } from '../../auth/ports.ts'
import type { FeedbackRow } from '../models/feedback.ts'
import type { ExportFilter } from '../schemas/console.ts'

export interface FeedbackExport {
  /** The newest first. Whatever fails before the first rows are there is thrown. */
  write(app: App, filter: ExportFilter): Promise<Readable>
}

interface Row extends FeedbackRow { conversation_name: string; query: string; answer: string; asked_at: Date; at: string }
const BATCH = 500
const COLUMNS = [
  'feedback_id', 'app_name', 'app_id', 'conversation_id', 'conversation_name', 'message_id', 'user_query', 'ai_response', 'feedback_rating', 'feedback_rating_raw',
  'feedback_comment', 'feedback_source', 'feedback_date', 'message_date', 'from_account_name', 'from_end_user_id', 'has_comment',
] as const
type Line = Record<typeof COLUMNS[number], string>

/** A sheet would take some first characters for a formula and run it. */
const cell = (value: string): string => {
  const inert = /^[\s]*[=+\-@]|^[\t\r\n]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
const csvLine = (cells: readonly string[]): string => `${cells.map(cell).join(',')}\r\n`

const SELECT = `SELECT f.*, f.created_at::text AS at, c.name AS conversation_name, m.query, m.answer, m.created_at AS asked_at
  FROM message_feedbacks f
  JOIN messages m ON m.workspace_id = f.workspace_id AND m.id = f.message_id
  JOIN conversations c ON c.workspace_id = m.workspace_id AND c.id = m.conversation_id
  WHERE f.workspace_id = $1 AND f.app_id = $2 AND ($3::text IS NULL OR f.from_source = $3) AND ($4::text IS NULL OR f.rating = $4)
  AND ($5::boolean IS NULL OR (coalesce(f.content, '') <> '') = $5)
  AND ($6::timestamptz IS NULL OR f.created_at >= $6) AND ($7::timestamptz IS NULL OR f.created_at < $7)
  AND ($8::timestamptz IS NULL OR f.created_at <= $8 AND (f.created_at < $8 OR f.id > $9))
  ORDER BY f.created_at DESC, f.id LIMIT ${BATCH}`

export const feedbackExport = service('chat.feedbackExport', {
  uses: { db: database, accounts },
  create: ({ db, accounts }): FeedbackExport => ({
    write: async (app, filter) => {
      const read = (after?: Row): Promise<Row[]> => db.query<Row>(SELECT, [
        app.workspaceId, app.id, filter.from_source ?? null, filter.rating ?? null, filter.has_comment ?? null, filter.start_date ?? null, filter.end_date ?? null,
        after?.at ?? null, after?.id ?? null,
      ])
      const first = await read()
      async function* lines(): AsyncGenerator<Line> {
        for (let rows = first; rows.length > 0; rows = rows.length < BATCH ? [] : await read(rows.at(-1))) {
          const names = await accounts.names(app.workspaceId, [...new Set(rows.flatMap(({ from_account_id: id }) => id === null ? [] : [id]))])
          for (const row of rows) {
            yield {
              feedback_id: row.id, app_name: app.name, app_id: app.id, conversation_id: row.conversation_id, conversation_name: row.conversation_name,
              message_id: row.message_id, user_query: row.query, ai_response: row.answer, feedback_rating: row.rating === 'like' ? '👍' : '👎',
              feedback_rating_raw: row.rating, feedback_comment: row.content ?? '', feedback_source: row.from_source, feedback_date: row.created_at.toISOString(),
              message_date: row.asked_at.toISOString(), from_account_name: names.get(row.from_account_id ?? '') ?? '', from_end_user_id: row.from_end_user_id ?? '',
              has_comment: row.content ? 'Yes' : 'No',
            }
          }
        }
      }
      async function* csv(): AsyncGenerator<string> {
        // A mark by which sheets know that it is UTF-8.
        yield `\ufeff${csvLine(COLUMNS)}`
        for await (const line of lines()) yield csvLine(COLUMNS.map((column) => line[column]))
      }
      async function* json(): AsyncGenerator<string> {
        const about = { app_name: app.name, app_id: app.id, export_date: new Date().toISOString() }
        yield `{"export_info":${JSON.stringify(about)},"feedback_data":[`
        let separator = ''
        for await (const line of lines()) {
          yield `${separator}${JSON.stringify(line)}`
          separator = ','
        }
        yield ']}'
      }
      return Readable.from(filter.format === 'csv' ? csv() : json(), { objectMode: false })
    },
  }),
})
