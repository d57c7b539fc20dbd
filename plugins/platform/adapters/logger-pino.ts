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
const asLogger = (to: pino.Logger): Logger => {
  /** What cannot be written, such as fields that throw when they are read, is told by a line about that. Whoever logs must not fail by it. */
  const carefully = (write: pino.LogFn) => (fields: object | string, message?: string): void => {
    try { write(fields, message) } catch (error) { write({ err: new Error('this line could not be written', { cause: error }) }, message) }
  }
  return {
    debug: carefully(to.debug.bind(to)), info: carefully(to.info.bind(to)), warn: carefully(to.warn.bind(to)), error: carefully(to.error.bind(to)),
    child: (fields) => {
      try { return asLogger(to.child(redactFields(fields))) } catch (error) { return asLogger(to.child({ unwritable: String(error) })) }
    },
  }
}
