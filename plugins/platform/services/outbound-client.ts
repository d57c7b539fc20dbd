/** The client itself: one request, its redirects, and its time. */
import type { HttpClient, OutboundRequest } from '../../../core/index.ts'
import { OutboundRefused } from '../../../core/index.ts'
import { mayCall } from './outbound-addresses.ts'
import type { Allowed } from './outbound-addresses.ts'
import { bounded } from './outbound-answers.ts'
import { openConnections } from './outbound-connections.ts'
import type { Incoming, Wire } from './outbound-connections.ts'
import { ask, follow, placeOf, readUrl } from './outbound-requests.ts'

export interface OutboundSettings {
  readonly allow: readonly Allowed[]
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly maxRedirects: number
}
export interface GuardedClient extends HttpClient { close(): Promise<void> }

/** @param wire only tests have one of their own */
export const guardedClient = ({ allow, timeoutMs, maxBytes, maxRedirects }: OutboundSettings, wire: Wire = {}): GuardedClient => {
  const connections = openConnections((address, place, trusted) => mayCall(address, place, allow, trusted), timeoutMs, wire)
  const reasonOf = (error: unknown): string => (error as Error).message || String((error as NodeJS.ErrnoException).code)
  const unreachable = (host: string, error: unknown): Error => error instanceof OutboundRefused ? error
    : new Error(`${host} cannot be called: ${reasonOf(error)}. Look whether its address is right and it can be reached from this server.`, { cause: error })

  /** Follows redirects, each of which is looked at like the first. `at` is told every host before it is called. */
  const answerTo = async (request: OutboundRequest, signal: AbortSignal, at: (host: string) => void): Promise<Incoming> => {
    const trusts = request.trusts === undefined ? undefined : readUrl(request.trusts).origin
    let asked = ask(request)
    for (let redirects = 0; ; redirects++) {
      at(asked.url.host)
      const answer = await connections.exchange({ ...asked, signal, trusted: asked.url.origin === trusts })
      const next = follow(asked, answer.status, [answer.headers['location']].flat()[0])
      if (!next) return answer
      answer.body.on('error', () => undefined).destroy()
      if (redirects === maxRedirects) throw new Error(`${asked.url.host} redirects further than ${maxRedirects} times. Give the address that it ends at.`)
      asked = next
    }
  }

  return {
    check: async (text) => {
      const place = placeOf(readUrl(text))
      await connections.check(place, false).catch((error: unknown) => { throw unreachable(place.host, error) })
    },
    send: async (request) => {
      const timeout = request.timeout ?? timeoutMs
      const [late, ended] = [new AbortController(), request.signal ?? new AbortController().signal]
      let host = ''
      const timer = setTimeout(() => { late.abort(new Error(`${host} did not answer within ${timeout} ms. Try again, or allow it more time.`)) }, timeout)
      const signal = AbortSignal.any([late.signal, ended])
      try {
        const answer = await answerTo(request, signal, (now) => { host = now })
        return bounded(answer, host, { timeout, maxBytes: request.maxBytes ?? maxBytes })
      } catch (error) {
        throw signal.aborted ? signal.reason : error instanceof Error && 'code' in error ? unreachable(host, error) : error
      } finally {
        clearTimeout(timer)
      }
    },
    close: connections.close,
  }
}
