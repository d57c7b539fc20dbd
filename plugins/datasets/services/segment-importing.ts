/**
 * The background half of an import: a batch of rows and how far the import is are stored together, so that a run after a crash goes on where
 * the one before stopped, and no row becomes two segments.
 */
import { database, errors, HttpError, service, storage } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { DocumentFault } from '../errors.ts'
import { SegmentImport } from '../models/segment-import.ts'
import type { SegmentImportRow } from '../models/segment-import.ts'
import { datasetRecords } from './dataset-records.ts'
import { segmentAccess } from './segment-access.ts'
import { segmentChanges } from './segment-changes.ts'
import { segmentTable } from './segment-table.ts'

export interface ImportTask { readonly workspace_id: string; readonly import_id: string; readonly key: string }
export interface SegmentImporting {
  /** To the end. What another attempt would not change is kept as the import's error. */
  run(task: ImportTask, signal: AbortSignal): Promise<void>
  fail(task: ImportTask, message: string): Promise<void>
}

export const segmentImporting = service('datasets.segment-importing', {
  uses: { db: database, storage, SegmentImport, records: datasetRecords, access: segmentAccess, changes: segmentChanges, table: segmentTable, config: datasetsConfig },
  create: ({ db, storage, SegmentImport, records, access, changes, table, config }): SegmentImporting => {
    const whereIs = ({ workspace_id, import_id: id }: ImportTask) => ({ workspace_id, id })
    const save = async (task: ImportTask, values: Partial<SegmentImportRow>): Promise<void> => {
      await SegmentImport.update({ ...values, updated_at: new Date() }, { where: whereIs(task) })
    }
    const end = async (task: ImportTask, values: Partial<SegmentImportRow>): Promise<void> => {
      await save(task, values)
      await storage.delete(task.key)
    }
    /** Where another run has come further meanwhile, this one is to end. */
    const advance = async (task: ImportTask, from: number, to: number): Promise<void> => {
      const moved = await db.query(
        'UPDATE segment_imports SET done = $4, updated_at = now() WHERE workspace_id = $1 AND id = $2 AND done = $3 RETURNING id', [task.workspace_id, task.import_id, from, to])
      if (moved.length === 0) throw new Error('another run goes on with this import')
    }
    const store = async (task: ImportTask, row: SegmentImportRow, signal: AbortSignal): Promise<void> => {
      const { workspace_id, dataset_id, document_id, created_by } = row
      const dataset = await records.find(workspace_id, dataset_id)
      const { document } = await access.place(dataset, document_id)
      const all = await table.read(task.key, document.doc_form, config.maxSegments, signal)
      await save(task, { status: 'processing', total: all.length })
      for (let { done } = row; done < all.length;) {
        signal.throwIfAborted()
        const batch = all.slice(done, done + config.batchSize)
        const from = done
        done += batch.length
        const to = done
        await changes.add({ workspaceId: workspace_id, accountId: created_by }, dataset, document_id, batch, signal, () => advance(task, from, to))
      }
    }
    const fail = async (task: ImportTask, message: string): Promise<void> => {
      const found = await SegmentImport.findOne({ where: whereIs(task) })
      const already = found && found.done > 0 ? ` Its first ${found.done} segments are in the document; leave them out when you send the rest.` : ''
      await end(task, { status: 'error', error: `${message}${already}`.replaceAll('\0', '').slice(0, 2000) })
    }
    return {
      fail,
      run: async (task, signal) => {
        const row = await SegmentImport.findOne({ where: whereIs(task) })
        // Its document is deleted, or an earlier run came to the end and died before it could say so.
        if (!row || row.status === 'completed' || row.status === 'error') { await storage.delete(task.key); return }
        try {
          await store(task, row, signal)
        } catch (error) {
          const isRefused = error instanceof HttpError && error.status < 500 && error.status !== errors.tooManyRequests.status
          if (!isRefused && !(error instanceof DocumentFault)) throw error
          await fail(task, error.message)
          return
        }
        await end(task, { status: 'completed', error: null })
      },
    }
  },
})
