/** Which addresses of other machines may be called: the public ones, and those that the operator lists. */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = readonly [Address, number]
/** Where a request goes, as its URL says it: a name, or an address without brackets. */
export interface Place { readonly host: string; readonly port: number }
/** One entry of the operator's list. A name vouches for whatever it is resolved to, but for addresses that only a range may allow. */
export type Allowed = { readonly port: number | undefined } & ({ readonly name: string } | { readonly range: Range })

const range = (text: string): Range => ipaddr.parseCIDR(text)
const within = (address: Address, [network, bits]: Range): boolean => address.kind() === network.kind() && address.match(network, bits)

/** IPv6 that is given out to the public at all (RFC 4291, 2.4); what is embedded elsewhere is none of it. */
const GLOBAL = range('2000::/3')
/** An IPv4 address behind a translator (RFC 6052, 2.1). */
const NAT64 = range('64:ff9b::/96')
/** Every machine has these for itself: its own network card, and what a cloud tells it, credentials among it. A name never leads there. One of Azure's is in a public range. */
const OWN = [
  '0.0.0.0/8', '169.254.0.0/16', '100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32', '224.0.0.0/4', '255.255.255.255/32', '::/128', 'fe80::/10', 'fd00:ec2::254/128', 'ff00::/8',
].map(range)

/** An address as it is meant: IPv4 that is written as IPv6 is IPv4. */
const meant = (text: string): Address => {
  const address = ipaddr.process(text)
  return within(address, NAT64) ? ipaddr.fromByteArray(address.toByteArray().slice(12)) : address
}
const isPublic = (address: Address): boolean => address.range() === 'unicast' && (address.kind() === 'ipv4' || within(address, GLOBAL))

/**
 * Whether an address may be called for a place.
 * @param trusted whether the operator's configuration names the place itself
 */
export const mayCall = (text: string, { host, port }: Place, allow: readonly Allowed[], trusted: boolean): boolean => {
  const address = meant(text)
  const isOwn = OWN.some((one) => within(address, one))
  if (isPublic(address) && !isOwn) return true
  const entries = allow.filter((one) => one.port === undefined || one.port === port)
  return entries.some((one) => 'range' in one && within(address, one.range))
    || (trusted || entries.some((one) => 'name' in one && one.name === host)) && !isOwn
}

/** As URLs have it, so that however a host is written it is one: lower case, punycode, no dot at the end, no brackets. */
export const plainHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

/** Reads `host`, `host:port`, an address with or without a port, or a range such as `10.0.0.0/8`. Undefined where it is none of them. */
export const readAllowed = (entry: string): Allowed | undefined => {
  if (entry.includes('/')) return ipaddr.IPv4.isValidCIDRFourPartDecimal(entry) || ipaddr.IPv6.isValidCIDR(entry) ? { port: undefined, range: range(entry) } : undefined
  const text = isIP(entry) === 6 ? `[${entry}]` : entry
  if (!/^[^\s@?#*\\]+$/.test(text) || !URL.canParse(`http://${text}`)) return undefined
  const url = new URL(`http://${text}`)
  const [host, port] = [plainHost(url.hostname), /:\d+$/.test(text) ? Number(url.port || 80) : undefined]
  if (isIP(host) === 0) return { port, name: host }
  const address = meant(host)
  return { port, range: [address, address.kind() === 'ipv4' ? 32 : 128] }
}
