import Joi from 'joi'
import { integer, string, stringOrNull, text, uuid } from './common.ts'

export interface TagCount { id: string; name: string; type: 'knowledge'; binding_count: string | null }
const knowledge = Joi.string<'knowledge'>().valid('knowledge')
export const tagCount = Joi.object<TagCount, true>({ id: string, name: string, type: knowledge.required(), binding_count: stringOrNull })
export const tagList = Joi.array<TagCount[]>().items(tagCount)
export interface DatasetTags { data: { id: string; name: string }[]; total: number }
export const datasetTags = Joi.object<DatasetTags, true>({
  data: Joi.array().items(Joi.object<DatasetTags['data'][number], true>({ id: string, name: string })).required(), total: integer,
})

const name = text(1, 50).trim().required()
const type = knowledge.messages({ 'any.only': '{{#label}} takes "knowledge": only knowledge bases have tags here' })
const tag_id = uuid.required()
export const newTag = Joi.object<{ name: string }, true>({ name })
export const tagChange = Joi.object<{ tag_id: string; name: string }, true>({ tag_id, name })
export const tagNamed = Joi.object<{ tag_id: string }, true>({ tag_id })

export interface TagBinding { target_id: string; tag_ids: string[] }
export interface TagUnbinding { target_id: string; tag_ids?: string[]; tag_id?: string }
const tagIds = Joi.array<string[]>().items(uuid).min(1).max(1000)
const binding = { tag_ids: tagIds.required(), target_id: uuid.required() }
const unbinding = { tag_ids: tagIds, tag_id: uuid, target_id: uuid.required() }
export const tagBinding = Joi.object<TagBinding, true>(binding)
export const tagUnbinding = Joi.object<TagUnbinding, true>(unbinding)

/** The same as the console says it: with a type, of which there is one. */
export const consoleTagFilter = Joi.object<{ type?: 'knowledge'; keyword?: string }, true>({ type: type.empty(''), keyword: text(0, 50) })
export const newConsoleTag = Joi.object<{ name: string; type?: 'knowledge' }, true>({ name, type })
export const consoleTagBinding = Joi.object<TagBinding & { type?: 'knowledge' }, true>({ ...binding, type })
export const consoleTagUnbinding = Joi.object<TagUnbinding & { type?: 'knowledge' }, true>({ ...unbinding, type })
