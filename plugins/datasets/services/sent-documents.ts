/** From files that wait to documents: of a dataset that is there, or of one that is made for them. All of it, or nothing. */
import { database, HttpError, service } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import type { DatasetRow, SummaryIndexSetting } from '../models/dataset.ts'
import type { UploadFileRow } from '../models/document.ts'
import type { DocumentSettings } from '../schemas/document.ts'
import { datasetRecords, refuseSummaries } from './dataset-records.ts'
import type { Owner } from './dataset-records.ts'
import { documents } from './documents.ts'
import type { StoredFile } from './documents.ts'
import { firstDocument } from './first-document.ts'
import type { Made } from './ingest-requests.ts'
import { uploads } from './uploads.ts'

export interface SentSettings extends DocumentSettings { summary_index_setting?: SummaryIndexSetting | null }
/** The documents are in the order of the ids of their files. */
export interface SentDocuments {
  /** Makes a dataset that is called as its first file is. */
  begin(owner: Owner, fileIds: readonly string[], settings: SentSettings): Promise<Made & { readonly dataset: DatasetRow }>
  add(owner: Owner, dataset: DatasetRow, fileIds: readonly string[], settings: SentSettings): Promise<Made>
}

const ATTEMPTS = 5
const UNDECIDED = { provider: 'vendor', indexing_technique: null, embedding_model: null, embedding_model_provider: null, doc_form: null }

export const sentDocuments = service('datasets.sent-documents', {
  uses: { db: database, records: datasetRecords, documents, firstDocument, uploads },
  create: ({ db, records, documents, firstDocument, uploads }): SentDocuments => {
    const freeName = async (workspaceId: string, file: UploadFileRow): Promise<string> => {
      const wanted = `${[...file.name].slice(0, 18).join('').trimEnd()}...`
      const rows = await db.query<{ name: string }>('SELECT name FROM datasets WHERE workspace_id = $1 AND starts_with(name, $2)', [workspaceId, wanted])
      const taken = new Set(rows.map(({ name }) => name))
      let name = wanted
      for (let count = 2; taken.has(name); count += 1) name = `${wanted} (${count})`
      return name
    }
    return {
      begin: async (owner, fileIds, { summary_index_setting: summaries, ...settings }) => {
        refuseSummaries(summaries)
        if (settings.original_document_id) throw invalid('original_document_id', 'A new knowledge base has no documents to replace. Leave original_document_id out.')
        const settled = await firstDocument.settle({ ...UNDECIDED, workspace_id: owner.workspaceId }, settings)
        const attempt = () => db.transaction(async () => {
          const files = await uploads.take(owner.workspaceId, fileIds)
          const { id } = await records.create(owner, { name: await freeName(owner.workspaceId, files[0] as UploadFileRow) })
          const made = await documents.store(owner, id, settled, files.map(asStored), { ...settings, from: 'web', ruleRequired: true })
          return { ...made, dataset: await records.find(owner.workspaceId, id) }
        })
        for (let left = ATTEMPTS; ; left -= 1) {
          try { return await attempt() } catch (error) {
            // Somebody else took the name meanwhile.
            if (left === 0 || !(error instanceof HttpError && error.code === datasetErrors.nameTaken.code)) throw error
          }
        }
      },
      add: async (owner, dataset, fileIds, { summary_index_setting: summaries, ...settings }) => {
        refuseSummaries(summaries)
        if (settings.original_document_id && fileIds.length > 1) throw invalid('file_ids', 'One document is replaced by one file. Send one, or leave original_document_id out.')
        const settled = await firstDocument.settle(dataset, settings)
        return db.transaction(async () => {
          // The dataset first, as everywhere.
          await records.lock(owner.workspaceId, dataset.id)
          const files = await uploads.take(owner.workspaceId, fileIds)
          return documents.store(owner, dataset.id, settled, files.map(asStored), { ...settings, from: 'web', ruleRequired: true })
        })
      },
    }
  },
})

const asStored = ({ id, storage_key: key, name, extension, mime_type: mediaType, size, hash }: UploadFileRow): StoredFile =>
  ({ id, key, name, extension, mediaType, size: Number(size), hash })
