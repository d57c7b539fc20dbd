/** Taking documents in: what the first one decides for its dataset, which rule it is cut by, which document it replaces. */
import { randomInt, randomUUID } from 'node:crypto'
import { database, queue, service } from '../../../core/index.ts'
import type { ModelRef } from '../../models/ports.ts'
import { datasetErrors } from '../errors.ts'
import { deleteFiles } from '../jobs/delete-files.ts'
import { indexDocument } from '../jobs/index-document.ts'
import { Dataset } from '../models/dataset.ts'
import type { DatasetRow, IndexingTechnique } from '../models/dataset.ts'
import { Document, UNINDEXED, UploadFile } from '../models/document.ts'
import type { DocumentRow } from '../models/document.ts'
import { ProcessRule } from '../models/process-rule.ts'
import type { DocumentSettings } from '../schemas/document.ts'
import { AUTOMATIC, ruleToStore } from '../schemas/process-rule.ts'
import { DEFAULT_RETRIEVAL } from '../schemas/retrieval-model.ts'
import { datasetRecords } from './dataset-records.ts'
import type { Owner } from './dataset-records.ts'
import { modelChoice } from './model-choice.ts'

/** A file in storage that is to become a document. */
export interface StoredFile {
  readonly key: string
  readonly name: string
  readonly extension: string
  readonly mediaType: string
  readonly size: number
  readonly hash: string
}
export interface AddOptions extends DocumentSettings {
  /** Whether somebody must have said how to cut: a rule here, or an earlier one of the dataset. */
  readonly ruleRequired?: boolean
}
export interface Documents {
  /** Stores documents and the jobs that index them, all or none. The files must be in storage; where this throws, they are the caller's to remove. */
  add(owner: Owner, dataset: DatasetRow, files: readonly StoredFile[], intake: AddOptions): Promise<{ readonly ids: readonly string[]; readonly batch: string }>
}
interface Settled { readonly technique: IndexingTechnique; readonly model: ModelRef | undefined; readonly docForm: string }

