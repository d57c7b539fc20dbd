/** The files that documents were made from: a link for whoever may read the document, and what serves it. */
import { reply, route, storage, StorageNotFound } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { UploadFile } from '../models/document.ts'
import { documentParams } from '../schemas/common.ts'
import type { DocumentParams } from '../schemas/common.ts'
import { fileLink, fileParams, linkReply } from '../schemas/file.ts'
import type { LinkReply } from '../schemas/file.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { documentItems } from '../services/document-items.ts'
import type { DocumentItems } from '../services/document-items.ts'
import { fileLinks } from '../services/file-links.ts'
import type { FileLinks } from '../services/file-links.ts'
import { downloadName } from '../services/file-names.ts'

export const linkTo = async (workspaceId: string, params: DocumentParams, items: DocumentItems, links: FileLinks): Promise<LinkReply> => {
  const [document] = await items.find(workspaceId, params.dataset_id, [params.document_id])
  if (!document) throw datasetErrors.documentNotFound()
  if (!document.file) throw datasetErrors.fileNotFound()
  return { url: links.download({ workspaceId, fileId: document.file.id }) }
}

const link = route({
  surface: 'service', credential: 'dataset', resource: { dataset: 'params.dataset_id' }, access: 'document:read',
  method: 'GET', path: '/datasets/{dataset_id}/documents/{document_id}/download', params: documentParams,
  summary: 'Get a link to the file of a document',
  description: 'The link serves the file for a few minutes to whoever has it, without a key. A document that came as text has a file of that text.',
  uses: { records: datasetRecords, items: documentItems, links: fileLinks },
  reply: linkReply,
  errors: [datasetErrors.datasetNotFound, datasetErrors.apiDisabled, datasetErrors.documentNotFound, datasetErrors.fileNotFound],
  handle: async ({ actor: { workspaceId }, params }, { records, items, links }) => {
    await records.open(workspaceId, params.dataset_id)
    return linkTo(workspaceId, params, items, links)
  },
})

/** What a browser may be told; of all else it learns only that it is bytes. Nothing that could run in a page is among them. */
const TYPES: Readonly<Record<string, string>> = {
  txt: 'text/plain', pdf: 'application/pdf', png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp',
}

/** Whatever was uploaded is inert where somebody opens it: kept and not shown, not guessed at, and without rights if it is shown after all. */
export const INERT = {
  'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'", 'Cache-Control': 'private, no-store',
} as const

const download = route({
  surface: 'root', credential: 'none', resource: 'none', access: 'public',
  method: 'GET', path: '/files/{file_id}/download', params: fileParams, query: fileLink,
  summary: 'Fetch a file by its link',
  uses: { links: fileLinks, UploadFile, storage },
  reply: reply.file,
  errors: [datasetErrors.linkInvalid, datasetErrors.linkExpired, datasetErrors.fileNotFound],
  handle: async ({ ctx, params, query }, { links, UploadFile, storage }) => {
    const { workspaceId, fileId } = links.read(params.file_id, query)
    const file = await UploadFile.findOne({ where: { workspace_id: workspaceId, id: fileId } })
    if (!file) throw datasetErrors.fileNotFound()
    const body = await storage.get(file.storage_key).catch((error: unknown) => { throw error instanceof StorageNotFound ? datasetErrors.fileNotFound() : error })
    ctx.set(INERT)
    return { body, mediaType: TYPES[file.extension] ?? 'application/octet-stream', name: downloadName(file.name, file.extension), size: Number(file.size) }
  },
})

export const fileRoutes = [link, download]
