/** Connections to other machines. Whatever a request says, only addresses that a guard has let through are connected. */
import { lookup as systemLookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction, Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Agent, buildConnector } from 'undici'
import { OutboundRefused } from '../../../core/index.ts'
import { plainHost } from './outbound-addresses.ts'
import type { Place } from './outbound-addresses.ts'

/** All addresses of a name. */
export type Lookup = (host: string) => Promise<readonly LookupAddress[]>
export interface Wire { readonly lookup?: Lookup; readonly dial?: typeof buildConnector }
/** Whether an address may be called for a place. */
export type Guard = (address: string, place: Place, trusted: boolean) => boolean
export interface Exchange {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
  readonly signal: AbortSignal
  /** Whether the operator's configuration names the place. */
  readonly trusted: boolean
}
export interface Incoming { readonly status: number; readonly headers: Record<string, string | string[] | undefined>; readonly body: Readable }
export interface Connections {
  /** Resolves once an address of the place may be called. */
  check(place: Place, trusted: boolean): Promise<void>
  /** One request and its answer; no redirect is followed, and nothing is unpacked. */
  exchange(request: Exchange): Promise<Incoming>
  close(): Promise<void>
}

interface Agents { readonly open: Agent; readonly trusting: Agent }

/** Which address a name has inside is for the log alone: whoever enters names could draw a map of the network otherwise. */
const refuse = (host: string, address: string): never => {
  throw new OutboundRefused(`${host} ${host === address ? 'is not a public address' : 'has an address that is not public'}, so this server does not call it. `
    + `If it should, the operator adds ${host} to adapters.httpClient.guarded.allow.`, { cause: address })
}

/** @param connectMs milliseconds that a connection may take to be made */
export const openConnections = (guard: Guard, connectMs: number, { lookup = (host) => systemLookup(host, { all: true }), dial }: Wire): Connections => {
  /** The addresses to connect to, each of them checked. One that may not be called refuses them all: such a name is up to no good. */
  const resolve = async (place: Place, trusted: boolean): Promise<LookupAddress[]> => {
    const family = isIP(place.host)
    const found = family === 0 ? (await lookup(place.host)).map(({ address, family }) => ({ address, family })) : [{ address: place.host, family }]
    for (const { address } of found) if (!guard(address, place, trusted)) refuse(place.host, address)
    return found
  }

  const connect = async (dial: typeof buildConnector, options: buildConnector.Options, trusted: boolean): Promise<Socket> => {
    const place = { host: plainHost(options.hostname), port: Number(options.port || (options.protocol === 'https:' ? 443 : 80)) }
    const addresses = await resolve(place, trusted)
    // Nobody is asked again: what was checked is what is connected, however fast a name server changes its mind.
    const lookup: LookupFunction = (_name, { all }, done) => { if (all === true) done(null, addresses); else done(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 0) }
    const socket = await new Promise<Socket>((done, fail) => {
      dial({ lookup, timeout: connectMs })(options, (...[error, made]) => { if (error) fail(error); else done(made) })
    })
    const { remoteAddress } = socket
    if (remoteAddress !== undefined && guard(remoteAddress, place, trusted)) return socket
    socket.destroy()
    return refuse(place.host, remoteAddress ?? 'unknown')
  }

  // Connections are kept, so those to a place that one request trusts are not for the others.
  const makeAgents = async (): Promise<Agents> => {
    // Only once somebody is called: it takes time and memory.
    const { Agent, buildConnector } = await import('undici')
    const [open, trusting] = [false, true].map((trusted) => new Agent({
      headersTimeout: 0, bodyTimeout: 0,
      connect: (options, done) => { connect(dial ?? buildConnector, options, trusted).then((socket) => { done(null, socket) }, (error: unknown) => { done(error as Error, null) }) },
    })) as [Agent, Agent]
    return { open, trusting }
  }
  let made: Promise<Agents> | undefined

  return {
    check: async (place, trusted) => { await resolve(place, trusted) },
    exchange: async ({ url, method, headers, body, signal, trusted }) => {
      const agents = await (made ??= makeAgents())
      const answer = await (trusted ? agents.trusting : agents.open).request({
        origin: url.origin, path: url.pathname + url.search, method, headers, body: body ?? null, signal,
      })
      return { status: answer.statusCode, headers: answer.headers, body: answer.body }
    },
    close: async () => {
      const agents = await made
      await Promise.all([agents?.open.destroy(), agents?.trusting.destroy()])
    },
  }
}