export const documents = service('datasets.documents', {
  uses: { db: database, queue, Dataset, Document, UploadFile, ProcessRule, records: datasetRecords, modelChoice },
  create: ({ db, queue, Dataset, Document, UploadFile, ProcessRule, records, modelChoice }): Documents => {
    /** What needs no lock; models are asked here, outside the transaction. */
    const settle = async (dataset: DatasetRow, intake: AddOptions): Promise<Settled> => {
      const docForm = intake.doc_form ?? 'text_model'
      if (docForm !== 'text_model') throw datasetErrors.invalid(`doc_form ${docForm} is not supported; send text_model, or leave it out.`, { params: 'doc_form' })
      if (dataset.doc_form !== null && docForm !== dataset.doc_form) throw datasetErrors.invalid('doc_form is different from the dataset doc_form.', { params: 'doc_form' })
      const technique = dataset.indexing_technique ?? intake.indexing_technique
      if (!technique) throw datasetErrors.invalid('indexing_technique is required. The first document of a dataset decides: high_quality or economy.', { params: 'indexing_technique' })
      const named = await modelChoice.named(dataset.workspace_id, intake)
      await modelChoice.checkReranking(dataset.workspace_id, intake.retrieval_model)
      if (technique === 'economy') return { technique, docForm, model: undefined }
      const kept = dataset.embedding_model_provider !== null && dataset.embedding_model !== null
        ? { provider: dataset.embedding_model_provider, model: dataset.embedding_model } : undefined
      const model = dataset.indexing_technique && kept ? kept : named ?? kept ?? await modelChoice.fallback(dataset.workspace_id)
      if (!model) throw datasetErrors.noProvider()
      return { technique, docForm, model }
    }
    /** The first document decides; what is decided already stays. */
    const decide = async (dataset: DatasetRow, settled: Settled, intake: AddOptions): Promise<void> => {
      const values: Partial<DatasetRow> = {
        ...dataset.indexing_technique ? {} : { indexing_technique: settled.technique, embedding_model_provider: settled.model?.provider ?? null, embedding_model: settled.model?.model ?? null },
        ...dataset.retrieval_model ? {} : { retrieval_model: intake.retrieval_model ?? DEFAULT_RETRIEVAL },
        ...dataset.doc_form ? {} : { doc_form: settled.docForm },
        ...dataset.data_source_type ? {} : { data_source_type: 'upload_file' },
      }
      if (Object.keys(values).length > 0) await Dataset.update(values, { where: { workspace_id: dataset.workspace_id, id: dataset.id } })
    }
    const chooseRule = async (owner: Owner, dataset: DatasetRow, intake: AddOptions): Promise<string> => {
      const of = { workspace_id: dataset.workspace_id, dataset_id: dataset.id }
      const newest = intake.process_rule ? null : await ProcessRule.findOne({ where: of, order: [['created_at', 'DESC'], ['id', 'ASC']] })
      if (newest) return newest.id
      if (!intake.process_rule && intake.ruleRequired) throw datasetErrors.invalid('process_rule is required. Send {"mode":"automatic"} for the usual one.', { params: 'process_rule' })
      const rule = intake.process_rule ? ruleToStore(intake.process_rule) : { mode: 'automatic' as const, rules: AUTOMATIC }
      const { id } = await ProcessRule.create({ ...of, ...rule, id: randomUUID(), created_by: owner.accountId, created_at: new Date() })
      return id
    }
    /** The document whose place the file takes, locked: the one that was named, or the newest that was made from a file of the same name. */
    const replaced = async (dataset: DatasetRow, file: StoredFile, intake: AddOptions): Promise<(DocumentRow & { storage_key: string | null }) | undefined> => {
      if (intake.duplicate === false && !intake.original_document_id) return undefined
      const [found] = await db.query<DocumentRow & { storage_key: string | null }>(
        `SELECT d.*, f.storage_key FROM documents d LEFT JOIN upload_files f ON f.workspace_id = d.workspace_id AND f.id = d.upload_file_id
         WHERE d.workspace_id = $1 AND d.dataset_id = $2
           AND CASE WHEN $3::uuid IS NOT NULL THEN d.id = $3 ELSE f.name = $4 AND d.enabled AND NOT d.archived AND d.data_source_type = 'upload_file' END
         ORDER BY d.position DESC LIMIT 1 FOR UPDATE OF d`, [dataset.workspace_id, dataset.id, intake.original_document_id ?? null, file.name])
      if (!intake.original_document_id) return found
      if (!found) throw datasetErrors.documentNotFound()
      if (found.archived) throw datasetErrors.archived()
      if (!found.enabled) throw datasetErrors.invalid('Document is not available. Enable it before you replace its content.', { params: 'original_document_id' })
      return found
    }

    const store = async (owner: Owner, dataset: DatasetRow, file: StoredFile, intake: AddOptions, given: Partial<DocumentRow> & { batch: string }): Promise<Pick<DocumentRow, 'id' | 'generation'>> => {
      const now = new Date()
      const { id: upload_file_id } = await UploadFile.create({
        id: randomUUID(), workspace_id: owner.workspaceId, storage_key: file.key, name: file.name, extension: file.extension, mime_type: file.mediaType, size: file.size,
        hash: file.hash, created_by: owner.accountId, created_at: now,
      })
      const values: Partial<DocumentRow> = {
        ...given, name: file.name, upload_file_id, doc_language: intake.doc_language || 'English', created_from: 'api', updated_at: now, checked_at: now,
      }
      const old = await replaced(dataset, file, intake)
      if (!old) {
        const [last] = await db.query<{ position: number }>('SELECT COALESCE(max(position), 0) AS position FROM documents WHERE dataset_id = $1', [dataset.id])
        return Document.create({
          ...values, id: randomUUID(), workspace_id: owner.workspaceId, dataset_id: dataset.id, position: (last?.position ?? 0) + 1, generation: 1,
          created_by: owner.accountId, created_at: now,
        })
      }
      const generation = old.generation + 1
      await Document.update({ ...UNINDEXED, ...values, generation }, { where: { workspace_id: owner.workspaceId, id: old.id } })
      if (old.upload_file_id) await UploadFile.destroy({ where: { workspace_id: owner.workspaceId, id: old.upload_file_id } })
      if (old.storage_key) await queue.enqueue(deleteFiles, { keys: [old.storage_key] })
      return { id: old.id, generation }
    }

    return {
      add: async (owner, dataset, files, intake) => {
        const settled = await settle(dataset, intake)
        return db.transaction(async () => {
          const locked = await records.lock(owner.workspaceId, dataset.id)
          await decide(locked, settled, intake)
          const dataset_process_rule_id = await chooseRule(owner, locked, intake)
          const batch = newBatch()
          const ids: string[] = []
          for (const file of files) {
            const { id, generation } = await store(owner, locked, file, intake, { batch, dataset_process_rule_id, doc_form: settled.docForm })
            await queue.enqueue(indexDocument, { workspace_id: owner.workspaceId, document_id: id, generation }, { key: `${id}:${generation}`, group: owner.workspaceId })
            ids.push(id)
          }
          return { ids, batch }
        })
      },
    }
  },
})

/** The time and six digits of chance; unique enough within a dataset, where alone it is looked up. */
const newBatch = (): string => `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}${randomInt(100_000, 1_000_000)}`
