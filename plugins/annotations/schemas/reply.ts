/** What clients send and see of whether an app gives written answers, and of what takes its time. */
import Joi from 'joi'
import type { JobStatus } from '../models/reply.ts'
import { integer, string, text, uuid } from './common.ts'
import type { AppParams } from './common.ts'

export type ReplyAction = 'enable' | 'disable'
const action = Joi.string<ReplyAction>().valid('enable', 'disable').required()
const score_threshold = Joi.number().min(0).max(1).required()
export interface ReplyRequest { score_threshold: number; embedding_provider_name: string; embedding_model_name: string }
const name = text(1, 255).required()
export const replyRequest = Joi.object<ReplyRequest, true>({ score_threshold, embedding_provider_name: name, embedding_model_name: name })
export const thresholdChange = Joi.object<{ score_threshold: number }, true>({ score_threshold })

export const actionParams = Joi.object<{ action: ReplyAction }, true>({ action })
export const statusParams = Joi.object<{ action: ReplyAction; job_id: string }, true>({ action, job_id: uuid.required() })
const app_id = uuid.required()
export const consoleActionParams = Joi.object<AppParams & { action: ReplyAction }, true>({ app_id, action })
export const consoleStatusParams = Joi.object<AppParams & { action: ReplyAction; job_id: string }, true>({ app_id, action, job_id: uuid.required() })
export const importStatusParams = Joi.object<AppParams & { job_id: string }, true>({ app_id, job_id: uuid.required() })
export const settingParams = Joi.object<AppParams & { setting_id: string }, true>({ app_id, setting_id: uuid.required() })

const status = Joi.string<JobStatus>().valid('waiting', 'processing', 'completed', 'error').required()
export interface BegunJob { job_id: string; job_status: JobStatus }
export const begunJob = Joi.object<BegunJob, true>({ job_id: string, job_status: status })
export interface JobState extends BegunJob { error_msg: string }
export const jobState = Joi.object<JobState, true>({ job_id: string, job_status: status, error_msg: string })
export interface BegunImport extends BegunJob { record_count: number }
export const begunImport = Joi.object<BegunImport, true>({ job_id: string, job_status: status, record_count: integer })

export type ShownReply = { enabled: false } | {
  id: string; enabled: true; score_threshold: number; embedding_model: { embedding_provider_name: string; embedding_model_name: string }
}
export interface ReplyShape { id?: string; enabled: boolean; score_threshold?: number; embedding_model?: { embedding_provider_name: string; embedding_model_name: string } }
export const shownReply = Joi.object<ReplyShape, true>({
  id: Joi.string(), enabled: Joi.boolean().required(), score_threshold: Joi.number(),
  embedding_model: Joi.object<NonNullable<ReplyShape['embedding_model']>, true>({ embedding_provider_name: string, embedding_model_name: string }),
})
