/** Files that end users send with their questions, and what serves them. */
import type { Readable } from 'node:stream'
import { reply, route } from '../../../core/index.ts'
import type { Call, FileBody } from '../../../core/index.ts'
import { appErrors } from '../errors.ts'
import type { AppFileRow } from '../models/app-file.ts'
import { apps, endUsers } from '../ports.ts'
import { appFileForm, appFileItem, appFileLink, appFileParams, appFilePreview, linkedFileParams } from '../schemas/file.ts'
import type { AppFileItem } from '../schemas/file.ts'
import { appFileRecords } from '../services/app-files.ts'
import { isShown, kindOf, servedType } from '../services/file-kinds.ts'
import { appFileLinks } from '../services/file-links.ts'
import { savedName } from '../services/file-names.ts'
import { partOf, rangeOf } from '../services/file-ranges.ts'

const present = (row: AppFileRow, link: string): AppFileItem => ({
  id: row.id, reference: null, name: row.name, size: Number(row.size), extension: row.extension, mime_type: row.mime_type,
  created_by: row.end_user_id, created_at: Math.floor(row.created_at.getTime() / 1000), preview_url: null, source_url: link, original_url: null,
  user_id: null, tenant_id: row.workspace_id, conversation_id: null, file_key: null,
})

/** Whatever was sent is inert where somebody opens it: not guessed at, and without rights. Nobody between keeps it: it is for whoever asked. */
const INERT = { 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'" } as const
/** Longest name of the header; players ask for a piece at a time. */
const serve = async (ctx: Call['ctx'], row: AppFileRow, body: Readable, asAttachment: boolean): Promise<FileBody> => {
  const size = Number(row.size)
  const inline = !asAttachment && isShown(row.mime_type)
  const file = {
    mediaType: asAttachment ? 'application/octet-stream' : servedType(row.mime_type),
    name: savedName(row.name, row.extension), disposition: inline ? 'inline' : 'attachment',
  } as const
  if (!inline || kindOf(row.mime_type) === 'image') return { ...file, body, size }
  ctx.set('Accept-Ranges', 'bytes')
  const range = rangeOf(ctx.get('range'), size)
  if (!range) return { ...file, body, size }
  ctx.status = 206
  ctx.set('Content-Range', `bytes ${range.from}-${range.to}/${size}`)
  return { ...file, body: partOf(body, range), size: range.to - range.from + 1 }
}

const upload = route({
  surface: 'service', credential: 'app', resource: { app: 'key' }, access: 'app-file:create',
  method: 'POST', path: '/files/upload',
  summary: 'Send a file that is to go with a question',
  description: 'A form with the file in `file`, and in `user` whoever sends it: only requests of the same `user` may name it. What no message has within a day is removed.',
  uses: { apps, endUsers, files: appFileRecords },
  upload: { field: 'file', required: true, maxBytes: 100 * 1024 * 1024 },
  body: appFileForm, reply: appFileItem, status: 201,
  errors: [appErrors.appClosed, appErrors.fileTooLarge],
  handle: async ({ actor, body, files: [file] }, { apps, endUsers, files }) => {
    const owner = await endUsers.take(await apps.open(actor), body.user)
    const row = await files.receive(owner, file)
    return present(row, files.link(row.workspace_id, row.id))
  },
})

const preview = route({
  surface: 'service', credential: 'app', resource: { app: 'key' }, access: 'app-file:read',
  method: 'GET', path: '/files/{file_id}/preview', params: appFileParams, query: appFilePreview,
  summary: 'Fetch a file',
  description: 'One that a message of the app has, or that `user` uploaded. Pictures, sound and film can be shown where they are fetched; all else is to be saved.',
  uses: { apps, files: appFileRecords },
  reply: reply.file, errors: [appErrors.appClosed, appErrors.fileNotFound],
  handle: async ({ ctx, actor, params, query }, { apps, files }) => {
    const row = await files.shown(await apps.open(actor), params.file_id, query.user)
    const body = await files.bytes(row)
    ctx.set({ ...INERT, 'Cache-Control': 'private, max-age=3600' })
    return serve(ctx, row, body, query.as_attachment)
  },
})

const linked = route({
  surface: 'root', credential: 'none', resource: 'none', access: 'public',
  method: 'GET', path: '/files/{file_id}/file-preview', params: linkedFileParams, query: appFileLink,
  summary: 'Fetch a file that was sent to an app, by its link',
  uses: { links: appFileLinks, files: appFileRecords },
  reply: reply.file, errors: [appErrors.linkInvalid, appErrors.linkExpired, appErrors.fileGone],
  handle: async ({ ctx, params, query }, { links, files }) => {
    const { workspaceId, fileId } = links.read(params.file_id, query)
    const row = await files.find(workspaceId, fileId)
    const body = await files.bytes(row)
    ctx.set({ ...INERT, 'Cache-Control': 'private, no-store' })
    return serve(ctx, row, body, false)
  },
})

export const fileRoutes = [upload, preview, linked]
