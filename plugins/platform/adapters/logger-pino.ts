/** JSON lines on standard output. */
import Joi from 'joi'
import { pino } from 'pino'
import { defineAdapter, logger } from '../../../core/index.ts'
import type { Logger } from '../../../core/index.ts'
import { describeError, redactFields, redactText } from '../services/redaction.ts'

interface Settings { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent' }

export const pinoLogger = defineAdapter(logger, 'pino', {
  options: Joi.object<Settings, true>({ level: Joi.string<Settings['level']>().valid('debug', 'info', 'warn', 'error', 'silent').default('info') }),
  create: (_deps, { level }) => asLogger(pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: redactFields },
    serializers: { err: describeError },
    hooks: { streamWrite: redactText },
  })),
})

/** pino formats what a line says, and leaves alone what a child brings to each of its lines. */
const asLogger = (to: pino.Logger): Logger => ({
  debug: to.debug.bind(to), info: to.info.bind(to), warn: to.warn.bind(to), error: to.error.bind(to),
  child: (fields) => asLogger(to.child(redactFields(fields))),
})
