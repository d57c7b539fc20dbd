import { defineErrors } from '../../core/index.ts'
import type { HttpError } from '../../core/index.ts'

export const datasetErrors = defineErrors({
  datasetNotFound: [404, 'not_found', 'Dataset not found.'],
  documentNotFound: [404, 'not_found', 'Document not found.'],
  metadataNotFound: [404, 'not_found', 'Metadata not found.'],
  tagNotFound: [404, 'not_found', 'Tag not found'],
  batchNotFound: [404, 'not_found', 'Documents not found.'],
  documentUnfinished: [404, 'not_found', 'Document is not completed. Wait for the end of its indexing, or retry it where that has failed.'],
  documentDisabled: [404, 'not_found', 'Document is disabled. Enable it before you add to it.'],
  segmentNotFound: [404, 'not_found', 'Segment not found.'],
  childChunkNotFound: [404, 'not_found', 'Child chunk not found.'],
  importNotFound: [404, 'not_found', 'Import not found.'],
  changedMeanwhile: [409, 'conflict', 'Somebody else changed this at the same moment, or it is indexed in another way now. Read it and send the request again.'],
  fileNotFound: [404, 'not_found', 'The file of this document is no longer there. Upload it again.'],
  uploadNotFound: [404, 'not_found', 'File not found. A file that does not become a document is kept for a day. Send it again.'],
  linkInvalid: [403, 'forbidden', 'This link is not valid. Ask for a new one.'],
  linkExpired: [403, 'forbidden', 'This link is too old. Ask for a new one.'],
  notShared: [403, 'forbidden', 'You do not have permission to access this dataset.'],
  mayNotShare: [403, 'forbidden', 'Your role does not decide who sees a knowledge base. Leave permission and partial_member_list out, or ask an editor of this workspace.'],
  apiDisabled: [403, 'forbidden', 'Dataset api access is not enabled.'],
  archived: [403, 'archived_document_immutable', 'The document is archived, and archived documents do not change. Take it out of the archive first.'],
  alreadyFinished: [400, 'document_already_finished', 'This document is indexed already; there is nothing left to pause or resume.'],
  beingIndexed: [400, 'document_indexing', 'This document is being indexed. Wait for its end.'],
  nameTaken: [409, 'dataset_name_duplicate', 'A dataset of this name exists already. Choose another name.'],
  keyReused: [422, 'idempotency_key_reused', 'This Idempotency-Key was sent before, with another request. Send a new key for a new request, and the old one only to repeat the old request as it was.'],
  madeAndDeleted: [404, 'not_found', 'The document that this request made has been deleted since. Send the request with a new Idempotency-Key to make it again.'],
  invalid: [400, 'invalid_param', 'A parameter is not valid.'],
  invalidAction: [400, 'invalid_action', 'Invalid action. Send one of: enable, disable, archive, un_archive.'],
  noPipeline: [400, 'invalid_param', 'Pipeline not found. Pipelines come with the workflow engine, and no knowledge base has one yet. Add documents by text or by file.'],
  unsupportedFileType: [415, 'unsupported_file_type', 'Files of this type cannot be read.'],
  invalidMetadata: [400, 'invalid_metadata', 'metadata takes one of: all, only, without.'],
  noProvider: [400, 'provider_not_initialize', 'No embedding model is available. Enable a model provider, or use indexing_technique economy.'],
  modelGone: [400, 'model_currently_not_support', 'The embedding model of this dataset is no longer offered. Choose another one.'],
  modelFailed: [400, 'completion_request_error', 'The embedding model did not answer. Ask again; the log of the server has the reason.'],
  modelUnknown: [400, 'invalid_param', 'That model is not available.'],
  externalApiNotFound: [404, 'not_found', 'External knowledge API not found.'],
  externalApiInUse: [409, 'external_knowledge_api_in_use', 'Knowledge bases ask this external knowledge API. Delete them, or bind them to another one, first.'],
  externalKeyNeeded: [400, 'secret_needed', 'Enter the key itself as settings.api_key: where it is sent changes, and so it goes nowhere unseen.'],
  externalFailed: [400, 'completion_request_error', 'The external knowledge service did not answer. Ask again; the log of the server has the reason.'],
  externalHasNoDocuments: [400, 'invalid_param', 'The knowledge of this dataset lies in an external service, so it takes no documents. Add them there, or make a dataset of your own for them.'],
})

/** 400 `invalid_param`, with the field that is to blame. */
export const invalid = (field: string, message: string): HttpError => datasetErrors.invalid(message, { params: field })

/**
 * What is wrong with a document rather than with the server: to try again would end alike, so the document gets the state `error`
 * with this message, which tells whoever sent it what to do.
 */
export class DocumentFault extends Error {
  override readonly name = 'DocumentFault'
}
