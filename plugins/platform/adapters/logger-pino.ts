/** JSON lines on standard output. */
import Joi from 'joi'
import { pino } from 'pino'
import { defineAdapter, logger } from '../../../core/index.ts'
import { describeError, redactFields, redactText } from '../services/redaction.ts'

interface Settings { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent' }

export const pinoLogger = defineAdapter(logger, 'pino', {
  options: Joi.object<Settings, true>({ level: Joi.string<Settings['level']>().valid('debug', 'info', 'warn', 'error', 'silent').default('info') }),
  create: (_deps, { level }) => pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: redactFields, bindings: redactFields },
    serializers: { err: describeError },
    hooks: { streamWrite: redactText },
  }),
})
