import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'

export interface BootstrapConfig {
  /** The owner's address for signing in. Nothing is sent there. */
  readonly email: string
  readonly name: string
  readonly workspace: string
  /** Where the secrets are told: `auto` is the terminal where there is one, else the file. */
  readonly output: 'auto' | 'terminal' | 'file'
}

export const bootstrapConfig = defineConfig('bootstrap', Joi.object<BootstrapConfig, true>({
  email: Joi.string().email({ tlds: false }).max(254).default('owner@example.com'),
  name: Joi.string().min(1).max(30).default('Owner'),
  workspace: Joi.string().min(1).max(100).default('My workspace'),
  output: Joi.string<BootstrapConfig['output']>().valid('auto', 'terminal', 'file').default('auto'),
}))
