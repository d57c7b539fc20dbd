/** The search in datasets whose knowledge lies elsewhere. What is found there looks like segments, so that everybody who searches can read it. */
import { createHash } from 'node:crypto'
import { HttpError, service } from '../../../core/index.ts'
import { codePoints } from '../chunking/code-points.ts'
import { datasetErrors } from '../errors.ts'
import type { RetrievalSettings } from '../ports.ts'
import type { FoundSegment } from '../presenters/segment.ts'
import type { ExternalRecord } from '../schemas/external.ts'
import { externalBindings } from './external-bindings.ts'
import type { BoundApi } from './external-bindings.ts'
import { externalClient } from './external-client.ts'

export interface ExternalSearch {
  /**
   * Of each dataset its best. Where a service does not answer, throws `completion_request_error`; with `onUnanswered` it is told of and the
   * others are given, unless none answered and `isAll` says that nothing else is searched.
   */
  find(workspaceId: string, datasetIds: readonly string[], question: string, settings: RetrievalSettings, isAll: boolean, signal?: AbortSignal): Promise<readonly FoundSegment[]>
}

/** Services that are asked at the same time. */
const AT_ONCE = 8

export const externalSearch = service('datasets.external-search', {
  uses: { bindings: externalBindings, client: externalClient },
  create: ({ bindings, client }): ExternalSearch => ({
    find: async (workspaceId, datasetIds, question, { topK, scoreThreshold, rerank, filter, onUnanswered }, isAll, signal) => {
      const bound = await bindings.of(workspaceId, datasetIds)
      // Who scores anew has the last word on what is good enough.
      const settings = { topK, ...scoreThreshold === undefined || rerank ? {} : { scoreThreshold }, ...filter ? { filter } : {} }
      const ask = async (id: string): Promise<FoundSegment[] | HttpError> => {
        const api = bound.get(id)
        try {
          if (!api) throw datasetErrors.externalFailed('This dataset is bound to no external knowledge API. Send its external_knowledge_api_id and external_knowledge_id.')
          return (await client.ask(api, question, settings, signal)).map((one, index) => asSegment(api, one, index + 1))
        } catch (error) {
          if (error instanceof HttpError && error.code === datasetErrors.externalFailed.code) return error
          throw error
        }
      }
      const answers: { id: string; answer: FoundSegment[] | HttpError }[] = []
      for (let start = 0; start < datasetIds.length; start += AT_ONCE) {
        answers.push(...await Promise.all(datasetIds.slice(start, start + AT_ONCE).map(async (id) => ({ id, answer: await ask(id) }))))
      }
      const failures = answers.flatMap(({ id, answer }) => answer instanceof HttpError ? [{ id, error: answer }] : [])
      if (failures[0] && (!onUnanswered || isAll && failures.length === answers.length)) throw failures[0].error
      for (const { id, error } of failures) onUnanswered?.(id, error.message)
      return answers.flatMap(({ answer }) => answer instanceof HttpError ? [] : answer)
    },
  }),
})

/** The same passage has the same id whenever it is found; nobody has a row of it. */
const idOf = (...parts: readonly (string | number)[]): string => {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
const asSegment = ({ workspace_id, dataset_id, created_by, created_at }: BoundApi, { content, score, title, metadata }: ExternalRecord, position: number): FoundSegment => {
  const document_id = idOf(dataset_id, title)
  return {
    id: idOf(dataset_id, title, content, JSON.stringify(metadata)), workspace_id, dataset_id, document_id, generation: 1, position, content, answer: null,
    word_count: codePoints(content), tokens: 0, keywords: [], index_node_hash: createHash('sha256').update(content).digest('hex'), hit_count: 0, enabled: true,
    disabled_at: null, disabled_by: null, status: 'completed', error: null, indexing_at: null, completed_at: null, stopped_at: null,
    created_by, created_at, updated_by: null, updated_at: created_at, score, children: [],
    document: { id: document_id, data_source_type: 'external', name: title, doc_type: null, doc_metadata: metadata },
  }
}
