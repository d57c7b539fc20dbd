/** The rows of Dify as they are read, and what they are called here. Whatever stands in one, this does not fail. */
import type { ImportedAccount, ImportedMember, ImportedWorkspace, Role } from '../../auth/ports.ts'
import type { ImportedChild, ImportedDataset, ImportedDocument, ImportedField, ImportedRule, ImportedSegment, ImportedTag } from '../../datasets/ports.ts'

export interface TenantRow { readonly id: string; readonly name: string; readonly status: string; readonly created_at: Date }
export const TENANT = ['id', 'name', 'status', 'created_at']
export interface AccountRow {
  readonly id: string; readonly email: string; readonly name: string; readonly status: string
  readonly interface_language: string | null; readonly timezone: string | null; readonly created_at: Date
}
export const ACCOUNT = ['id', 'email', 'name', 'status', 'interface_language', 'timezone', 'created_at']
export interface JoinRow { readonly tenant_id: string; readonly account_id: string; readonly role: string }
export const JOIN = ['tenant_id', 'account_id', 'role']
export interface DatasetRow {
  readonly id: string; readonly tenant_id: string; readonly name: string; readonly description: string | null; readonly provider: string | null; readonly permission: string
  readonly indexing_technique: string | null; readonly embedding_model: string | null; readonly embedding_model_provider: string | null; readonly retrieval_model: unknown
  readonly enable_api: boolean | null; readonly built_in_field_enabled: boolean | null; readonly created_by: string; readonly created_at: Date; readonly updated_at: Date | null
}
export const DATASET = [
  'id', 'tenant_id', 'name', 'description', 'provider', 'permission', 'indexing_technique', 'embedding_model', 'embedding_model_provider', 'retrieval_model',
  'enable_api', 'built_in_field_enabled', 'created_by', 'created_at', 'updated_at',
]
export interface PermissionRow { readonly dataset_id: string; readonly account_id: string; readonly has_permission: boolean | null }
export interface RuleRow { readonly id: string; readonly mode: string; readonly rules: string | null; readonly created_by: string; readonly created_at: Date }
export const RULE = ['id', 'mode', 'rules', 'created_by', 'created_at']
export interface FieldRow { readonly id: string; readonly type: string; readonly name: string; readonly created_by: string; readonly created_at: Date }
export const FIELD = ['id', 'type', 'name', 'created_by', 'created_at']
export interface DocumentRow {
  readonly id: string; readonly position: number; readonly name: string; readonly batch: string; readonly dataset_process_rule_id: string | null; readonly data_source_type: string
  readonly created_from: string; readonly created_by: string; readonly created_at: Date; readonly updated_at: Date | null; readonly completed_at: Date | null
  readonly indexing_status: string; readonly enabled: boolean; readonly disabled_at: Date | null; readonly disabled_by: string | null; readonly archived: boolean
  readonly doc_type: string | null; readonly doc_metadata: unknown; readonly doc_form: string | null; readonly doc_language: string | null
}
export const DOCUMENT = [
  'name', 'batch', 'dataset_process_rule_id', 'data_source_type', 'created_from', 'created_by', 'created_at', 'updated_at', 'completed_at', 'indexing_status',
  'enabled', 'disabled_at', 'disabled_by', 'archived', 'doc_type', 'doc_metadata', 'doc_form', 'doc_language',
]
/** What of a document's segments is taken over: what is complete, and says something. */
export const COMPLETE = `status = 'completed' AND content ~ '\\S'`
export interface SegmentRow {
  readonly id: string; readonly position: number; readonly content: string; readonly answer: string | null; readonly word_count: number; readonly tokens: number | null
  readonly keywords: unknown; readonly hit_count: number | null; readonly enabled: boolean; readonly disabled_at: Date | null; readonly disabled_by: string | null
  readonly created_by: string; readonly created_at: Date; readonly updated_at: Date | null
}
export const SEGMENT = ['content', 'answer', 'word_count', 'tokens', 'keywords', 'hit_count', 'enabled', 'disabled_at', 'disabled_by', 'created_by', 'created_at', 'updated_at']
export interface ChildRow { readonly id: string; readonly segment_id: string; readonly position: number; readonly content: string; readonly type: string | null; readonly created_at: Date; readonly updated_at: Date | null }
export const CHILD = ['content', 'type', 'created_at', 'updated_at']
export interface TagRow { readonly id: string; readonly tenant_id: string; readonly name: string; readonly created_by: string; readonly created_at: Date }
export const TAG = ['id', 'tenant_id', 'name', 'created_by', 'created_at']
export interface TaggingRow { readonly tenant_id: string; readonly tag_id: string; readonly target_id: string }
export interface TokenRow { readonly id: string; readonly tenant_id: string; readonly token: string }

/** The account here that an account there has become. */
export type Who = (account: string) => string
const whoOrNull = (who: Who, account: string | null): string | null => account === null ? null : who(account)

