/** What the console sends and sees of indexing. */
import Joi from 'joi'
import { listed, pageFields, uuid } from './common.ts'
import type { DocumentParams, Listed, Page } from './common.ts'
import { indexingState } from './document.ts'
import type { IndexingState } from './document.ts'

export const processingParams = Joi.object<DocumentParams & { action: 'pause' | 'resume' }, true>({
  dataset_id: uuid.required(), document_id: uuid.required(), action: Joi.string<'pause' | 'resume'>().valid('pause', 'resume').required(),
})
export const retryRequest = Joi.object<{ document_ids: string[] }, true>({ document_ids: Joi.array().items(uuid.required()).min(1).max(100).required() })
export const statePage = Joi.object<Listed<IndexingState>, true>(listed(indexingState))
export const stateQuery = Joi.object<Page>({ ...pageFields, limit: pageFields.limit.default(100) })
export const success = Joi.object<{ result: 'success' }, true>({ result: Joi.string<'success'>().valid('success').required() })
