/** What the console sees of a table whose rows become segments. */
import Joi from 'joi'
import { integer, string, stringOrNull, uuid } from './common.ts'

export const importParams = Joi.object<{ job_id: string }, true>({ job_id: uuid.required() })
export interface ImportState { job_id: string; job_status: string; error: string | null; total_segments: number; completed_segments: number }
export const importState = Joi.object<ImportState, true>({
  job_id: string, job_status: string, error: stringOrNull, total_segments: integer, completed_segments: integer,
})
