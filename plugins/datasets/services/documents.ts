/** Storing documents: which one a file replaces, and the job that indexes it. */
import { randomInt, randomUUID } from 'node:crypto'
import { database, queue, service } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { deleteFiles } from '../jobs/delete-files.ts'
import { enqueueIndexing } from '../jobs/index-document.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { Document, UNINDEXED, UploadFile } from '../models/document.ts'
import type { DocumentRow } from '../models/document.ts'
import type { DocumentSettings } from '../schemas/document.ts'
import { datasetRecords } from './dataset-records.ts'
import type { Owner } from './dataset-records.ts'
import { firstDocument } from './first-document.ts'
import type { Settled } from './first-document.ts'
import { formats } from './formats.ts'
import { ingestRequests } from './ingest-requests.ts'
import type { IngestRequest, Made } from './ingest-requests.ts'
import { NO_WRITER } from './model-pairs.ts'
import { ruleChoice } from './rule-choice.ts'

/** A file in storage that is to become a document. */
export interface StoredFile {
  /** Of its row, where it has one already. */
  readonly id?: string
  readonly key: string
  readonly name: string
  readonly extension: string
  readonly mediaType: string
  readonly size: number
  readonly hash: string
}
export interface AddOptions extends DocumentSettings {
  /** Unless given, that of the file. */
  readonly name?: string | null
  /** Which surface it came by; `api` unless given. */
  readonly from?: DocumentRow['created_from']
  /** Whether somebody must have said how to cut: a rule here, or an earlier one of the dataset. */
  readonly ruleRequired?: boolean
  /** Set where the request may come more than once. */
  readonly request?: IngestRequest | undefined
}
export interface Added extends Made {
  /** Whether an earlier request of the same key made them, and this one nothing. */
  readonly isRepeated: boolean
}
export interface Documents {
  /** Stores documents and the jobs that index them, all or none. The files must be in storage; where they are not taken, they are the caller's to remove. */
  add(owner: Owner, dataset: DatasetRow, files: readonly StoredFile[], options: AddOptions): Promise<Added>
  /** The same inside a transaction, after `firstDocument.settle`. */
  store(owner: Owner, datasetId: string, settled: Settled, files: readonly StoredFile[], options: AddOptions): Promise<Added>
}
type Replaced = DocumentRow & { readonly storage_key: string | null }

