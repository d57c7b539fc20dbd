import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'

export interface ChatConfig {
  /** Milliseconds between two pings of a stream. */
  readonly pingMs: number
  /** Tokens of earlier messages that a question brings along at most, where the model would take more. */
  readonly memoryTokens: number
  /** Code points of an answer after which what it says is looked at again, where it is moderated. */
  readonly moderationStep: number
}

export const chatConfig = defineConfig('chat', Joi.object<ChatConfig, true>({
  pingMs: Joi.number().integer().min(20).default(10_000),
  memoryTokens: Joi.number().integer().min(0).default(8_000),
  moderationStep: Joi.number().integer().min(1).default(300),
}))
