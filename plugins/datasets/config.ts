import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'

export interface DatasetsConfig {
  /** UTF-16 code units of text that one document may have. */
  readonly maxTextLength: number
  /** Segments that one document may be cut into. */
  readonly maxSegments: number
  /** Largest `max_tokens` of a process rule, in code points. */
  readonly maxSegmentLength: number
  /** Segments that are embedded and indexed at a time. A crash repeats at most one batch of each document. */
  readonly batchSize: number
  /** Keywords kept per segment. */
  readonly keywords: number
  /** Milliseconds without progress after which another process takes a document over. */
  readonly patience: number
}

export const datasetsConfig = defineConfig('datasets', Joi.object<DatasetsConfig, true>({
  maxTextLength: Joi.number().integer().min(1000).default(20_000_000),
  maxSegments: Joi.number().integer().min(1).default(100_000),
  maxSegmentLength: Joi.number().integer().min(50).default(4000),
  batchSize: Joi.number().integer().min(1).max(1000).default(32),
  keywords: Joi.number().integer().min(1).max(100).default(10),
  patience: Joi.number().integer().min(1000).default(120_000),
}))
