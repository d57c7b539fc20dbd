/** What the knowledge bases of an app have to say to a question: those that its settings name, and no others, whatever anybody writes. */
import { service } from '../../../core/index.ts'
import type { ConfiguredApp, ModelConfig } from '../../apps/ports.ts'
import { datasets } from '../../datasets/ports.ts'
import type { Citation, ComparisonOperator, RetrievalSettings, RetrievedSegment } from '../../datasets/ports.ts'
import type { RetrieverResource } from '../models/message.ts'
import { fill } from '../text/filling.ts'
import type { Values } from '../text/filling.ts'
import { isUuid } from '../text/ids.ts'
import { trimmed } from '../text/spoken.ts'

export interface Knowledge { readonly passages: readonly string[]; readonly resources: readonly RetrieverResource[] }
export interface Retrieval {
  /** What the knowledge bases are asked; of a long text its beginning and end. */
  question(asked: { readonly app: ConfiguredApp; readonly query: string; readonly values: Values }): string
  /** Nothing where the app has no knowledge bases. Throws as `Datasets.retrieve`. */
  find(app: ConfiguredApp, userId: string, query: string, values: Values, signal: AbortSignal): Promise<Knowledge>
  /** The sources of an answer as they are told: none where the app does not tell them. */
  told(app: ConfiguredApp, knowledge: Knowledge, shown: number): RetrieverResource[]
}

/** Code points of a question up to which it is searched by whole, and of each of its two ends otherwise. */
const [WHOLE, PART] = [4_000, 2_000]
const idsOf = ({ dataset_configs: { datasets: { datasets } } }: ModelConfig): string[] =>
  [...new Set(datasets.flatMap(({ dataset: { enabled, id } }) => enabled && isUuid(id) ? [id.toLowerCase()] : []))]

const settingsOf = ({ dataset_configs: said }: ModelConfig, values: Values): Omit<RetrievalSettings, 'askedBy'> => {
  const { vector_setting: { vector_weight: vector = 0 } = {}, keyword_setting: { keyword_weight: text = 0 } = {} } = said.weights ?? {}
  const { reranking_provider_name: provider, reranking_model_name: model } = said.reranking_model
  const weighted = said.reranking_mode === 'weighted_score' && vector + text > 0
  const { conditions = [], logical_operator: operator } = said.metadata_filtering_conditions ?? {}
  const filled = (value: string | number | readonly string[] | null | undefined) =>
    typeof value === 'string' ? fill(value, values) : typeof value === 'object' && value !== null ? value.map((one) => fill(one, values)) : value ?? null
  return {
    method: 'hybrid_search', topK: said.top_k,
    ...said.score_threshold_enabled && said.score_threshold !== null ? { scoreThreshold: said.score_threshold } : {},
    ...weighted ? { weights: { vector: vector / (vector + text), text: text / (vector + text) } } : {},
    ...said.reranking_enable && said.reranking_mode === 'reranking_model' && provider && model ? { rerank: { provider, model } } : {},
    ...said.metadata_filtering_mode === 'manual' && conditions.length > 0 ? {
      filter: {
        match: operator === 'or' ? 'any' as const : 'all' as const,
        conditions: conditions.map(({ name, comparison_operator, value }) => ({ name, operator: comparison_operator as ComparisonOperator, value: filled(value) })),
      },
    } : {},
  }
}
const textOf = ({ content, answer }: RetrievedSegment): string => answer === null ? content : `Question: ${content}\nAnswer: ${answer}`

export const retrieval = service('chat.retrieval', {
  uses: { datasets },
  create: ({ datasets }): Retrieval => ({
    question: ({ app: { mode, config }, query, values }) => trimmed((mode === 'completion' && values.get(config.dataset_query_variable)) || query, WHOLE, PART),
    find: async (app, userId, query, values, signal) => {
      const { config, workspaceId } = app
      const ids = idsOf(config)
      if (ids.length === 0 || query.trim() === '') return { passages: [], resources: [] }
      const found = await datasets.retrieve(workspaceId, ids, query, { ...settingsOf(config, values), askedBy: { appId: app.id, userId } }, signal)
      const inside = found.filter(({ citation }) => citation === undefined)
      const cited = !config.retriever_resource.enabled || inside.length === 0 ? new Map<string, Citation>() : await datasets.cite(workspaceId, inside.map(({ segmentId }) => segmentId))
      return {
        passages: found.map(textOf),
        resources: found.flatMap((one, index) => {
          const citation = one.citation ?? cited.get(one.segmentId)
          return citation ? [resource(one, citation, index + 1)] : []
        }),
      }
    },
    told: ({ config }, { resources }, shown) => config.retriever_resource.enabled ? resources.filter(({ position }) => position <= shown) : [],
  }),
})

const resource = (found: RetrievedSegment, citation: Citation, position: number): RetrieverResource => ({
  position, dataset_id: found.datasetId, dataset_name: citation.datasetName, document_id: found.documentId, document_name: found.documentName,
  data_source_type: citation.dataSourceType, segment_id: found.segmentId, retriever_from: 'api', score: found.score, hit_count: citation.hitCount,
  word_count: citation.wordCount, segment_position: citation.position, index_node_hash: citation.indexNodeHash, content: textOf(found), page: null,
  doc_metadata: citation.documentMetadata && { ...citation.documentMetadata }, title: found.documentName, files: [], summary: null,
})
