import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'

export interface ApiKeysConfig {
  /** Keys at most that reach one dataset, and keys at most of the whole workspace. */
  readonly limit: number
  /** Seconds between two writes of when keys were last used. */
  readonly lastUsedSeconds: number
}

export const apiKeysConfig = defineConfig('api-keys', Joi.object<ApiKeysConfig, true>({
  limit: Joi.number().integer().min(1).default(10),
  lastUsedSeconds: Joi.number().min(0.01).max(3600).default(10),
}))
