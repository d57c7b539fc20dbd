/** From what a client sends, text or file, to files in storage that become documents. */
import { createHash, randomUUID } from 'node:crypto'
import { errors, HttpError, service, storage } from '../../../core/index.ts'
import type { UploadedFile } from '../../../core/index.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { NewText } from '../ports.ts'
import type { DocumentSettings } from '../schemas/document.ts'
import type { Owner } from './dataset-records.ts'
import { documents } from './documents.ts'
import type { StoredFile } from './documents.ts'
import { formats } from './formats.ts'
import { fingerprintOf, ingestRequests } from './ingest-requests.ts'
import type { Made, RequestKey } from './ingest-requests.ts'

export interface Intake {
  /** Each text is kept as a file, so that it can be indexed again like any other. With a key, the same request again makes nothing. */
  texts(owner: Owner, dataset: DatasetRow, texts: readonly NewText[], settings: DocumentSettings, key?: RequestKey): Promise<Made>
  /** Keeps the file if, and only if, the document was stored. With a key, the same request again makes nothing. */
  upload(owner: Owner, dataset: DatasetRow, file: UploadedFile | undefined, settings: DocumentSettings & { name?: string | null }, key?: RequestKey): Promise<Made>
}

export const intake = service('datasets.intake', {
  uses: { storage, documents, formats, ingestRequests },
  create: ({ storage, documents, formats, ingestRequests }): Intake => ({
    texts: async (owner, dataset, texts, settings, key) => {
      const request = key && { ...key, fingerprint: fingerprintOf({ texts, settings }) }
      const earlier = request && await ingestRequests.find(dataset, request)
      if (earlier) return earlier
      const stored: StoredFile[] = []
      const discard = async (): Promise<void> => { for (const { key } of stored) await storage.delete(key) }
      try {
        for (const { name, text } of texts) {
          const bytes = Buffer.from(text)
          const key = `uploads/${randomUUID()}`
          await storage.put(key, bytes)
          stored.push({ key, name, extension: 'txt', mediaType: 'text/plain', size: bytes.length, hash: createHash('sha256').update(bytes).digest('hex') })
        }
        const added = await documents.add(owner, dataset, stored, { ...settings, request })
        if (added.isRepeated) await discard()
        return added
      } catch (error) {
        if (stored.length < texts.length || isRefusal(error)) await discard()
        throw error
      }
    },
    upload: async (owner, dataset, file, settings, requestKey) => {
      if (!file) throw errors.noFileUploaded()
      const { name, extension } = formats.labels(file)
      const { key, mediaType, size, hash } = file
      const request = requestKey && { ...requestKey, fingerprint: fingerprintOf({ file: { name, hash }, settings }) }
      const earlier = request && await ingestRequests.find(dataset, request)
      if (earlier) return earlier
      const added = await documents.add(owner, dataset, [{ key, name, extension, mediaType, size, hash }], { ...settings, ruleRequired: true, request }).catch((error: unknown) => {
        if (!isRefusal(error)) file.keep()
        throw error
      })
      if (!added.isRepeated) file.keep()
      return added
    },
  }),
})

/** Whether surely nothing was stored. Where a connection ends during the commit nobody knows: better a file too many than a document without its own. */
const isRefusal = (error: unknown): boolean => error instanceof HttpError && error.status < 500
