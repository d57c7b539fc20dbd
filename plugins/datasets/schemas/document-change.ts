/** What is sent to change documents, and to have many of them at once. */
import Joi from 'joi'
import { text, uuid } from './common.ts'
import type { DatasetParams } from './common.ts'
import { settingFields } from './document.ts'
import type { DocumentSettings } from './document.ts'

export interface FileUpdate extends Omit<DocumentSettings, 'original_document_id' | 'duplicate'> { name?: string | null }
export interface TextUpdate extends FileUpdate { text?: string | null }
const change = { ...settingFields, name: text(1, 255).trim().allow(null) }
export const textUpdate = Joi.object<TextUpdate, true>({ ...change, text: Joi.string().allow(null) })
/** The text fields of the form; `data` arrives as a JSON string. */
export const fileUpdate = Joi.object<{ data: FileUpdate }>({ data: Joi.object<FileUpdate, true>(change).default({}) })
export interface NewName { name: string }
export const newName = Joi.object<NewName, true>({ name: text(1, 255).trim().required() })

export const statusActions = ['enable', 'disable', 'archive', 'un_archive'] as const
export type StatusAction = typeof statusActions[number]
/** An action that nobody knows is a wrong action, not a wrong address. */
export const statusParams = Joi.object<DatasetParams & { action: StatusAction | 'unknown' }, true>({
  dataset_id: uuid.required(), action: Joi.string<StatusAction | 'unknown'>().valid(...statusActions).failover('unknown').required(),
})
export const statusRequest = Joi.object<{ document_ids: string[] }, true>({ document_ids: Joi.array().items(uuid).max(1000).required() })
export const archiveRequest = Joi.object<{ document_ids: string[] }, true>({ document_ids: Joi.array().items(uuid).min(1).max(100).required() })

/** In a query, where one of them is no list yet. */
export const documentsQuery = Joi.object<{ document_id: string[] }, true>({ document_id: Joi.array<string[]>().items(uuid).single().min(1).max(100).required() })
