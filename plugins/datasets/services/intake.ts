/** From what a client sends, text or file, to files in storage that become documents. */
import { createHash, randomUUID } from 'node:crypto'
import { errors, service, storage } from '../../../core/index.ts'
import type { UploadedFile } from '../../../core/index.ts'
import { invalid } from '../errors.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { NewText } from '../ports.ts'
import type { DocumentSettings } from '../schemas/document.ts'
import type { Owner } from './dataset-records.ts'
import { documents } from './documents.ts'
import type { Added, StoredFile } from './documents.ts'
import { extensionOf, fileLabel } from './file-names.ts'
import { formats } from './formats.ts'

export interface Intake {
  /** Each text is kept as a file, so that it can be indexed again like any other. */
  texts(owner: Owner, dataset: DatasetRow, texts: readonly NewText[], settings: DocumentSettings): Promise<Added>
  /** Keeps the file if, and only if, the document was stored. */
  upload(owner: Owner, dataset: DatasetRow, file: UploadedFile | undefined, settings: DocumentSettings): Promise<Added>
}

export const intake = service('datasets.intake', {
  uses: { storage, documents, formats },
  create: ({ storage, documents, formats }): Intake => ({
    texts: async (owner, dataset, texts, settings) => {
      const stored: StoredFile[] = []
      try {
        for (const { name, text } of texts) {
          const bytes = Buffer.from(text)
          const key = `uploads/${randomUUID()}`
          await storage.put(key, bytes)
          stored.push({ key, name, extension: 'txt', mediaType: 'text/plain', size: bytes.length, hash: createHash('sha256').update(bytes).digest('hex') })
        }
        return await documents.add(owner, dataset, stored, settings)
      } catch (error) {
        for (const { key } of stored) await storage.delete(key)
        throw error
      }
    },
    upload: async (owner, dataset, file, settings) => {
      if (!file) throw errors.noFileUploaded()
      const name = fileLabel(file.name)
      const extension = extensionOf(name)
      if (!formats.reader(extension)) {
        throw invalid('file', `Files of the type "${extension}" cannot be read. Send one of: ${formats.supported().join(', ')}.`)
      }
      const { key, mediaType, size, hash } = file
      const added = await documents.add(owner, dataset, [{ key, name, extension, mediaType, size, hash }], { ...settings, ruleRequired: true })
      file.keep()
      return added
    },
  }),
})
