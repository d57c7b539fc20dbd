import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'

export interface AppsConfig {
  /** Megabytes that a file of each kind may have, as `/parameters` tells them. */
  readonly files: { readonly documentMb: number; readonly imageMb: number; readonly audioMb: number; readonly videoMb: number }
  /** Files that one question may have. */
  readonly filesPerQuestion: number
  /** Seconds for which a link to a file is good. */
  readonly fileLinkSeconds: number
  /** Bytes of a file that an app is imported from. */
  readonly importBytes: number
  /** Minutes for which an import waits to be confirmed. */
  readonly importMinutes: number
}
const mb = (value: number) => Joi.number().min(0.001).max(10_000).default(value)

export const appsConfig = defineConfig('apps', Joi.object<AppsConfig, true>({
  files: Joi.object<AppsConfig['files'], true>({ documentMb: mb(15), imageMb: mb(10), audioMb: mb(50), videoMb: mb(100) }).default(),
  filesPerQuestion: Joi.number().integer().min(1).max(100).default(10),
  fileLinkSeconds: Joi.number().integer().min(1).default(300),
  importBytes: Joi.number().integer().min(1000).default(10_000_000),
  importMinutes: Joi.number().min(0.01).max(60 * 24).default(10),
}))
