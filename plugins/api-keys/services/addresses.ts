/** Addresses and ranges from which a key may be used. */
import { BlockList, isIP } from 'node:net'
import { LRUCache } from 'lru-cache'

const familyOf = (address: string): 'ipv4' | 'ipv6' => isIP(address) === 4 ? 'ipv4' : 'ipv6'
const parse = (entry: string): { address: string; bits: number | undefined } | undefined => {
  const [address = '', bits, ...rest] = entry.split('/')
  const longest = { 4: 32, 6: 128 }[isIP(address)]
  if (longest === undefined || rest.length > 0 || address.includes('%')) return undefined
  if (bits === undefined) return { address, bits: undefined }
  return /^\d{1,3}$/.test(bits) && Number(bits) <= longest ? { address, bits: Number(bits) } : undefined
}

/** `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
export const isRange = (entry: string): boolean => parse(entry) !== undefined

/** Lists cost more to make than to ask, and there are few: what they hold follows from their name alone. */
const lists = new LRUCache<string, BlockList>({ max: 1_000 })
const listOf = (ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList => {
  const name = JSON.stringify([family, ...ranges])
  const known = lists.get(name)
  if (known) return known
  const list = new BlockList()
  for (const range of ranges.map(parse)) {
    // For a list, `::/0` would contain every IPv4 address too.
    if (!range || familyOf(range.address) !== family) continue
    if (range.bits === undefined) list.addAddress(range.address, family)
    else list.addSubnet(range.address, range.bits, family)
  }
  lists.set(name, list)
  return list
}

/** A range that cannot be read contains nothing. */
export const isAllowed = (client: string, ranges: readonly string[]): boolean => {
  // How an IPv4 client looks on a listener that takes both.
  const address = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(client)?.[1] ?? client
  if (isIP(address) === 0) return false
  const family = familyOf(address)
  return listOf(ranges, family).check(address, family)
}
