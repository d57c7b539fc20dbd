/** Changing a document: another content, another way to cut it, another name. It keeps its id, its place and its metadata. */
import { database, queue, service } from '../../../core/index.ts'
import type { UploadedFile } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { enqueueIndexing } from '../jobs/index-document.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { Document, UNINDEXED, UploadFile } from '../models/document.ts'
import type { DocumentRow } from '../models/document.ts'
import type { FileUpdate, TextUpdate } from '../schemas/document-change.ts'
import { datasetRecords } from './dataset-records.ts'
import type { Owner } from './dataset-records.ts'
import { newBatch } from './documents.ts'
import { extensionOf, fileLabel } from './file-names.ts'
import { firstDocument } from './first-document.ts'
import { formats } from './formats.ts'
import { fingerprintOf, ingestRequests } from './ingest-requests.ts'
import type { Made, RequestKey } from './ingest-requests.ts'
import { intake } from './intake.ts'
import { modelChoice } from './model-choice.ts'
import { ruleChoice } from './rule-choice.ts'

/**
 * A new content is a new generation in whatever state the document is, but for archived ones (403): a run under way finds nothing more to do,
 * what failed is tried anew, and what is disabled stays so. All throw 404. With a key, the same request again changes nothing.
 */
export interface DocumentUpdate {
  /** Without a text, what it has is kept. */
  byText(owner: Owner, dataset: DatasetRow, id: string, change: TextUpdate, key?: RequestKey): Promise<Made>
  /** Without a file, what it has is kept. */
  byFile(owner: Owner, dataset: DatasetRow, id: string, file: UploadedFile | undefined, change: FileUpdate, key?: RequestKey): Promise<Made>
  /** The file that it was made from is called alike from then on. */
  rename(workspaceId: string, datasetId: string, id: string, name: string): Promise<void>
}

export const documentUpdate = service('datasets.document-update', {
  uses: { db: database, queue, Document, UploadFile, records: datasetRecords, intake, formats, firstDocument, modelChoice, ruleChoice, ingestRequests },
  create: ({ db, queue, Document, UploadFile, records, intake, formats, firstDocument, modelChoice, ruleChoice, ingestRequests }): DocumentUpdate => {
    /** What is there is not given up for what nobody could embed. */
    const checkModel = async (dataset: DatasetRow): Promise<void> => {
      if ((await modelChoice.unavailable(dataset.workspace_id, [dataset])).size === 0) return
      throw datasetErrors.noProvider('The embedding model of this dataset is not available, so the document stays as it is. Enable its provider, or choose another model for the dataset.')
    }
    /** Inside a transaction, with the dataset locked. */
    const lock = async (workspaceId: string, datasetId: string, id: string): Promise<DocumentRow> => {
      const [found] = await db.query<DocumentRow>('SELECT * FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND id = $3 FOR UPDATE', [workspaceId, datasetId, id])
      if (!found) throw datasetErrors.documentNotFound()
      if (found.archived) throw datasetErrors.archived()
      return found
    }
    const setName = async ({ workspace_id, id, upload_file_id }: DocumentRow, name: string): Promise<void> => {
      await Document.update({ name, updated_at: new Date() }, { where: { workspace_id, id } })
      if (upload_file_id) await UploadFile.update({ name }, { where: { workspace_id, id: upload_file_id } })
    }

    const keepContent = async (owner: Owner, dataset: DatasetRow, id: string, change: FileUpdate, key?: RequestKey): Promise<Made> => {
      const request = key && { ...key, fingerprint: fingerprintOf({ id, change }) }
      const { name, process_rule: rule, ...settings } = change
      if (rule) await checkModel(dataset)
      const settled = await firstDocument.settle(dataset, settings)
      return db.transaction(async () => {
        const locked = await records.lock(owner.workspaceId, dataset.id)
        const earlier = request && await ingestRequests.find(locked, request)
        if (earlier) return earlier
        const document = await lock(owner.workspaceId, dataset.id, id)
        if (rule && !document.upload_file_id) throw datasetErrors.fileNotFound('This document has no file that could be cut anew. Send its content too.')
        const docForm = await firstDocument.decide(locked, settled, settings)
        const now = new Date()
        const task = { workspace_id: owner.workspaceId, document_id: id, generation: document.generation + 1 }
        const batch = rule ? newBatch() : document.batch
        if (name) await setName(document, name)
        await Document.update({
          ...rule ? { ...UNINDEXED, batch, generation: task.generation, checked_at: now, dataset_process_rule_id: await ruleChoice.choose(owner, locked, docForm, rule) } : {},
          doc_language: settings.doc_language || document.doc_language, updated_at: now,
        }, { where: { workspace_id: owner.workspaceId, id } })
        if (rule) await enqueueIndexing(queue, task)
        const made = { ids: [id], batch }
        if (request) await ingestRequests.remember(locked, request, made)
        return made
      })
    }
    return {
      byText: async (owner, dataset, id, { text, ...change }, key) => {
        if (typeof text !== 'string') return keepContent(owner, dataset, id, change, key)
        const { name, ...settings } = change
        if (!name) throw invalid('name', 'name is required when text is provided. Send the present one to keep it.')
        await checkModel(dataset)
        return intake.texts(owner, dataset, [{ name, text }], { ...settings, original_document_id: id }, key)
      },
      byFile: async (owner, dataset, id, file, change, key) => {
        if (!file) return keepContent(owner, dataset, id, change, key)
        const extension = extensionOf(fileLabel(file.name))
        if (!formats.reader(extension)) throw datasetErrors.unsupportedFileType(`Files of the type "${extension}" cannot be read. ${formats.advice(extension)}`)
        await checkModel(dataset)
        return intake.upload(owner, dataset, file, { ...change, original_document_id: id }, key)
      },
      rename: (workspaceId, datasetId, id, name) => db.transaction(async () => {
        await records.lock(workspaceId, datasetId)
        await setName(await lock(workspaceId, datasetId, id), name)
      }),
    }
  },
})
