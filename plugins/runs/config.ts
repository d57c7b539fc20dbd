import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'

export interface RunsConfig {
  /** Runs of one app at a time, whatever it allows itself; 0: any number. */
  readonly perApp: number
  /** Seconds that a run may take. */
  readonly seconds: number
  /** Milliseconds between two signs of life, and after which a run without one is given up. */
  readonly beatMs: number
  readonly leaseMs: number
  /** Milliseconds for which the events of a run that is over are kept for those who still read them. */
  readonly keepMs: number
  /** Bytes, roughly, that the events of one run may take up; it is stopped where it says more. */
  readonly eventBytes: number
  /** Days after which what is known of a run that is over is deleted. */
  readonly keepDays: number
}

export const runsConfig = defineConfig('runs', Joi.object<RunsConfig, true>({
  perApp: Joi.number().integer().min(0).default(0),
  seconds: Joi.number().min(0.05).max(24 * 3600).default(1200),
  beatMs: Joi.number().integer().min(20).default(2_000),
  leaseMs: Joi.number().integer().min(100).default(30_000),
  keepMs: Joi.number().integer().min(0).default(60_000),
  eventBytes: Joi.number().integer().min(1_024).default(64 * 1024 * 1024),
  keepDays: Joi.number().integer().min(1).max(36_500).default(7),
}))
