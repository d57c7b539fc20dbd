/** Services elsewhere, and what is said between them and us: both ways in the form in which Dify asks such a service. */
import Joi from 'joi'
import { listed, pageFields, string, text, time, uuid } from './common.ts'
import type { Listed, Page } from './common.ts'
import { metadataCondition, metadataConditions } from './retrieval-model.ts'
import type { MetadataConditions } from './retrieval-model.ts'

/** What stands for a key wherever one would be shown; sent back, it leaves the key as it is. */
export const HIDDEN = '[__HIDDEN__]'

export interface ExternalApiParams { external_knowledge_api_id: string }
export const externalApiParams = Joi.object<ExternalApiParams, true>({ external_knowledge_api_id: uuid.required() })
export interface ExternalApiFilter extends Page { keyword?: string }
export const externalApiFilter = Joi.object<ExternalApiFilter>({ ...pageFields, keyword: text(0, 200) })

export interface ExternalApiSettings { endpoint: string; api_key: string }
export interface NewExternalApi { name: string; description?: string | null; settings: ExternalApiSettings }
export interface ExternalApiChange { name?: string | null; description?: string | null; settings?: Partial<ExternalApiSettings> | null }

/** What is wrong with an address that is to be asked; undefined where nothing is. */
const problemOf = (given: string): string | undefined => {
  if (!URL.canParse(given)) return 'is not the address of a web server. Write it as https://host/path'
  const { protocol, username, password, search, hash, pathname } = new URL(given)
  if (protocol !== 'https:' && protocol !== 'http:') return 'takes http: and https: only. Write it as https://host/path'
  if (username !== '' || password !== '') return 'has a user or a password in it. Leave it out, and send the key as api_key'
  if (search !== '' || hash !== '' || /[?#]/.test(given)) return 'takes neither a query (?) nor a fragment (#), since /retrieval is added to it'
  return /\/retrieval\/*$/.test(pathname) ? 'ends in /retrieval, which is added to it. Leave that out' : undefined
}
const endpoint = Joi.string().trim().max(2000).custom((given: string, { message }) => {
  const problem = problemOf(given)
  return problem === undefined ? new URL(given).href.replace(/\/+$/, '') : message({ custom: `{{#label}} ${problem}` })
})
// It goes into a header. What is wrong with it is said without repeating it.
const apiKey = Joi.string().trim().max(1000).pattern(/^[\x21-\x7e]+$/).message('{{#label}} takes letters, digits and signs without spaces')
const name = text(1, 100).trim()
const description = text(0, 400).allow(null)
export const newExternalApi = Joi.object<NewExternalApi, true>({
  name: name.required(), description,
  settings: Joi.object<ExternalApiSettings, true>({ endpoint: endpoint.required(), api_key: apiKey.required() }).required(),
})
export const externalApiChange = Joi.object<ExternalApiChange, true>({
  name: name.allow(null), description, settings: Joi.object<Partial<ExternalApiSettings>, true>({ endpoint, api_key: apiKey }).allow(null),
})

export interface ExternalApiItem {
  id: string
  tenant_id: string
  name: string
  description: string
  settings: ExternalApiSettings
  dataset_bindings: { id: string; name: string }[]
  created_by: string
  created_at: number
  updated_by: string
  updated_at: number
}
export const externalApiItem = Joi.object<ExternalApiItem, true>({
  id: string, tenant_id: string, name: string, description: string,
  settings: Joi.object<ExternalApiSettings, true>({ endpoint: string, api_key: Joi.string<typeof HIDDEN>().valid(HIDDEN).required() }).required(),
  dataset_bindings: Joi.array().items(Joi.object({ id: string, name: string })).required(),
  created_by: string, created_at: time, updated_by: string, updated_at: time,
})
export const externalApiPage = Joi.object<Listed<ExternalApiItem>, true>(listed(externalApiItem))
export interface UseCheck { is_using: boolean; count: number }
export const useCheck = Joi.object<UseCheck, true>({ is_using: Joi.boolean().required(), count: Joi.number().integer().required() })

/** How an external dataset is searched, as clients say it. */
export interface ExternalRetrievalModel { top_k?: number | null; score_threshold?: number | null; score_threshold_enabled?: boolean | null }
export const externalRetrievalModel = Joi.object<ExternalRetrievalModel, true>({
  top_k: Joi.number().integer().min(1).max(1000).allow(null), score_threshold: Joi.number().allow(null), score_threshold_enabled: Joi.boolean().allow(null),
})
export interface NewExternalDataset {
  name: string
  description?: string | null
  external_knowledge_api_id: string
  external_knowledge_id: string
  external_retrieval_model?: ExternalRetrievalModel | null
}
export const newExternalDataset = Joi.object<NewExternalDataset, true>({
  name: text(1, 40).trim().required(), description,
  external_knowledge_api_id: uuid.required(), external_knowledge_id: text(1, 255).required(), external_retrieval_model: externalRetrievalModel.allow(null),
})

export interface ExternalHitTest { query: string; external_retrieval_model?: ExternalRetrievalModel | null; metadata_filtering_conditions?: MetadataConditions | null }
export const externalHitTest = Joi.object<ExternalHitTest, true>({
  query: text(1, 250).pattern(/\S/).message('{{#label}} takes more than blanks').required(),
  external_retrieval_model: externalRetrievalModel.allow(null),
  metadata_filtering_conditions: metadataConditions.allow(null),
})
/** One passage that a service gives: what we read of theirs, and what we answer ourselves. */
export interface ExternalRecord { content: string; score: number; title: string; metadata: Record<string, unknown> }
const record = Joi.object<ExternalRecord, true>({ content: string, score: Joi.number().required(), title: string, metadata: Joi.object().unknown().required() })
export interface ExternalAnswer { query: { content: string }; records: ExternalRecord[] }
export const externalAnswer = Joi.object<ExternalAnswer, true>({
  query: Joi.object<ExternalAnswer['query'], true>({ content: string }).required(), records: Joi.array().items(record).required(),
})

/** A question as it comes to us. */
export interface ServedQuestion {
  knowledge_id: string
  query: string
  retrieval_setting: { top_k: number; score_threshold?: number | null }
  metadata_condition?: MetadataConditions | null
}
// Older callers write a list of names.
const fieldName = Joi.alternatives().try(
  text(1, 255), Joi.array().items(text(1, 255)).length(1).messages({ 'array.length': '{{#label}} takes one name. Send a condition for each field' }).custom(([one]: [string]) => one))
// Whoever asks is a program that may be newer than this one: what it says beyond this is not about the search.
export const servedQuestion = Joi.object<ServedQuestion>({
  knowledge_id: uuid.required(),
  query: text(0, 10_000).required(),
  retrieval_setting: Joi.object({ top_k: Joi.number().integer().min(1).max(1000).required(), score_threshold: Joi.number().allow(null) }).unknown().required(),
  metadata_condition: Joi.object<MetadataConditions>({
    logical_operator: Joi.string().valid('and', 'or').allow(null),
    conditions: Joi.array().items(metadataCondition.keys({ name: fieldName.required() })).max(50).allow(null),
  }).unknown().allow(null),
}).unknown()
export const servedAnswer = Joi.object<{ records: ExternalRecord[] }, true>({ records: Joi.array().items(record).required() })

