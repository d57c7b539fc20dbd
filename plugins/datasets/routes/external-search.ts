/** Searching in the form of external knowledge services: through us in theirs, and by others in ours. */
import { route } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { presentExternal, presentServed } from '../presenters/external.ts'
import { datasetParams } from '../schemas/common.ts'
import { externalAnswer, externalHitTest, servedAnswer, servedQuestion } from '../schemas/external.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { questions } from '../services/questions.ts'
import { retrieval } from '../services/retrieval.ts'
import { filterOf, searchSettings } from '../services/search-settings.ts'
import { ownerOf } from './datasets.ts'

const uses = { records: datasetRecords, retrieval, questions }

const hitTest = route({
  surface: 'console', credential: 'account', method: 'POST', path: '/datasets/{dataset_id}/external-hit-testing', access: 'dataset:retrieve',
  resource: { dataset: 'params.dataset_id' }, params: datasetParams, uses,
  summary: 'Search a knowledge base that asks an external service',
  body: externalHitTest, reply: externalAnswer, errors: [datasetErrors.datasetNotFound, datasetErrors.notShared, datasetErrors.externalFailed],
  handle: async ({ actor, params, body, signal }, { records, retrieval, questions }) => {
    const dataset = await records.reach(actor, params.dataset_id)
    if (dataset.provider !== 'external') throw invalid('dataset_id', 'This knowledge base is not external. Send the question to its hit-testing.')
    const settings = searchSettings(dataset, undefined, body.external_retrieval_model)
    const filter = filterOf(body.metadata_filtering_conditions)
    const found = await retrieval.search(actor.workspaceId, [dataset], body.query, { ...settings, ...filter ? { filter } : {} }, signal)
    await questions.keep(ownerOf(actor), dataset.id, body.query)
    return { query: { content: body.query }, records: found.map(presentExternal) }
  },
})

const serve = route({
  surface: 'service', credential: 'dataset', method: 'POST', path: '/retrieval', access: 'dataset:retrieve', resource: { dataset: 'body.knowledge_id' }, uses,
  summary: 'Search a knowledge base in the form in which Dify asks external ones',
  description: 'There, the endpoint is this server up to and with `/v1`, the key is a dataset key, and `knowledge_id` is the id of a knowledge base that the key reaches. It is searched by its own method, with the number of results and the threshold of the question.',
  body: servedQuestion, reply: servedAnswer,
  errors: [datasetErrors.datasetNotFound, datasetErrors.apiDisabled, datasetErrors.noProvider, datasetErrors.modelGone, datasetErrors.modelFailed],
  handle: async ({ actor, body, signal }, { records, retrieval, questions }) => {
    const { knowledge_id, query, retrieval_setting: { top_k: topK, score_threshold }, metadata_condition } = body
    const dataset = await records.open(actor.workspaceId, knowledge_id)
    // Two servers that ask each other would never come to an end.
    if (dataset.provider === 'external') throw invalid('knowledge_id', 'The knowledge of this dataset lies in an external service. Ask that service itself.')
    const filter = filterOf(metadata_condition)
    const settings = { ...searchSettings(dataset, undefined), topK, scoreThreshold: score_threshold ?? 0, ...filter ? { filter } : {} }
    const found = await retrieval.search(actor.workspaceId, [dataset], query, settings, signal)
    if (query.trim() !== '') await questions.keep(ownerOf(actor), dataset.id, query)
    return { records: found.map(presentServed) }
  },
})

export const externalSearchRoutes = [hitTest, serve]
