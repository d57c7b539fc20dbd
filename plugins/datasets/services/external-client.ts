/**
 * One question to a service elsewhere. Whatever goes wrong there is an answer of ours with words about it: neither what the service said
 * nor the address at which it was found is told, since both may be something that whoever asks could not see otherwise.
 */
import { httpClient, Joi, logger, OutboundRefused, service, vault } from '../../../core/index.ts'
import type { HttpError } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { datasetErrors } from '../errors.ts'
import { keyOwner } from '../models/external.ts'
import type { RetrievalSettings } from '../ports.ts'
import type { ExternalRecord } from '../schemas/external.ts'
import type { BoundApi } from './external-bindings.ts'

export type AskedSettings = Pick<RetrievalSettings, 'topK' | 'scoreThreshold' | 'filter'>
export interface ExternalClient {
  /** Best first, at most `topK`, none below the threshold. Throws `completion_request_error`. */
  ask(api: BoundApi, question: string, settings: AskedSettings, signal?: AbortSignal): Promise<readonly ExternalRecord[]>
}

const MAX_BYTES = 8 * 1024 * 1024
/** UTF-16 units of what one passage may be. */
const LONGEST = 1_000_000

/** Levels of lists and objects in what is said of a passage: further down even writing it as JSON fails. */
const DEEPEST = 50
const isFlat = (value: unknown, levels: number): boolean =>
  typeof value !== 'object' || value === null || levels > 0 && Object.values(value).every((one) => isFlat(one, levels - 1))

/** What a database or another client cannot take is left out of what somebody else wrote. */
const clean = (given: string): string => given.replace(/[\0\p{Cs}]/gu, '')
// Services leave out what they do not have, or say null.
const answered = Joi.object<{ records: ExternalRecord[] }>({
  records: Joi.array().max(10_000).items(Joi.object({
    content: Joi.string().allow('', null).max(LONGEST).empty(null).default(''),
    score: Joi.number().empty(null).default(0),
    title: Joi.string().allow('', null).max(10_000).empty(null).default(''),
    metadata: Joi.object().unknown().empty(null).default({}).custom((given: object, { error }) => isFlat(given, DEEPEST) ? given : error('any.invalid')),
  }).unknown()).required(),
}).unknown()

const statusHelp = (status: number): string =>
  status === 401 || status === 403 ? `refuses the key (${status}). An owner or admin of the workspace enters another one for this external knowledge API.`
  : status === 404 ? 'answers 404. Check its endpoint, to which /retrieval is added, and the external_knowledge_id of the dataset.'
  : status >= 300 && status < 400 ? `points elsewhere instead of answering (${status}). Check its endpoint.`
  : status >= 500 || status === 429 ? `is not able to answer now (${status}). Ask again later.`
  : `does not take the question (${status}). Check its endpoint, and the external_knowledge_id of the dataset.`

export const externalClient = service('datasets.external-client', {
  uses: { http: httpClient, vault, config: datasetsConfig, log: logger },
  create: ({ http, vault, config, log }): ExternalClient => {
    const failed = ({ id, name, dataset_id }: BoundApi, words: string, cause?: unknown): HttpError => {
      log.warn({ err: cause, external_knowledge_api: id, dataset: dataset_id }, `an external knowledge service ${words}`)
      return datasetErrors.externalFailed(`The external knowledge service "${name}" ${words}`, { cause })
    }
    const keyOf = (api: BoundApi): Promise<string> => vault.open(api.sealed, keyOwner(api.workspace_id, api.id)).catch((error: unknown) => {
      throw failed(api, 'has a key that this server cannot read. An owner or admin of the workspace enters it again.', error)
    })
    const receive = async (api: BoundApi, json: object, signal: AbortSignal | undefined): Promise<string> => {
      const authorization = `Bearer ${await keyOf(api)}`
      // The client waits for each next piece: a service that sends one now and then would keep whoever asks for ever.
      const late = AbortSignal.timeout(config.externalMs)
      try {
        const answer = await http.send({
          url: `${api.endpoint}/retrieval`, method: 'POST', headers: { accept: 'application/json', authorization }, json,
          timeout: config.externalMs, maxBytes: MAX_BYTES, signal: signal ? AbortSignal.any([signal, late]) : late,
        })
        if (answer.status === 200) return await answer.text()
        answer.body.on('error', () => undefined).destroy()
        throw failed(api, statusHelp(answer.status))
      } catch (error) {
        signal?.throwIfAborted()
        if (datasetErrors.externalFailed.code === (error as Partial<HttpError>).code) throw error
        throw failed(api, error instanceof OutboundRefused ? 'may not be asked from this server. The operator of the server allows private addresses.'
          : late.aborted ? `did not answer within ${config.externalMs} ms. Ask again later.`
          : 'could not be asked. Look whether it runs and its endpoint is right; the log of the server has the reason.', error)
      }
    }
    return {
      ask: async (api, question, { topK, scoreThreshold = 0, filter }, signal) => {
        const text = await receive(api, {
          knowledge_id: api.external_knowledge_id, query: question, retrieval_setting: { top_k: topK, score_threshold: scoreThreshold },
          ...filter ? { metadata_condition: {
            logical_operator: filter.match === 'any' ? 'or' : 'and',
            conditions: filter.conditions.map(({ name, operator, value }) => ({ name, comparison_operator: operator, ...value == null ? {} : { value } })),
          } } : {},
        }, signal)
        const read = answered.validate(parse(text))
        // Of what it said only the place that is wrong is told, whose names are ours.
        if (read.error) throw failed(api, `answers with something other than {"records": [{"content", "score", "title", "metadata"}]}: look at ${read.error.details[0]?.path.join('.') || 'the whole'}.`)
        return read.value.records.filter(({ content }) => content.trim() !== '')
          .map(({ content, score, title, metadata }) => ({ content: clean(content), score: Math.min(1, Math.max(0, score)), title: clean(title), metadata }))
          .filter(({ score }) => score >= scoreThreshold).sort((a, b) => b.score - a.score).slice(0, topK)
      },
    }
  },
})

/** Null where it is none, which is no answer either. */
const parse = (text: string): unknown => {
  try { return JSON.parse(text) as unknown } catch { return null }
}
