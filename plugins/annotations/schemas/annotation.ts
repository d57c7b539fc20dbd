/** What clients send and see of a written answer. */
import Joi from 'joi'
import { integer, listed, pageFields, string, text, time, uuid } from './common.ts'
import type { AppParams, Listed, Page } from './common.ts'

export const QUESTION_LENGTH = 10_000
export const ANSWER_LENGTH = 100_000

export interface AnnotationItem { id: string; question: string; answer: string; hit_count: number; created_at: number }
export const annotationItem = Joi.object<AnnotationItem, true>({ id: string, question: string, answer: string, hit_count: integer, created_at: time })
export const annotationPage = Joi.object<Listed<AnnotationItem>, true>(listed(annotationItem))
export interface AnnotationFilter extends Page { keyword: string }
export const annotationFilter = Joi.object<AnnotationFilter, true>({ ...pageFields, keyword: text(0, 1000).default('') })

export interface AnnotationText { question: string; answer: string }
const question = text(1, QUESTION_LENGTH).pattern(/\S/u).message('{{#label}} takes words: 1 to 10000 characters, not only spaces')
const answer = text(1, ANSWER_LENGTH)
export const annotationText = Joi.object<AnnotationText, true>({ question: question.required(), answer: answer.required() })
/** In the console it may come from a message, whose question it then takes. */
export interface ConsoleAnnotation { question?: string; answer: string; message_id?: string }
export const consoleAnnotation = Joi.object<ConsoleAnnotation, true>({ question, answer: answer.required(), message_id: uuid.empty(null) }).or('question', 'message_id')

export const annotationParams = Joi.object<{ annotation_id: string }, true>({ annotation_id: uuid.required() })
export const consoleAnnotationParams = Joi.object<AppParams & { annotation_id: string }, true>({ app_id: uuid.required(), annotation_id: uuid.required() })
/** Without ids: all of them. */
export const annotationIds = Joi.object<{ annotation_id?: string[] }, true>({ annotation_id: Joi.array<string[]>().items(uuid).single().min(1).max(1000) })
export const annotationCount = Joi.object<{ count: number }, true>({ count: integer })
export const annotationExport = Joi.object<{ data: AnnotationItem[] }, true>({ data: Joi.array().items(annotationItem).required() })

export interface HitItem { id: string; source: string; score: number; question: string; created_at: number; match: string; response: string }
const hitItem = Joi.object<HitItem, true>({ id: string, source: string, score: Joi.number().required(), question: string, created_at: time, match: string, response: string })
export const hitPage = Joi.object<Listed<HitItem>, true>(listed(hitItem))
