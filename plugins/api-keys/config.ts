import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'
import { PREFIXES } from './services/token.ts'
import type { Prefix } from './services/token.ts'

export interface ApiKeysConfig {
  /** Keys at most that reach one dataset, and keys at most of the whole workspace. */
  readonly limit: number
  /** Seconds between two writes of when keys were last used. */
  readonly lastUsedSeconds: number
  /** Prefixes of which keys are taken that were made elsewhere, without our checksum. */
  readonly legacyPrefixes: Prefix[]
  /** Such keys that one address may get wrong in a minute. */
  readonly legacyMisses: number
}

export const apiKeysConfig = defineConfig('api-keys', Joi.object<ApiKeysConfig, true>({
  limit: Joi.number().integer().min(1).default(10),
  lastUsedSeconds: Joi.number().min(0.01).max(3600).default(10),
  legacyPrefixes: Joi.array().items(Joi.string().valid(...PREFIXES)).unique().default([]),
  legacyMisses: Joi.number().integer().min(1).default(60),
}))
