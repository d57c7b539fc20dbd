/** One request to a server that speaks the protocol of OpenAI: sent, tried again where that helps, and its failures told apart. */
import { setTimeout as sleep } from 'node:timers/promises'
import { OutboundRefused } from '../../../core/index.ts'
import type { HttpClient, Logger } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'
import { isPassing, refusalOf } from './failures.ts'
import type { Failed } from './failures.ts'

/** Where a server is, and as whom it is asked. */
export interface Place {
  readonly label: string
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** See `OutboundRequest`. */
  readonly trusts?: string
  readonly keeper: Failed['keeper']
}
export interface Question {
  /** Below the base URL: `/embeddings`. */
  readonly path: string
  /** Sent by POST; without it the request is a GET. */
  readonly json?: unknown
  readonly model?: string
  /** Milliseconds from the beginning within which another try may begin; 0: there is none. */
  readonly patience: number
  /** Milliseconds for the answer to begin, and as many again for it to end. */
  readonly timeout: number
  /** Bytes of the answer. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal | undefined
}
/** Resolves to the JSON of the answer. Throws an `HttpError` where another attempt would end alike, else an `Error`; neither has a word of the server. */
export type Ask = (place: Place, question: Question) => Promise<unknown>

const TRIES = 4
const FIRST_WAIT = 500
/** A workspace chooses its server: what it sends is read as a whole, and as JSON takes a multiple of the memory. */
const MAX_BYTES = 16 * 1024 * 1024

/** Of the base URL, whatever query it has itself. */
export const urlOf = ({ baseUrl, query }: Pick<Place, 'baseUrl' | 'query'>, path: string): string => {
  const url = new URL(baseUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.href
}

/** What a server says of a request may quote it. */
export const withoutSecrets = (text: string, { baseUrl, headers, query }: Pick<Place, 'baseUrl' | 'headers' | 'query'>): string =>
  [...Object.values(headers), ...Object.values(query), ...new URL(baseUrl).searchParams.values()].flatMap((value) => [value, value.replace(/^Bearer /, '')])
    .filter((value) => value.length > 3).reduce((clean, value) => clean.replaceAll(value, '[redacted]'), text).slice(0, 500)

/** Milliseconds that the server asks to wait, in whichever of the customary ways. */
export const askedToWait = (headers: Readonly<Record<string, string>>): number | undefined => {
  const [ms, after] = [headers['retry-after-ms'], headers['retry-after']]
  const wait = ms !== undefined ? Number(ms) : after === undefined ? NaN : /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - Date.now()
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined
}

type Received = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }
type Outcome = { readonly value: unknown } | { readonly failure: Error; readonly wait?: number | undefined }

export const asking = (http: HttpClient, log: Logger): Ask => {
  const receive = async (place: Place, { path, json, timeout, signal, maxBytes = MAX_BYTES }: Question): Promise<Received | Error> => {
    // The client waits for each next piece: a server that sends one now and then would keep whoever asks for ever.
    const late = new AbortController()
    const timer = setTimeout(() => { late.abort(new Error(`it did not come to an end within ${2 * timeout} ms`)) }, 2 * timeout)
    try {
      const answer = await http.send({
        url: urlOf(place, path), headers: { accept: 'application/json', ...place.headers }, timeout, maxBytes,
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
        ...json === undefined ? {} : { method: 'POST', json }, ...place.trusts === undefined ? {} : { trusts: place.trusts },
      })
      return { status: answer.status, headers: answer.headers, text: await answer.text() }
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof OutboundRefused) throw modelErrors.providerNotInitialize(`${place.label} may not be called from this server. ${error.message}`, { cause: error })
      return new Error(`${place.label} did not answer ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }
  const once = async (place: Place, question: Question): Promise<Outcome> => {
    const { label, keeper } = place
    const { path, model } = question
    const received = await receive(place, question)
    if (received instanceof Error) return { failure: received }
    const { status, headers, text } = received
    const value = status >= 200 && status < 300 ? parse(text) : undefined
    if (value !== undefined) return { value }
    log.warn({ provider: label, path, model, status, answer: withoutSecrets(text, place) }, 'a model provider did not answer the question')
    if (status < 300) throw new Error(`${label} answered ${path} with something that is not JSON. Check the base URL, which mostly ends in /v1.`)
    const failed: Failed = { label, keeper, status, answer: text, model }
    if (!isPassing(failed)) throw refusalOf(failed)
    return { failure: new Error(`${label} answered ${status} to ${path}; it may be overloaded: try again later`), wait: askedToWait(headers) }
  }
  return async (place, question) => {
    const { signal, patience } = question
    const began = performance.now()
    for (let tries = 1; ; tries++) {
      signal?.throwIfAborted()
      const outcome = await once(place, question)
      if ('value' in outcome) return outcome.value
      // Some spread, so that those who failed together do not come back together.
      const wait = outcome.wait ?? FIRST_WAIT * 2 ** (tries - 1) * (0.75 + Math.random() / 2)
      if (tries === TRIES || performance.now() - began + wait > patience) throw outcome.failure
      await sleep(wait, undefined, signal ? { signal } : {}).catch(() => { signal?.throwIfAborted() })
    }
  }
}

/** Undefined where it is none; JSON has no such value. */
const parse = (text: string): unknown => {
  try { return JSON.parse(text) as unknown } catch { return undefined }
}
