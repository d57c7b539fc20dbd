import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'

export interface DatasetsConfig {
  /** UTF-16 code units of text that one document may have. */
  readonly maxTextLength: number
  /** Milliseconds that reading one packed file or PDF may take. */
  readonly extractMs: number
  /** Megabytes of memory that reading one packed file or PDF may take. */
  readonly extractMb: number
  /** Bytes that a packed file or PDF may have, and the parts of a packed one (docx, xlsx, pptx, epub) together once they are unpacked. */
  readonly unpackedBytes: number
  /** Segments that one document may be cut into. */
  readonly maxSegments: number
  /** Largest `max_tokens` of a process rule, in code points. */
  readonly maxSegmentLength: number
  /** Code points of a passage that is a whole document (parent-child, `full-doc`), and of a question or an answer. */
  readonly maxParentLength: number
  /** Segments that are embedded and indexed at a time. A crash repeats at most one batch of each document. */
  readonly batchSize: number
  /** Segments and children that one transaction stores: 20 on an embedded database and 150 on a server, unless given. */
  readonly storeSize?: number
  /** Milliseconds after which the indexing of a document lets others go first. */
  readonly sliceMs: number
  /** Seconds for which a link to a file is good. */
  readonly fileLinkSeconds: number
  /** Hours for which a file that was sent waits to become a document. */
  readonly waitingHours: number
  /** Milliseconds that a look into files may take before they are documents, and how many such looks there are at once. */
  readonly lookMs: number
  readonly looks: number
  /** Hours for which an Idempotency-Key is remembered. */
  readonly idempotencyHours: number
  /** Days for which a question that was asked of a dataset is kept. */
  readonly keepQueriesDays: number
  /** Keywords kept per segment. */
  readonly keywords: number
  /** Milliseconds without progress after which another process takes a document over. */
  readonly patience: number
  /** Milliseconds that an external knowledge service has for its answer. */
  readonly externalMs: number
}

export const datasetsConfig = defineConfig('datasets', Joi.object<DatasetsConfig, true>({
  maxTextLength: Joi.number().integer().min(1000).default(20_000_000),
  extractMs: Joi.number().integer().min(100).default(60_000),
  extractMb: Joi.number().integer().min(32).default(512),
  unpackedBytes: Joi.number().integer().min(1000).default(200_000_000),
  maxSegments: Joi.number().integer().min(1).default(100_000),
  maxSegmentLength: Joi.number().integer().min(50).default(4000),
  maxParentLength: Joi.number().integer().min(1000).default(100_000),
  batchSize: Joi.number().integer().min(1).max(1000).default(32),
  storeSize: Joi.number().integer().min(1).max(1000),
  sliceMs: Joi.number().integer().min(10).default(5_000),
  fileLinkSeconds: Joi.number().integer().min(1).default(300),
  waitingHours: Joi.number().min(0.01).max(24 * 30).default(24),
  lookMs: Joi.number().integer().min(10).max(60_000).default(10_000),
  looks: Joi.number().integer().min(1).max(100).default(2),
  idempotencyHours: Joi.number().min(0.01).max(24 * 30).default(24),
  keepQueriesDays: Joi.number().min(0.01).max(36_500).default(90),
  keywords: Joi.number().integer().min(1).max(100).default(10),
  patience: Joi.number().integer().min(1000).default(120_000),
  externalMs: Joi.number().integer().min(100).max(600_000).default(20_000),
}))
