/** Links by which whoever has one may fetch a file, without a credential and for a short time. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { baseUrl, deriveKey, serverConfig, service } from '../../../core/index.ts'
import { appsConfig } from '../config.ts'
import { appErrors } from '../errors.ts'
import type { AppFileLink } from '../schemas/file.ts'

interface StoredPlace { readonly workspaceId: string; readonly fileId: string }
export interface AppFileLinks {
  /** A whole URL that serves the file for `fileLinkSeconds`. */
  preview(file: StoredPlace): string
  /** What a link is for. Throws 403 where it was not made here, was changed, or is too old. */
  read(fileId: string, link: AppFileLink): StoredPlace
}

export const appFileLinks = service('apps.file-links', {
  uses: { server: serverConfig, config: appsConfig },
  create: ({ server, config }): AppFileLinks => {
    const key = deriveKey(server, 'links to files of apps')
    const now = (): number => Math.floor(Date.now() / 1000)
    /** HMAC-SHA-256 over all that a link says, and over what it is good for. */
    const sign = (fileId: string, { workspace_id, timestamp, nonce }: Omit<AppFileLink, 'sign'>): string =>
      createHmac('sha256', key).update(JSON.stringify(['preview', workspace_id, fileId, timestamp, nonce])).digest('hex')
    return {
      preview: ({ workspaceId, fileId }) => {
        const link = { workspace_id: workspaceId, timestamp: String(now()), nonce: randomBytes(16).toString('hex') }
        return `${baseUrl(server)}/files/${fileId}/file-preview?${new URLSearchParams({ ...link, sign: sign(fileId, link) }).toString()}`
      },
      read: (fileId, link) => {
        // As text, not as the number that it stands for: one number has several spellings.
        const [given, right] = [link.sign, sign(fileId, link)].map((text) => Buffer.from(text)) as [Buffer, Buffer]
        if (given.length !== right.length || !timingSafeEqual(given, right)) throw appErrors.linkInvalid()
        if (now() - Number(link.timestamp) > config.fileLinkSeconds) throw appErrors.linkExpired()
        return { workspaceId: link.workspace_id, fileId }
      },
    }
  },
})
