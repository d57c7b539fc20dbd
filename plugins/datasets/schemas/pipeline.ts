/** What pipelines would be asked with. */
import Joi from 'joi'
import { text, uuid } from './common.ts'
import type { DatasetParams } from './common.ts'

export const pipelineQuery = Joi.object<{ is_published: boolean }>({ is_published: Joi.boolean().empty('').default(true) })
export const nodeParams = Joi.object<DatasetParams & { node_id: string }, true>({ dataset_id: uuid.required(), node_id: text(1, 255).required() })

const sources = ['local_file', 'online_document', 'website_crawl', 'online_drive'] as const
export interface SourceRun { inputs: object; datasource_type: typeof sources[number]; is_published: boolean }
const sourceRun = {
  inputs: Joi.object().unknown().required(), datasource_type: Joi.string<typeof sources[number]>().valid(...sources).required(), is_published: Joi.boolean().required(),
}
export const nodeRun = Joi.object<SourceRun & { credential_id?: string | null }, true>({ ...sourceRun, credential_id: text(0, 255).allow(null) })
export interface PipelineRun extends SourceRun { datasource_info_list: object[]; start_node_id: string; response_mode: 'streaming' | 'blocking' }
export const pipelineRun = Joi.object<PipelineRun, true>({
  ...sourceRun, datasource_info_list: Joi.array().items(Joi.object().unknown()).max(100).required(), start_node_id: text(1, 255).required(),
  response_mode: Joi.string<'streaming' | 'blocking'>().valid('streaming', 'blocking').required(),
})
