import Joi from 'joi'
import type { CustomHelpers } from 'joi'
import { defineTool, ToolError } from './tool.ts'

interface Search { query: string; dataset_ids?: string[]; top_k: number }
/** A knowledge base that lies elsewhere, and why it gave nothing. */
interface Unanswered { dataset_id: string; reason: string }
interface Result {
  content: string; answer: string | null; score: number
  document_name: string; document_id: string; dataset_name: string; dataset_id: string; segment_id: string
}

/** Not as a pattern, which not every client that reads the schema would understand. */
const wellFormed = (value: string, { message }: CustomHelpers): string | Joi.ErrorReport =>
  /[\0\p{Cs}]/u.test(value) ? message({ custom: '{{#label}} has a NUL, or half of a surrogate pair; leave it out' }) : value
const text = Joi.string().required()

export const search = defineTool<Search, { results: Result[]; unanswered: Unanswered[] }>({
  name: 'search',
  title: 'Search knowledge bases',
  description: 'Finds the passages that answer a question best, by meaning and by words, best first. Each comes with its document, its knowledge base and a score between 0 and 1. '
    + 'Without `dataset_ids` all knowledge bases are searched that the key reaches.',
  input: Joi.object<Search, true>({
    query: Joi.string().trim().max(1000).custom(wellFormed).required().description('What to look for: a question or some words.'),
    dataset_ids: Joi.array().items(Joi.string().guid({ separator: '-', wrapper: false }).length(36).lowercase()).min(1).max(100)
      .description('Search only these knowledge bases; ids as `list_datasets` tells them.'),
    top_k: Joi.number().integer().min(1).max(50).default(5).description('Passages at most.'),
  }),
  output: Joi.object<{ results: Result[]; unanswered: Unanswered[] }, true>({
    results: Joi.array().items(Joi.object<Result, true>({
      content: text.allow(''), answer: text.allow('', null).description('Of a pair of question and answer.'), score: Joi.number().required(),
      document_name: text, document_id: text, dataset_name: text, dataset_id: text, segment_id: text,
    })).required(),
    unanswered: Joi.array().items(Joi.object<Unanswered, true>({ dataset_id: text, reason: text })).required().description('Knowledge bases that did not answer; what is there is of the others.'),
  }),
  run: async ({ query, dataset_ids: asked, top_k: topK }, { workspaceId, datasets, retrieve, signal }) => {
    const names = new Map(datasets.map(({ id, name }) => [id, name]))
    // Whether somebody else has it, or nobody, or it is closed to keys: all the same.
    const missing = asked?.filter((id) => !names.has(id)) ?? []
    if (missing.length > 0) throw new ToolError(`No knowledge base that this key may search has the id ${missing.join(', ')}. Call list_datasets for those that it may, or leave dataset_ids out.`)
    if (names.size === 0) throw new ToolError('This key may search no knowledge base. Whoever made the key can widen its reach, or open a knowledge base to requests with keys.')
    const unanswered: Unanswered[] = []
    const found = await retrieve(workspaceId, [...new Set(asked ?? names.keys())], query, {
      method: 'hybrid_search', topK, onUnanswered: (dataset_id, reason) => { unanswered.push({ dataset_id, reason }) },
    }, signal)
    return {
      unanswered,
      results: found.map(({ content, answer, score, documentName, documentId, datasetId, segmentId }) => ({
        content, answer, score, document_name: documentName, document_id: documentId, dataset_name: names.get(datasetId) ?? '', dataset_id: datasetId, segment_id: segmentId,
      })),
    }
  },
})
