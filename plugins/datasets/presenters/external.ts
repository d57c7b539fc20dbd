import { HIDDEN } from '../schemas/external.ts'
import type { ExternalApiItem, ExternalRecord } from '../schemas/external.ts'
import type { ShownApi } from '../services/external-apis.ts'
import type { FoundSegment } from './segment.ts'
import { seconds } from './time.ts'

export const presentApi = ({ id, workspace_id, name, description, endpoint, datasets, ...row }: ShownApi): ExternalApiItem => ({
  id, tenant_id: workspace_id, name, description, settings: { endpoint, api_key: HIDDEN }, dataset_bindings: [...datasets],
  created_by: row.created_by, created_at: seconds(row.created_at), updated_by: row.updated_by, updated_at: seconds(row.updated_at),
})

/** As the service wrote it. */
export const presentExternal = ({ content, score, document }: FoundSegment): ExternalRecord => ({
  content, score, title: document.name, metadata: document.doc_metadata ?? {},
})

/** For whoever asks us as such a service: what is known of the document, and where in it the passage stands. */
export const presentServed = ({ id, dataset_id, position, content, answer, score, document }: FoundSegment): ExternalRecord => ({
  content: answer === null ? content : `question: ${content}\nanswer: ${answer}`, score, title: document.name,
  metadata: {
    ...document.doc_metadata, source: document.data_source_type === 'upload_file' ? 'file_upload' : document.data_source_type, path: document.name,
    dataset_id, document_id: document.id, document_name: document.name, segment_id: id, position,
  },
})
