import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'

export interface AnnotationsConfig {
  /** Written answers that one app may have: each question is compared with all of them. */
  readonly maxPerApp: number
  /** Questions that are embedded at a time. */
  readonly batchSize: number
  /** Memory for the vectors of apps, in bytes. An app that needs more is read anew for each question. */
  readonly cacheBytes: number
  /** Bytes and rows of a file that is imported. */
  readonly importBytes: number
  readonly importRows: number
  /** Days for which the state of a switch or an import can be asked. */
  readonly keepJobsDays: number
}

export const annotationsConfig = defineConfig('annotations', Joi.object<AnnotationsConfig, true>({
  maxPerApp: Joi.number().integer().min(1).default(20_000),
  batchSize: Joi.number().integer().min(1).max(1000).default(32),
  cacheBytes: Joi.number().integer().min(0).default(128 * 1024 * 1024),
  importBytes: Joi.number().integer().min(1000).default(5_000_000),
  importRows: Joi.number().integer().min(1).default(10_000),
  keepJobsDays: Joi.number().min(0.01).max(36_500).default(30),
}))
