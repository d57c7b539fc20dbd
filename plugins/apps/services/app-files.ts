/** Files that those who use an app send: taken in, looked up for whoever sent them, shown with what they were sent with. */
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { database, errors, service, storage, StorageNotFound } from '../../../core/index.ts'
import type { UploadedFile } from '../../../core/index.ts'
import { appsConfig } from '../config.ts'
import { appErrors } from '../errors.ts'
import { AppFileRecord } from '../models/app-file.ts'
import type { AppFileRow } from '../models/app-file.ts'
import { fileReferences } from '../ports.ts'
import type { App, AppFile, AppFiles, EndUser } from '../ports.ts'
import { isUuid } from '../schemas/common.ts'
import { appFileLinks } from './file-links.ts'
import { headOf, kindOf, mediaTypeOf } from './file-kinds.ts'
import { extensionOf, fileLabel } from './file-names.ts'
import { fileResolution } from './file-resolution.ts'
import { sessionOf } from './end-users.ts'

export interface AppFileRecords extends AppFiles {
  /** Throws 400 where its name is none, and 413 where it is larger than a file of its kind may be. */
  receive(owner: EndUser, file: UploadedFile | undefined): Promise<AppFileRow>
  /** One that a message of the app has, or that this user sent. Throws 404. */
  shown(app: Pick<App, 'id' | 'workspaceId'>, id: string, user: string | undefined): Promise<AppFileRow>
  /** Throws 404. */
  find(workspaceId: string, id: string): Promise<AppFileRow>
  /** Throws 404 where storage does not have it. */
  bytes(row: AppFileRow): Promise<Readable>
}

const MB = 1024 * 1024

export const asAppFile = (row: AppFileRow): AppFile => ({
  type: kindOf(row.mime_type), transferMethod: 'local_file', url: null, uploadFileId: row.id,
  name: row.name, extension: row.extension, mimeType: row.mime_type, size: Number(row.size),
})

export const appFileRecords = service('apps.files', {
  uses: { db: database, AppFileRecord, storage, references: fileReferences, links: appFileLinks, resolution: fileResolution, config: appsConfig },
  create: ({ db, AppFileRecord, storage, references, links, resolution, config }): AppFileRecords => {
    const { imageMb, audioMb, videoMb, documentMb } = config.files
    const limitOf = (mediaType: string): number => ({ image: imageMb, audio: audioMb, video: videoMb, document: documentMb, custom: documentMb })[kindOf(mediaType)]
    const find = async (workspaceId: string, id: string): Promise<AppFileRow> => {
      const row = isUuid(id) ? await AppFileRecord.findOne({ where: { workspace_id: workspaceId, id } }) : null
      if (!row) throw appErrors.fileGone()
      return row
    }
    const bytes = (row: AppFileRow): Promise<Readable> =>
      storage.get(row.storage_key).catch((error: unknown) => { throw error instanceof StorageNotFound ? appErrors.fileGone() : error })
    return {
      find, bytes,
      receive: async ({ workspaceId, appId, id: owner }, file) => {
        if (!file) throw errors.noFileUploaded()
        const name = fileLabel(file.name)
        const extension = extensionOf(name)
        const mediaType = await mediaTypeOf(await headOf(await storage.get(file.key)), extension)
        const limit = limitOf(mediaType)
        if (file.size > limit * MB) throw appErrors.fileTooLarge(`The file is larger than ${limit} MB, which is what files of the type ${kindOf(mediaType)} may have here. Send a smaller one.`)
        const now = new Date()
        const row = await AppFileRecord.create({
          id: randomUUID(), workspace_id: workspaceId, app_id: appId, end_user_id: owner, name, extension, mime_type: mediaType, size: file.size,
          storage_key: file.key, hash: file.hash, created_at: now, checked_at: now,
        })
        file.keep()
        return row
      },
      shown: async (app, id, user) => {
        const [row] = await db.query<AppFileRow & { session_id: string }>(
          `SELECT f.*, u.session_id FROM app_files f JOIN end_users u ON u.workspace_id = f.workspace_id AND u.id = f.end_user_id
           WHERE f.workspace_id = $1 AND f.app_id = $2 AND f.id = $3`, [app.workspaceId, app.id, id])
        if (!row) throw appErrors.fileNotFound()
        if (row.session_id === sessionOf(user)) return row
        for (const one of references.values()) if (await one.has(app, id)) return row
        throw appErrors.fileNotFound()
      },
      resolve: resolution.resolve,
      list: async (workspaceId, ids) => {
        const rows = await db.query<AppFileRow>('SELECT * FROM app_files WHERE workspace_id = $1 AND id = ANY ($2::uuid[])', [workspaceId, ids])
        return new Map(rows.map((row) => [row.id, asAppFile(row)]))
      },
      read: async (workspaceId, id) => bytes(await find(workspaceId, id)),
      link: (workspaceId, fileId) => links.preview({ workspaceId, fileId }),
    }
  },
})
