import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'

export interface AuditConfig {
  /** How long an entry is kept. */
  readonly days: number
  /** Whether what a key reads by POST, such as a retrieval, is written down too. */
  readonly retrievals: boolean
}

export const auditConfig = defineConfig('audit', Joi.object<AuditConfig, true>({
  days: Joi.number().integer().min(1).max(36_500).default(365),
  retrievals: Joi.boolean().default(false),
}))
