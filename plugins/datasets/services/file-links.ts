/** Links by which whoever has one may fetch a file, without a credential and for a short time. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { baseUrl, deriveKey, serverConfig, service } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { datasetErrors } from '../errors.ts'
import type { FileLink } from '../schemas/file.ts'

export interface StoredPlace { readonly workspaceId: string; readonly fileId: string }
export interface FileLinks {
  /** A whole URL that serves the file for `fileLinkSeconds`. */
  download(file: StoredPlace): string
  /** What a link is for. Throws 403 where it was not made here, was changed, or is too old. */
  read(fileId: string, link: FileLink): StoredPlace
}

export const fileLinks = service('datasets.file-links', {
  uses: { server: serverConfig, config: datasetsConfig },
  create: ({ server, config }): FileLinks => {
    const key = deriveKey(server, 'file links')
    const now = (): number => Math.floor(Date.now() / 1000)
    /** HMAC-SHA-256 over all that a link says, and over what it is good for. */
    const sign = (fileId: string, { workspace_id, timestamp, nonce }: Omit<FileLink, 'sign'>): string =>
      createHmac('sha256', key).update(JSON.stringify(['download', workspace_id, fileId, timestamp, nonce])).digest('hex')
    return {
      download: ({ workspaceId, fileId }) => {
        const link = { workspace_id: workspaceId, timestamp: String(now()), nonce: randomBytes(16).toString('hex') }
        return `${baseUrl(server)}/files/${fileId}/download?${new URLSearchParams({ ...link, sign: sign(fileId, link) }).toString()}`
      },
      read: (fileId, link) => {
        // As text, not as the number that it stands for: one number has several spellings.
        const [given, right] = [link.sign, sign(fileId, link)].map((text) => Buffer.from(text)) as [Buffer, Buffer]
        if (given.length !== right.length || !timingSafeEqual(given, right)) throw datasetErrors.linkInvalid()
        if (now() - Number(link.timestamp) > config.fileLinkSeconds) throw datasetErrors.linkExpired()
        return { workspaceId: link.workspace_id, fileId }
      },
    }
  },
})
