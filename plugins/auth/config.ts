import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'

export interface AuthConfig {
  /** How long a session lasts without a refresh. */
  readonly accessTokenMinutes: number
  /** How long a browser stays signed in without being used. */
  readonly refreshTokenDays: number
}

export const authConfig = defineConfig('auth', Joi.object<AuthConfig, true>({
  accessTokenMinutes: Joi.number().integer().min(1).default(60),
  refreshTokenDays: Joi.number().integer().min(1).default(30),
}))
