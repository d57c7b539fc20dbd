import Joi from 'joi'
import type { MetadataType, MetadataValue } from '../models/metadata.ts'
import { boolean, integer, string, text, uuid } from './common.ts'
import type { DatasetParams } from './common.ts'

const LONGEST_VALUE = 65_536
const OPERATIONS = 10_000
const type = Joi.string<MetadataType>().valid('string', 'number', 'time')
const name = text(1, 255).trim().required()

export interface NewMetadata { type: MetadataType; name: string }
export const newMetadata = Joi.object<NewMetadata, true>({ type: type.required(), name })
export const metadataName = Joi.object<{ name: string }, true>({ name })

export const metadataParams = Joi.object<DatasetParams & { metadata_id: string }, true>({ dataset_id: uuid.required(), metadata_id: uuid.required() })
export type BuiltInAction = 'enable' | 'disable'
export const builtInParams = Joi.object<DatasetParams & { action: BuiltInAction }, true>({
  dataset_id: uuid.required(), action: Joi.string<BuiltInAction>().valid('enable', 'disable').required(),
})

/** A field; that of a built-in one has the id `built-in`. */
export interface MetadataItem { id: string; name: string; type: MetadataType }
const item = { id: string, name: string, type: type.required() }
export const metadataItem = Joi.object<MetadataItem, true>(item)
export interface MetadataValueItem extends MetadataItem { value: MetadataValue }
export const metadataValueItem = Joi.object<MetadataValueItem, true>({
  ...item, value: Joi.alternatives<MetadataValue>(Joi.string().allow(''), Joi.number().unsafe()).allow(null).required(),
})
export interface MetadataCount extends MetadataItem { count: number }
export interface MetadataList { doc_metadata: MetadataCount[]; built_in_field_enabled: boolean }
export const metadataList = Joi.object<MetadataList, true>({
  doc_metadata: Joi.array().items(Joi.object<MetadataCount, true>({ ...item, count: integer })).required(), built_in_field_enabled: boolean,
})
export interface BuiltInFields { fields: { name: string; type: MetadataType }[] }
export const builtInFields = Joi.object<BuiltInFields, true>({
  fields: Joi.array().items(Joi.object<BuiltInFields['fields'][number], true>({ name: string, type: type.required() })).required(),
})

const wrongValue = `{{#label}} takes a text of at most ${LONGEST_VALUE} characters (well-formed Unicode without NUL), a finite number, or null`
const value = Joi.alternatives<MetadataValue>(text(0, LONGEST_VALUE), Joi.number().unsafe().strict()).allow(null)
  .messages({ 'alternatives.match': wrongValue, 'alternatives.types': wrongValue })
export interface GivenValue { id: string; name: string; value: MetadataValue }
export interface MetadataOperation { document_id: string; metadata_list: GivenValue[]; partial_update: boolean }
export const metadataOperations = Joi.object<{ operation_data: MetadataOperation[] }, true>({
  operation_data: Joi.array().max(OPERATIONS).items(Joi.object<MetadataOperation, true>({
    document_id: uuid.required(),
    metadata_list: Joi.array().items(Joi.object<GivenValue, true>({ id: uuid.required(), name: text(1, 255).required(), value: value.default(null) }))
      .unique('id').messages({ 'array.unique': '{{#label}} repeats a field; give each field once' }).required(),
    partial_update: Joi.boolean().default(false),
  })).required(),
})
/** The values of one document, by the names of the fields. */
export interface DocumentDescription { doc_type?: string | null; doc_metadata: Record<string, MetadataValue> }
export const documentDescription = Joi.object<DocumentDescription, true>({
  doc_type: text(1, 255).allow(null), doc_metadata: Joi.object().pattern(Joi.string(), value).required(),
})
