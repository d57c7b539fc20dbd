/** Why an answer did not come, or not to its end: what whoever asked is told, and whether it is worth another try. */
import { HttpError, OutboundRefused } from '../../../core/index.ts'
import type { Logger } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'
import { withoutSecrets } from '../openai/connection.ts'
import type { Place } from '../openai/connection.ts'
import { isPassing, refusalOf } from '../openai/failures.ts'

/** Has no word of the provider: those are in the log. */
export class Failure extends Error {
  readonly told: HttpError
  /** Whether the same request may succeed in a moment; a conversation of which a part was told is not begun anew. */
  readonly passing: boolean
  /** Milliseconds that the provider asks to wait. */
  readonly wait: number | undefined
  constructor(told: HttpError, passing: boolean, wait?: number) {
    super(told.message)
    this.told = told
    this.passing = passing
    this.wait = wait
  }
}
export interface Talk { readonly place: Place; readonly model: string; readonly log: Logger }
export interface Refusal { readonly status: number; readonly answer: string; readonly wait?: number | undefined }

/** In the body, where Google says it. */
const retryDelay = (answer: string): number | undefined => {
  const seconds = /"retryDelay":\s*"(\d+(?:\.\d+)?)s"/.exec(answer)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1_000
}

/** Of a status other than success, or of an error that came as a part of the answer. */
export const refused = ({ place, model, log }: Talk, { status, answer, wait = retryDelay(answer) }: Refusal): Failure => {
  const { label, keeper } = place
  log.warn({ provider: label, model, status, answer: withoutSecrets(answer, place) }, 'a model provider did not answer a conversation')
  const failed = { label, keeper, status, answer, model, about: 'conversation' } as const
  if (!isPassing(failed)) return new Failure(refusalOf(failed), false)
  return new Failure(status === 429
    ? modelErrors.rateLimited(`${label} is asked more often than it allows (429). Try again in a while; a higher limit, or another key, is had there.`)
    : modelErrors.requestRefused(`${label} failed (${status}); it may be overloaded. Try again in a moment, or use another model.`), true, wait)
}

/** What a package throws before it sends anything. */
const NOT_SENT = /^AI_(UnsupportedFunctionality|InvalidPrompt|InvalidArgument)Error$/
const causes = function* (error: unknown): Generator {
  for (let at = error, depth = 0; at !== undefined && at !== null && depth < 8; at = (at as { cause?: unknown }).cause, depth++) yield at
}
/** Of what was thrown on the way. @param begun whether a part of the answer was there */
export const broken = ({ place, model, log }: Talk, error: unknown, begun: boolean): Failure => {
  for (const cause of causes(error)) {
    if (cause instanceof Failure) return cause
    if (cause instanceof HttpError) return new Failure(cause, false)
    if (cause instanceof OutboundRefused) return new Failure(modelErrors.providerNotInitialize(`${place.label} may not be called from this server. ${cause.message}`, { cause }), false)
  }
  const { name, message } = error instanceof Error ? error : { name: typeof error, message: '' }
  log.warn({ provider: place.label, model, error: name, answer: withoutSecrets(message, place) }, 'the answer of a model provider broke off')
  if (NOT_SENT.test(name)) {
    return new Failure(modelErrors.requestRefused(`${model} of ${place.label} cannot be asked in this way: it lacks something that the messages have, such as tools. Use another model.`), false)
  }
  return unsaid(place.label, begun)
}
/** The connection ended, or what came was no answer. */
export const unsaid = (label: string, begun: boolean): Failure => new Failure(modelErrors.requestRefused(begun
  ? `${label} broke off in the middle of its answer. Ask again.`
  : `${label} could not be reached, or ended the connection without an answer. Try again in a moment; the operator looks whether its address is right.`), true)

/** Nothing came for so long. Another try would take as long again. */
export const silent = (label: string, ms: number): Failure => new Failure(modelErrors.requestRefused(
  `${label} was silent for more than ${Math.ceil(ms / 1_000)} seconds. Ask again, or ask for less; the operator can allow it more time by timeoutMs.`), false)

const STATUS_OF: Readonly<Record<string, number>> = {
  overloaded_error: 529, rate_limit_error: 429, rate_limit_exceeded: 429, insufficient_quota: 402, billing_error: 402, authentication_error: 401, permission_error: 403,
  not_found_error: 404, model_not_found: 404, invalid_request_error: 400, request_too_large: 413, api_error: 500, server_error: 500, timeout_error: 504,
  RESOURCE_EXHAUSTED: 429, INVALID_ARGUMENT: 400, PERMISSION_DENIED: 403, UNAUTHENTICATED: 401, NOT_FOUND: 404, UNAVAILABLE: 503, INTERNAL: 500, DEADLINE_EXCEEDED: 504,
}
/** Of an error that came as a part of the answer, in any of the forms in which they come. */
export const told = (talk: Talk, error: unknown, begun: boolean): Failure => {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Readonly<Record<string, unknown>>
  const { code, type, status, statusCode, responseBody } = fields
  const named = [code, type, status].map((word) => typeof word === 'string' ? STATUS_OF[word] ?? Number(word) : typeof word === 'number' ? word : NaN)
  const number = [...named, typeof statusCode === 'number' ? statusCode : NaN].find((one) => one >= 400 && one < 600)
  // What the package made of something that it could not read is not the provider's word.
  if (number === undefined && error instanceof Error) return broken(talk, error, begun)
  return refused(talk, { status: number ?? 500, answer: typeof responseBody === 'string' ? responseBody : JSON.stringify(error) })
}