export const documents = service('datasets.documents', {
  uses: { db: database, queue, Document, UploadFile, records: datasetRecords, firstDocument, ruleChoice, formats, ingestRequests },
  create: ({ db, queue, Document, UploadFile, records, firstDocument, ruleChoice, formats, ingestRequests }): Documents => {
    /**
     * The newest document that was made from a file of that name. Look-ups one after the other, on purpose no join, which without statistics
     * may begin at the wrong end and read every document of the dataset. A file has one document. Files that come together do not replace each other.
     */
    const findNamesake = async (dataset: DatasetRow, name: string, batch: string): Promise<string | undefined> => {
      const [found] = await db.query<{ id: string }>(
        `SELECT d.id FROM upload_files f CROSS JOIN LATERAL (SELECT * FROM documents WHERE workspace_id = $1 AND upload_file_id = f.id LIMIT 1) d
         WHERE f.workspace_id = $1 AND f.name = $3 AND d.dataset_id = $2 AND d.enabled AND NOT d.archived AND d.data_source_type = 'upload_file' AND d.batch <> $4
         ORDER BY d.position DESC LIMIT 1`, [dataset.workspace_id, dataset.id, name, batch])
      return found?.id
    }
    /** The document whose place the file takes, locked: the one that was named, or its namesake. */
    const findReplaced = async (dataset: DatasetRow, file: StoredFile, { duplicate, original_document_id: named }: AddOptions, batch: string): Promise<Replaced | undefined> => {
      const id = named ?? (duplicate === false ? undefined : await findNamesake(dataset, file.name, batch))
      if (!id) return undefined
      const [found] = await db.query<Replaced>(
        `SELECT d.*, f.storage_key FROM documents d LEFT JOIN upload_files f ON f.workspace_id = d.workspace_id AND f.id = d.upload_file_id
         WHERE d.workspace_id = $1 AND d.dataset_id = $2 AND d.id = $3 FOR UPDATE OF d`, [dataset.workspace_id, dataset.id, id])
      if (!named) return found
      if (!found) throw datasetErrors.documentNotFound()
      if (found.archived) throw datasetErrors.archived()
      return found
    }

    const checkHasPairs = ({ extension }: StoredFile): void => {
      if (!formats.reader(extension)?.pairs) throw invalid('doc_form', `${NO_WRITER} Or send another doc_form.`)
    }
    const storeFile = async ({ workspaceId, accountId }: Owner, { id: known, key, mediaType, ...file }: StoredFile): Promise<string> => {
      if (known !== undefined) return known
      const { id } = await UploadFile.create({
        ...file, id: randomUUID(), workspace_id: workspaceId, storage_key: key, mime_type: mediaType, created_by: accountId, created_at: new Date(),
      })
      return id
    }
    const create = async (owner: Owner, dataset: DatasetRow, values: Partial<DocumentRow>): Promise<DocumentRow> => {
      const [last] = await db.query<{ position: number }>('SELECT COALESCE(max(position), 0) AS position FROM documents WHERE dataset_id = $1', [dataset.id])
      return Document.create({
        ...values, id: randomUUID(), workspace_id: owner.workspaceId, dataset_id: dataset.id, position: (last?.position ?? 0) + 1, generation: 1,
        created_by: owner.accountId, created_at: new Date(),
      })
    }
    const replace = async (old: Replaced, values: Partial<DocumentRow>): Promise<Pick<DocumentRow, 'id' | 'generation'>> => {
      const { workspace_id, id, generation, upload_file_id, storage_key } = old
      await Document.update({ ...UNINDEXED, ...values, generation: generation + 1 }, { where: { workspace_id, id } })
      if (upload_file_id) await UploadFile.destroy({ where: { workspace_id, id: upload_file_id } })
      if (storage_key) await queue.enqueue(deleteFiles, { keys: [storage_key] })
      return { id, generation: generation + 1 }
    }

    const store: Documents['store'] = async (owner, datasetId, settled, files, { request, ...options }) => {
      const locked = await records.lock(owner.workspaceId, datasetId)
      const earlier = request && await ingestRequests.find(locked, request)
      if (earlier) return { ...earlier, isRepeated: true }
      const docForm = await firstDocument.decide(locked, settled, options)
      if (docForm === 'qa_model' && !settled.writer) for (const file of files) checkHasPairs(file)
      let ofDataset: Promise<string> | undefined
      const chosen = (): Promise<string> => ofDataset ??= ruleChoice.choose(owner, locked, docForm, options.process_rule, options.ruleRequired)
      const batch = newBatch()
      const ids: string[] = []
      for (const file of files) {
        const now = new Date()
        const old = await findReplaced(locked, file, options, batch)
        // Whoever names a document changes what they say of it, and no more.
        const kept = options.original_document_id ? old : undefined
        const values: Partial<DocumentRow> = {
          batch, dataset_process_rule_id: (options.process_rule ? null : kept?.dataset_process_rule_id) ?? await chosen(),
          name: options.name || file.name, upload_file_id: await storeFile(owner, file), doc_form: docForm,
          doc_language: options.doc_language || kept?.doc_language || 'English', created_from: options.from ?? 'api', updated_at: now, checked_at: now,
        }
        const { id, generation } = old ? await replace(old, values) : await create(owner, locked, values)
        await enqueueIndexing(queue, { workspace_id: owner.workspaceId, document_id: id, generation })
        ids.push(id)
      }
      if (request) await ingestRequests.remember(locked, request, { ids, batch })
      return { ids, batch, isRepeated: false }
    }
    return {
      store,
      add: async (owner, dataset, files, options) => {
        const settled = await firstDocument.settle(dataset, options)
        return db.transaction(() => store(owner, dataset.id, settled, files, options))
      },
    }
  },
})

/** The time and six digits of chance; unique enough within a dataset, where alone it is looked up. */
export const newBatch = (): string => `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}${randomInt(100_000, 1_000_000)}`
