/**
 * What the packages of the AI SDK call in place of `fetch`: the project's own client, so that no address is reached which the operator does not
 * allow. Keys are added here, so that the packages never have them, and failures get their words here.
 */
import type { Readable } from 'node:stream'
import type { HttpClient } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'
import { askedToWait, urlOf } from '../openai/connection.ts'
import { broken, Failure, refused, silent, unsaid } from './failures.ts'
import type { Talk } from './failures.ts'

export type Wire = (input: string | URL | Request, init?: RequestInit) => Promise<Response>
export interface Calling extends Talk {
  readonly http: HttpClient
  /** Milliseconds for the answer to begin, and then for each next piece of it. */
  readonly timeout: number
  /** Changes what is sent, where a package says it in another way than is wanted. */
  readonly rewrite?: ((body: Record<string, unknown>) => Record<string, unknown>) | undefined
}

/** A token as an event takes some 200 bytes, and no answer has a quarter of a million. */
const MOST_BYTES = 64 * 1024 * 1024
/** Bytes of one line, and of a refusal that is read. */
const [LONGEST_LINE, LONGEST_REFUSAL] = [4 * 1024 * 1024, 64 * 1024]
/** The package's own way to send a key, for which it gets none, and what it tells of this server. */
const NOT_SENT = new Set(['authorization', 'x-api-key', 'x-goog-api-key', 'user-agent'])

/** Where the packages are told that the server is; `place.baseUrl` may have a query, which they would put in the middle. */
export const bareUrl = (baseUrl: string): string => {
  const { origin, pathname } = new URL(baseUrl)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

export const guardedFetch = (calling: Calling): Wire => {
  const { http, place, timeout, rewrite } = calling
  const bare = bareUrl(place.baseUrl)
  return async (input, init) => {
    const asked = String(input instanceof Request ? input.url : input)
    // The packages also load files that a message names by an address: those are loaded before, and nobody gets our keys.
    if (asked !== bare && !asked.startsWith(`${bare}/`) || typeof init?.body !== 'string') {
      throw modelErrors.requestRefused(`${place.label} would be called in a way that this server does not allow.`)
    }
    const { pathname, searchParams } = new URL(asked)
    const url = urlOf({ baseUrl: place.baseUrl, query: { ...Object.fromEntries(searchParams), ...place.query } }, pathname.slice(new URL(bare).pathname.replace(/\/+$/, '').length))
    const headers = Object.fromEntries([...new Headers(init.headers)].filter(([name]) => !NOT_SENT.has(name)))
    const body = rewrite ? JSON.stringify(rewrite(JSON.parse(init.body) as Record<string, unknown>)) : init.body
    const began = performance.now()
    const answer = await http.send({
      url, method: 'POST', headers: { ...headers, accept: 'text/event-stream', ...place.headers }, body, timeout, maxBytes: MOST_BYTES,
      ...init.signal ? { signal: init.signal } : {}, ...place.trusts === undefined ? {} : { trusts: place.trusts },
    }).catch((error: unknown) => {
      if (init.signal?.aborted) throw error
      throw late(began, timeout) ? silent(place.label, timeout) : broken(calling, error, false)
    })
    const { status, headers: received } = answer
    const type = received['content-type'] ?? ''
    if (status < 200 || status >= 300 || /^(text\/html|application\/json)\b/.test(type)) {
      const said = await beginning(answer.body, LONGEST_REFUSAL)
      if (status < 200 || status >= 300) throw refused(calling, { status, answer: said, wait: askedToWait(received) })
      calling.log.warn({ provider: place.label, model: calling.model, type, bytes: said.length }, 'a model provider answered with something that is no stream')
      throw new Failure(modelErrors.requestRefused(`${place.label} answered with something that is no stream of an answer. Check its base URL, and whether it can stream.`), false)
    }
    return new Response(ReadableStream.from(lines(answer.body, calling)), { status, headers: { 'content-type': 'text/event-stream' } })
  }
}

// Timers are not exact, and the client has one of its own.
const late = (since: number, timeout: number): boolean => performance.now() - since >= 0.9 * timeout

const beginning = async (body: Readable, most: number): Promise<string> => {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      pieces.push(piece)
      size += piece.length
      if (size >= most) break
    }
  } catch { /* What came before is enough to tell. */ }
  return Buffer.concat(pieces).toString().slice(0, most)
}

const [LF, CR] = [10, 13]
/** Whole lines, so that a line in a thousand pieces is not read a thousand times. Throws a `Failure`, which whoever reads finds among the causes. */
const lines = async function* (body: Readable, calling: Calling): AsyncGenerator<Uint8Array, void, undefined> {
  const { place: { label }, timeout } = calling
  let rest: Buffer[] = []
  let size = 0
  let moved = performance.now()
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      const end = Math.max(piece.lastIndexOf(LF), piece.lastIndexOf(CR)) + 1
      if (end > 0) {
        yield Buffer.concat([...rest, piece.subarray(0, end)])
        rest = []
        size = 0
      }
      rest.push(piece.subarray(end))
      size += piece.length - end
      if (size > LONGEST_LINE) throw unsaid(label, true)
      moved = performance.now()
    }
  } catch (error) {
    throw late(moved, timeout) ? silent(label, timeout) : broken(calling, error, true)
  }
  if (size > 0) yield Buffer.concat(rest)
}
