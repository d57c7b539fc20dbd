/** What the console does to bring documents in: a look at what files would become, and what makes documents of them. */
import { route } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { datasetErrors } from '../errors.ts'
import { presentDocument } from '../presenters/document.ts'
import { presentEstimate } from '../presenters/estimate.ts'
import { datasetParams, documentParams } from '../schemas/common.ts'
import { batchParams } from '../schemas/document.ts'
import { begunDocuments, estimateRequest, estimateView, knowledgeConfig, ruleQuery, ruleView } from '../schemas/ingest.ts'
import { datasetItems } from '../services/dataset-items.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { documentItems } from '../services/document-items.ts'
import { estimates } from '../services/estimates.ts'
import { formOf } from '../services/first-document.ts'
import { sentDocuments } from '../services/sent-documents.ts'
import { shownRule } from '../services/shown-rule.ts'
import { inOrder, uploads } from '../services/uploads.ts'
import { consoleFileRoutes } from './console-files.ts'
import { ownerOf } from './datasets.ts'

const inConsole = { surface: 'console', credential: 'account' } as const
const inWorkspace = { ...inConsole, resource: 'workspace' } as const
const inDataset = { ...inConsole, resource: { dataset: 'params.dataset_id' } } as const
const mayBeKept = [datasetErrors.datasetNotFound, datasetErrors.notShared]
const BOUNDED = 'At most 10 passages are shown. Where counting all of them takes too long, `has_more` is true.'

const rule = route({
  ...inWorkspace, method: 'GET', path: '/datasets/process-rule', access: 'document:read',
  summary: 'How a document is cut, or how documents are cut where nobody says otherwise',
  uses: { shownRule, config: datasetsConfig },
  query: ruleQuery, reply: ruleView, errors: [datasetErrors.documentNotFound],
  handle: async ({ actor, query }, { shownRule, config }) => ({
    ...await shownRule.find(actor, query.document_id), limits: { indexing_max_segmentation_tokens_length: config.maxSegmentLength },
  }),
})

const estimateFiles = route({
  ...inWorkspace, method: 'POST', path: '/datasets/indexing-estimate', access: 'file:read',
  summary: 'What files would be cut into',
  description: `The files were sent to \`/files/upload\`. ${BOUNDED}`,
  uses: { records: datasetRecords, uploads, estimates },
  body: estimateRequest, reply: estimateView, errors: mayBeKept,
  handle: async ({ actor, body, signal }, { records, uploads, estimates }) => {
    const { dataset_id: datasetId, process_rule: rule, info_list: { file_info_list: { file_ids: ids } } } = body
    const docForm = formOf(datasetId ? await records.reach(actor, datasetId) : { doc_form: null }, body)
    return presentEstimate(await estimates.files(inOrder(ids, await uploads.find(actor, ids)), rule, docForm, signal))
  },
})

const estimateDocument = route({
  ...inDataset, method: 'GET', path: '/datasets/{dataset_id}/documents/{document_id}/indexing-estimate', access: 'document:read', params: documentParams,
  summary: 'What a document is cut into',
  description: BOUNDED,
  uses: { records: datasetRecords, items: documentItems, estimates },
  reply: estimateView, errors: [...mayBeKept, datasetErrors.documentNotFound],
  handle: async ({ actor, params, signal }, { records, items, estimates }) => {
    await records.reach(actor, params.dataset_id)
    const found = await items.find(actor.workspaceId, params.dataset_id, [params.document_id])
    if (found.length === 0) throw datasetErrors.documentNotFound()
    return presentEstimate(await estimates.documents(found, signal))
  },
})

const estimateBatch = route({
  ...inDataset, method: 'GET', path: '/datasets/{dataset_id}/batch/{batch}/indexing-estimate', access: 'document:read', params: batchParams,
  summary: 'What the documents of a batch are cut into',
  description: BOUNDED,
  uses: { records: datasetRecords, items: documentItems, estimates },
  reply: estimateView, errors: [...mayBeKept, datasetErrors.batchNotFound],
  handle: async ({ actor, params, signal }, { records, items, estimates }) => {
    await records.reach(actor, params.dataset_id)
    const found = await items.batch(actor.workspaceId, params.dataset_id, params.batch)
    if (found.length === 0) throw datasetErrors.batchNotFound()
    return presentEstimate(await estimates.documents(found, signal))
  },
})

const begin = route({
  ...inWorkspace, method: 'POST', path: '/datasets/init', access: 'dataset:create',
  summary: 'Make a knowledge base of files',
  description: 'It is called as the first file is. All files become documents of one batch, or nothing is made.',
  uses: { sentDocuments, datasets: datasetItems, items: documentItems },
  body: knowledgeConfig, reply: begunDocuments, status: 201, errors: [datasetErrors.noProvider],
  handle: async ({ actor, body: { data_source: source, ...settings } }, { sentDocuments, datasets, items }) => {
    const { dataset, ids, batch } = await sentDocuments.begin(ownerOf(actor), source.info_list.file_info_list.file_ids, settings)
    const made = await items.find(actor.workspaceId, dataset.id, ids)
    return { dataset: await datasets.presentOne(dataset), documents: made.map(presentDocument), batch }
  },
})

const add = route({
  ...inDataset, method: 'POST', path: '/datasets/{dataset_id}/documents', access: 'document:create', params: datasetParams,
  summary: 'Make documents of files',
  description: 'All files become documents of one batch, or nothing is made. Unless `duplicate` is false, a document of the same name is replaced and keeps its id.',
  uses: { records: datasetRecords, sentDocuments, datasets: datasetItems, items: documentItems },
  body: knowledgeConfig, reply: begunDocuments, errors: [...mayBeKept, datasetErrors.noProvider, datasetErrors.documentNotFound, datasetErrors.archived],
  handle: async ({ actor, params, body: { data_source: source, ...settings } }, { records, sentDocuments, datasets, items }) => {
    const before = await records.reach(actor, params.dataset_id)
    const { ids, batch } = await sentDocuments.add(ownerOf(actor), before, source.info_list.file_info_list.file_ids, settings)
    const made = await items.find(actor.workspaceId, params.dataset_id, ids)
    return { dataset: await datasets.presentOne(await records.reach(actor, params.dataset_id)), documents: made.map(presentDocument), batch }
  },
})

export const consoleIngestRoutes = [...consoleFileRoutes, rule, estimateFiles, estimateDocument, estimateBatch, begin, add]
