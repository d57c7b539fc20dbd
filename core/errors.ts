/** Errors that reach a client, and errors that keep the server from starting. Each message tells the reader what to do next. */
import { isCalled } from './named.ts'

export interface ErrorSpec { readonly status: number; readonly code: string }
interface ErrorOptions { readonly params?: string; readonly headers?: Record<string, string>; readonly cause?: unknown }

/** An answer other than success: `{code, message, status}` on the wire, and `params` where one field is to blame. */
export class HttpError extends Error implements ErrorSpec {
  static override readonly [Symbol.hasInstance] = isCalled('HttpError')
  override readonly name = 'HttpError'
  readonly status: number
  readonly code: string
  readonly params: string | undefined
  readonly headers: Record<string, string>
  constructor(spec: ErrorSpec, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.status = spec.status
    this.code = spec.code
    this.params = options.params
    this.headers = options.headers ?? {}
  }
}

/** Makes an error; callable with other words than its own. The spec is readable for the API description. */
export interface ErrorMaker extends ErrorSpec { (message?: string, options?: ErrorOptions): HttpError }

/** `{ nameTaken: [409, 'dataset_name_duplicate', 'words'] }` → `errors.nameTaken()`, a value to throw. */
export const defineErrors = <const D extends Record<string, readonly [status: number, code: string, message: string]>>(definitions: D) =>
  Object.fromEntries(
    Object.entries(definitions).map(([key, [status, code, words]]) => [
      key,
      Object.freeze(Object.assign((message = words, options?: ErrorOptions) => new HttpError({ status, code }, message, options), { status, code })),
    ]),
  ) as { readonly [K in keyof D]: ErrorMaker }

/** The errors that any route may meet. */
export const errors = defineErrors({
  badRequest: [400, 'bad_request', 'The request could not be read.'],
  invalidJson: [400, 'bad_request', 'The body is not valid JSON, or is empty. Send one JSON object with Content-Type: application/json.'],
  invalidParam: [400, 'invalid_param', 'A parameter is not valid.'],
  unauthorized: [401, 'unauthorized', 'Access token is invalid'],
  forbidden: [403, 'forbidden', 'This credential may not do that.'],
  notFound: [404, 'not_found', 'There is nothing at this address.'],
  methodNotAllowed: [405, 'method_not_allowed', 'This address does not take that method; see the Allow header.'],
  conflict: [409, 'conflict', 'The request conflicts with the present state.'],
  noFileUploaded: [400, 'no_file_uploaded', 'The form has no file. Send one as multipart/form-data.'],
  tooManyFiles: [400, 'too_many_files', 'The form has more files than this address takes.'],
  filenameMissing: [400, 'filename_not_exists_error', 'The file has no name. Send it with a filename.'],
  fileTooLarge: [413, 'file_too_large', 'The file is larger than this server takes.'],
  bodyTooLarge: [413, 'request_entity_too_large', 'The body is larger than this server takes.'],
  unsupportedMediaType: [415, 'unsupported_media_type', 'This address does not take that kind of body.'],
  tooManyRequests: [429, 'too_many_requests', 'Too many requests; wait and try again.'],
  unavailable: [503, 'service_unavailable', 'The server is stopping or not ready; try again.'],
})

/** One thing that is wrong with the configuration: where, what, and what to do. */
export interface Problem { readonly path: string; readonly message: string; readonly fix?: string | undefined; readonly origin?: string | undefined }

/** The server cannot start. It lists every reason at once; the command line prints them without a stack trace. */
export class StartupError extends Error {
  static override readonly [Symbol.hasInstance] = isCalled('StartupError')
  override readonly name = 'StartupError'
  readonly problems: readonly Problem[]
  /** 2: the configuration is wrong. 1: it is right, but something it needs is not there. */
  readonly exitCode: number
  /** Whether trying again may help. */
  readonly temporary: boolean
  constructor(problems: readonly Problem[], options: { exitCode?: number; temporary?: boolean; cause?: unknown } = {}) {
    super(problems.map(formatProblem).join('\n'), { cause: options.cause })
    this.problems = problems
    this.exitCode = options.exitCode ?? 2
    this.temporary = options.temporary ?? false
  }
}
/** An adapter cannot be made yet: what it needs does not answer, and may do so later. */
export const notYet = (problem: Problem, cause?: unknown): StartupError => new StartupError([problem], { exitCode: 1, temporary: true, cause })
export const formatProblem = ({ path, message, fix, origin }: Problem): string =>
  `${path ? `${path}: ` : ''}${message}${origin ? ` (from ${origin})` : ''}${fix ? `\n    ${fix}` : ''}`
