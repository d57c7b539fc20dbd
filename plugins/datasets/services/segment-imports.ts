/** Tables whose rows become segments of a document: begun, and how far they are. See `segment-importing.ts` for what is done with them. */
import { randomUUID } from 'node:crypto'
import { database, errors, queue, service } from '../../../core/index.ts'
import type { UploadedFile } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { importSegments } from '../jobs/import-segments.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { SegmentImport } from '../models/segment-import.ts'
import type { SegmentImportRow } from '../models/segment-import.ts'
import type { Owner } from './dataset-records.ts'
import { extensionOf, fileLabel } from './file-names.ts'
import { segmentAccess } from './segment-access.ts'

export interface SegmentImports {
  /** Keeps the file. Throws 400, 403, 404. */
  begin(owner: Owner, dataset: DatasetRow, documentId: string, file: UploadedFile | undefined): Promise<SegmentImportRow>
  /** Throws 404. */
  find(workspaceId: string, id: string): Promise<SegmentImportRow>
}

export const segmentImports = service('datasets.segment-imports', {
  uses: { db: database, queue, SegmentImport, access: segmentAccess },
  create: ({ db, queue, SegmentImport, access }): SegmentImports => ({
    begin: async ({ workspaceId, accountId }, dataset, documentId, file) => {
      const { document } = await access.place(dataset, documentId)
      if (!document.enabled) throw datasetErrors.documentDisabled()
      if (!file) throw errors.noFileUploaded()
      if (extensionOf(fileLabel(file.name)) !== 'csv') throw invalid('file', 'Segments are read from a CSV file. Save the table as .csv and send that.')
      const now = new Date()
      const row: SegmentImportRow = {
        id: randomUUID(), workspace_id: workspaceId, dataset_id: dataset.id, document_id: document.id, status: 'waiting', error: null, total: 0, done: 0,
        created_by: accountId, created_at: now, updated_at: now,
      }
      // Kept before it is sure that it is wanted: better a file too many than an import without its own.
      file.keep()
      await db.transaction(async () => {
        await SegmentImport.create(row)
        await queue.enqueue(importSegments, { workspace_id: workspaceId, import_id: row.id, key: file.key }, { group: workspaceId })
      })
      return row
    },
    find: async (workspaceId, id) => {
      const found = await SegmentImport.findOne({ where: { workspace_id: workspaceId, id } })
      if (!found) throw datasetErrors.importNotFound()
      return found
    },
  }),
})