const json = (text: unknown): unknown => {
  if (typeof text !== 'string') return text
  try { return JSON.parse(text) as unknown } catch { return undefined }
}
/** A name without what surrounds it: plugins call their providers `langgenius/openai/openai`. */
const shortOf = (provider: string): string => provider.split('/').at(-1) ?? provider

export const workspaceOf = (row: TenantRow): ImportedWorkspace => ({ id: row.id, name: row.name, archived: row.status === 'archive', createdAt: row.created_at })
/** Undefined for whoever was invited and never came. */
export const accountOf = ({ id, email, name, status, interface_language: language, timezone, created_at: createdAt }: AccountRow): ImportedAccount | undefined =>
  status === 'active' || status === 'banned' || status === 'closed' ? { id, email, name, status, ...language ? { language } : {}, ...timezone ? { timezone } : {}, createdAt } : undefined
export const memberOf = (row: JoinRow, who: Who): ImportedMember => ({ workspaceId: row.tenant_id, accountId: who(row.account_id), role: row.role as Role })
export const datasetOf = (row: DatasetRow, members: readonly string[], who: Who): ImportedDataset => ({
  id: row.id, workspaceId: row.tenant_id, name: row.name, description: row.description ?? '', permission: row.permission, members: members.map(who),
  indexingTechnique: row.indexing_technique || null,
  embedding: row.embedding_model && row.embedding_model_provider ? { provider: shortOf(row.embedding_model_provider), model: row.embedding_model } : null,
  retrievalModel: json(row.retrieval_model), enableApi: row.enable_api ?? true, builtInFields: row.built_in_field_enabled ?? false,
  createdBy: who(row.created_by), createdAt: row.created_at, updatedAt: row.updated_at ?? row.created_at,
})
type In = Pick<DatasetRow, 'id' | 'tenant_id'>
export const ruleOf = (row: RuleRow, { id, tenant_id }: In, who: Who): ImportedRule => (
  { id: row.id, workspaceId: tenant_id, datasetId: id, mode: row.mode, rules: json(row.rules ?? 'null'), createdBy: who(row.created_by), createdAt: row.created_at })
export const fieldOf = (row: FieldRow, { id, tenant_id }: In, who: Who): ImportedField => (
  { id: row.id, workspaceId: tenant_id, datasetId: id, type: row.type, name: row.name, createdBy: who(row.created_by), createdAt: row.created_at })
export const tagOf = (row: TagRow, who: Who): ImportedTag => ({ id: row.id, workspaceId: row.tenant_id, name: row.name, createdBy: who(row.created_by), createdAt: row.created_at })

/** Values by name. A field that a document is bound to, and has no value of, is null. */
const metadataOf = (given: unknown, bound: readonly string[]): ImportedDocument['metadata'] => {
  const values = json(given)
  return {
    ...Object.fromEntries(bound.map((name) => [name, null])),
    ...Object.fromEntries(Object.entries(typeof values === 'object' && !Array.isArray(values) ? values ?? {} : {}).map(([name, value]: [string, unknown]) =>
      [name, value === null || typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value)])),
  }
}
export interface Contents { readonly segments: number; readonly changed: Date | null }
export const documentOf = (row: DocumentRow, { id, tenant_id }: In, bound: readonly string[], contents: Contents, who: Who): ImportedDocument => ({
  id: row.id, workspaceId: tenant_id, datasetId: id, name: row.name, batch: row.batch, ruleId: row.dataset_process_rule_id, source: row.data_source_type,
  createdFrom: row.created_from === 'api' ? 'api' : 'web', form: row.doc_form ?? 'text_model', language: row.doc_language || 'English', type: row.doc_type,
  metadata: metadataOf(row.doc_metadata, bound), enabled: row.enabled, disabledAt: row.disabled_at, disabledBy: whoOrNull(who, row.disabled_by), archived: row.archived,
  completedAt: row.completed_at, createdBy: who(row.created_by), createdAt: row.created_at, updatedAt: row.updated_at ?? row.created_at,
  segments: contents.segments, segmentsChangedAt: contents.changed,
})
const wordsOf = (given: unknown): string[] => {
  const words = json(given)
  return Array.isArray(words) ? words.filter((word): word is string => typeof word === 'string') : []
}
export const segmentOf = (row: SegmentRow, children: readonly ImportedChild[], who: Who): ImportedSegment => ({
  id: row.id, position: row.position, content: row.content, answer: row.answer, keywords: wordsOf(row.keywords), wordCount: row.word_count, tokens: row.tokens ?? 0,
  hitCount: row.hit_count ?? 0, enabled: row.enabled, disabledAt: row.disabled_at, disabledBy: whoOrNull(who, row.disabled_by),
  createdBy: who(row.created_by), createdAt: row.created_at, updatedAt: row.updated_at ?? row.created_at, children,
})
export const childOf = (row: ChildRow): ImportedChild => (
  { id: row.id, content: row.content, type: row.type === 'customized' ? 'customized' : 'automatic', createdAt: row.created_at, updatedAt: row.updated_at ?? row.created_at })
