/**
 * Where our Service API differs from the official description on purpose: all of it, and nothing else. The test fails for a difference that is
 * not here, and for one that is here and does not occur.
 */
import { segmentDeviations } from './segments.ts'
import type { Difference } from './shapes.ts'

export interface Deviation extends Difference { readonly reason: string }

/** Null where the description says no null. */
const nullInDataset = (field: string, reason: string, theirs = 'string'): Deviation =>
  ({ operation: '*', where: `Dataset.${field}`, ours: 'null', theirs, reason })

const icons = 'Providers have no icons here. The objects stay, since clients look into them.'
const icon = (field: string): Deviation => ({
  operation: 'GET /workspaces/current/models/model-types/{model_type}', where: `data[].${field}`, ours: 'missing', theirs: 'string', reason: icons,
})
const asGiven = (field: string): Deviation => ({
  operation: '*', where: `Dataset.summary_index_setting.${field}`, ours: 'missing', theirs: 'string', reason: 'The setting is told as it was given; each of its fields may be left out.',
})
/** A value that is refused with 400 and words about it. */
const refused = (operation: string, where: string, reason: string): Deviation => ({ operation, where, ours: '400 invalid_param', theirs: '200', reason })
const refusedWithout = (operation: string, field: string, reason: string): Deviation => refused(operation, `body without ${field}`, reason)
const byText = 'POST /datasets/{dataset_id}/document/create-by-text'
const updateByText = 'POST /datasets/{dataset_id}/documents/{document_id}/update-by-text'
const updates = [updateByText, 'PATCH /datasets/{dataset_id}/documents/{document_id}', 'POST /datasets/{dataset_id}/documents/{document_id}/update-by-file']
const formed = 'The documents of a dataset have one form, and those of the example have another. Where no model writes, questions and answers come as a CSV or Excel file.'
const retrieve = 'POST /datasets/{dataset_id}/retrieve'
const neverSent = (operation: string, error: string, reason: string): Deviation => ({ operation, where: 'error', ours: 'none', theirs: error, reason })

const pipelines = [
  'POST /datasets/pipeline/file-upload', 'GET /datasets/{dataset_id}/pipeline/datasource-plugins',
  'POST /datasets/{dataset_id}/pipeline/datasource/nodes/{node_id}/run', 'POST /datasets/{dataset_id}/pipeline/run',
]
/** Operations that never succeed here: what each is told that is asked as it should be, and why. */
export const unanswered = {
  operations: pipelines, error: '400 invalid_param', message: /^Pipeline not found\./,
  reason: 'Pipelines come with the workflow engine. Their addresses are there so that clients are told so, as of a knowledge base without a pipeline.',
} as const

export const deviations: readonly Deviation[] = [
  ...segmentDeviations,
  nullInDataset('author_name', 'The account that made it may be gone.'),
  nullInDataset('data_source_type', 'Nothing is known of it before the first document. The official examples show null too.'),
  nullInDataset('doc_form', 'The first document decides it.'),
  nullInDataset('embedding_model', 'A dataset without vectors has no model.'),
  nullInDataset('embedding_model_provider', 'A dataset without vectors has no model.'),
  nullInDataset('indexing_technique', 'Whoever makes a dataset may leave it open for the first document to decide.'),
  nullInDataset('retrieval_model_dict.score_threshold', 'Without a threshold there is none. The official examples show null too.', 'number'),
  {
    operation: '*', where: 'Dataset.partial_member_list', ours: 'missing', theirs: 'array or null',
    reason: 'Told after a change, and where a dataset is shared with some members. The official examples leave it out too.',
  },
  ...['model_name', 'model_provider_name', 'summary_prompt'].map(asGiven),
  ...[{ operation: '*', where: 'Document.doc_metadata[].value' }, { operation: 'GET /datasets/{dataset_id}/documents/{document_id}', where: 'doc_metadata[].value' }].flatMap((place) => [
    { ...place, ours: 'number', theirs: 'string', reason: 'Numbers and times are numbers, as they were written and as filters compare them.' },
    { ...place, ours: 'null', theirs: 'string', reason: 'A field may be set to null, and who uploaded a document may have left the workspace.' },
  ]),
  { operation: '*', where: 'Segment.updated_by', ours: 'null', theirs: 'string', reason: 'Nobody has changed a segment that indexing made.' },
  {
    operation: 'GET /datasets/{dataset_id}/documents/{document_id}', where: 'word_count', ours: 'number', theirs: 'missing',
    reason: 'Lists of documents tell it, and a client that reads one document need not look for it there.',
  },
  ...['icon_small.en_US', 'icon_small.zh_Hans', 'icon_small_dark.en_US', 'icon_small_dark.zh_Hans'].map(icon),

  refused('POST /datasets', 'summary_index_setting.enable = true', 'Summaries are not there yet.'),
  ...[byText, updateByText].flatMap((operation) => [
    refused(operation, 'doc_form = hierarchical_model', formed),
    refused(operation, 'doc_form = qa_model', formed),
    refused(operation, 'process_rule.mode = hierarchical', 'It goes with doc_form hierarchical_model, and the example has another.'),
  ]),
  refused(retrieve, 'attachment_ids = a list', 'Searching by a picture is not there yet.'),
  refused('*', 'a field that nobody knows', 'A misspelled setting that is ignored costs its author hours; the answer names the field.'),

  ...['POST /datasets', 'PATCH /datasets/{dataset_id}', byText].flatMap((operation) => ['embedding_model', 'embedding_model_provider'].map((field) => (
    refusedWithout(operation, field, 'Models of two providers may have one name: a model is named with its provider, or neither is.')))),
  refusedWithout(updateByText, 'name', 'A text is replaced together with its name; so does the original say in words.'),
  {
    operation: 'POST /datasets/{dataset_id}/document/create-by-file', where: 'error', ours: '413 file_too_large', theirs: 'none',
    reason: 'The status that replacing a document by a file is documented to have: retrying clients and proxies know what it means.',
  },
  ...updates.map((operation) => ({
    operation, where: 'error', ours: '403 archived_document_immutable', theirs: 'none',
    reason: 'Only archived documents cannot be replaced, and they are refused as elsewhere; there, whatever is not available is refused with 400 invalid_param.',
  })),
  ...[byText, 'POST /datasets/{dataset_id}/document/create-by-file', ...updates].map((operation) => ({
    operation, where: 'error', ours: '422 idempotency_key_reused', theirs: 'none', reason: 'Only a request that bears an Idempotency-Key meets it, which is ours.',
  })),
  ...['POST /datasets/tags/binding', 'POST /datasets/tags/unbinding'].map((operation) => ({
    operation, where: 'error', ours: '403 forbidden', theirs: 'none', reason: 'A knowledge base that is closed to API keys is closed to them for this too.',
  })),
  { operation: pipelines[0] as string, where: 'error', ours: unanswered.error, theirs: 'none', reason: unanswered.reason },
  neverSent('POST /datasets/{dataset_id}/pipeline/run', '500 pipeline_run_error', unanswered.reason),
  neverSent('GET /datasets/{dataset_id}/documents/{document_id}/segments', '400 provider_not_initialize', 'To read segments needs no model.'),
  neverSent(retrieve, '400 dataset_not_initialized', 'A dataset is searched from its first segment on; before that it has no answer, which is no error.'),
  neverSent(retrieve, '400 provider_quota_exceeded', 'There are no quotas here.'),
  neverSent(retrieve, '500 internal_server_error', 'What nobody foresaw has the code "unknown" here, on every operation.'),
]
