/** What a log line may say. */

const SECRET = /(?:authorization|cookie|password|passwd|token|secret|credentials?|pepper|(?:api|secret|private)[_-]?key)$/i
const BLANK = '[redacted]'

/** Blanks out fields that are named like secrets, at any depth at which somebody would look for them. */
export const redactFields = (fields: object): Record<string, unknown> => redact(fields, 6) as Record<string, unknown>

const redact = (value: unknown, depth: number): unknown => {
  if (depth === 0 || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: unknown) => redact(item, depth - 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, SECRET.test(name) ? BLANK : redact(inner, depth - 1)]))
}

/** Blanks out bearer credentials wherever they stand in a line: in a message, in a stack, in a header. */
export const redactText = (line: string): string => line.replace(/\b(bearer\s+|basic\s+)[\w.~+/=-]{8,}/gi, `$1${BLANK}`)

/** An error and its causes without the properties that libraries hang on it: statements, bound values, whole requests. */
export const describeError = (error: unknown, depth = 4): unknown => {
  if (!(error instanceof Error)) return error
  const { code, cause } = error as Error & { code?: unknown }
  return {
    type: error.name, message: error.message, stack: error.stack, ...(code === undefined ? {} : { code }),
    ...(cause === undefined || depth === 0 ? {} : { cause: describeError(cause, depth - 1) }),
  }
}
