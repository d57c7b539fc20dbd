/** What is asked, and how it changes when an answer points elsewhere. */
import { OutboundRefused } from '../../../core/index.ts'
import type { OutboundRequest } from '../../../core/index.ts'
import { plainHost } from './outbound-addresses.ts'
import type { Place } from './outbound-addresses.ts'

export interface Asked {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
}

/** Throws where it is not the address of a web server, or carries a credential. What it says never has more of the address than the host. */
export const readUrl = (text: string, base?: URL): URL => {
  if (!URL.canParse(text, base?.href)) throw new OutboundRefused('This is not the address of a web server. Write it as https://host/path.')
  const url = new URL(text, base?.href)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new OutboundRefused(`Only http: and https: are called, not ${url.protocol} Write it as https://host/path.`)
  if (url.username !== '' || url.password !== '') {
    throw new OutboundRefused(`The address of ${url.host} has a user or a password in it. Leave it out, and send credentials as a header.`)
  }
  url.hash = ''
  return url
}
export const placeOf = (url: URL): Place => ({ host: plainHost(url.hostname), port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)) })

/** The connection's own; what is sent is not packed, so that an answer is as long as it looks. */
const OURS = /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding)$/

export const ask = ({ url, method = 'GET', headers = {}, json, body }: OutboundRequest): Asked => {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const wrong = named.find(([name, value]) => OURS.test(name) || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
  if (wrong) {
    const why = OURS.test(wrong[0]) ? 'the connection decides it. Leave it out.' : 'it has a line break or another character that no header may have. Correct it.'
    throw new Error(`The header ${JSON.stringify(wrong[0])} cannot be sent: ${why}`)
  }
  return {
    url: readUrl(url), method, body: json === undefined ? body : JSON.stringify(json),
    headers: { accept: '*/*', ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...Object.fromEntries(named), 'accept-encoding': 'identity' },
  }
}

/** What another origin may see: nothing that could be a credential, whatever it is called. */
const HARMLESS = new Set(['accept', 'accept-encoding', 'accept-language', 'content-type', 'user-agent'])

/** The request after an answer with `location`; undefined where that is none to follow. As browsers do it (Fetch, 4.4). */
export const follow = (asked: Asked, status: number, location: string | undefined): Asked | undefined => {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined
  const url = readUrl(location, asked.url)
  const reads = status === 303 || status < 303 && asked.method === 'POST'
  const kept = Object.entries(asked.headers).filter(([name]) => (url.origin === asked.url.origin || HARMLESS.has(name)) && !(reads && name.startsWith('content-')))
  return { url, headers: Object.fromEntries(kept), ...(reads ? { method: 'GET', body: undefined } : { method: asked.method, body: asked.body }) }
}
